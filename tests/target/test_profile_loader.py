from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sendproof.account import RateLimit
from sendproof.errors import UsageError
from sendproof.mock.profiles import profile as mock_profile
from sendproof.target.init import init_text
from sendproof.target.profile import Budget, Profile, Secret, environment_names
from sendproof.target.profile_loader import load_profile

from .support import PROVIDERS, parse, profile_of

Minimal = Callable[..., dict[str, Any]]
ACCOUNT = {"senders": ["+12025550110"], "recipients": ["+12025550120"]}


def test_profile_has_the_documented_defaults(minimal: Minimal) -> None:
    profile = parse(minimal())
    assert profile.budget == Budget(max_requests=400, max_accepted=60, requests_per_second=20.0, retry_after_s=60.0)
    assert (profile.timeout_s, profile.allow_http, profile.default_sender) == (10.0, False, None)


@pytest.mark.parametrize("name", ["textflow", "textingline"])
def test_profile_of_the_mock_lacks_no_fixture(name: Any) -> None:
    assert profile_of(name).missing_fixtures(PROVIDERS[name]) == ()


def test_profile_without_fixtures_lacks_each_cause(minimal: Minimal) -> None:
    missing = parse(minimal()).missing_fixtures(PROVIDERS["textingline"])
    assert {"failing_recipients", "failing_recipients.opted_out", "metered", "inactive_sender"} <= set(missing)


def test_account_says_what_the_profile_says() -> None:
    flow, line = profile_of("textflow").account(), profile_of("textingline").account()
    assert flow.keys["main"] == "active"
    assert flow.keys["inactive"] == "inactive"
    assert flow.rate_limits == {"rate_limited": RateLimit(limit=5, window_s=60.0)}
    assert flow.senders["+13125550149"] == "inactive"
    assert flow.senders["+14155550170"] == "unassigned"
    assert line.balances == {"metered": 14}
    assert sorted(line.texts.values()) == ["noncompliant", "unsupported"]
    assert line.recipients["+12025550123"] == "deliverable"
    assert "opted_out" in line.recipients.values()


def test_numbers_that_are_listed_twice_count_once(minimal: Minimal) -> None:
    account = {"senders": ["+12025550110"] * 2, "recipients": ["+12025550120"] * 2}
    profile = parse(minimal(account=account))
    assert (profile.senders, profile.recipients) == (("+12025550110",), ("+12025550120",))


def test_secret_is_in_no_representation() -> None:
    secret = Secret(value="hunter2hunter2")
    assert "hunter2" not in f"{secret}{secret!r}{[secret]}{profile_of('textflow')!r}"
    assert "mock" not in repr(profile_of("textflow").keys)


def test_environment_names_are_those_of_the_profile_or_conventional(minimal: Minimal) -> None:
    data = minimal(credentials={"api_key": {"env": "MY_KEY"}}, fixtures={"test_key": "sk_test_abcdef"})
    names = environment_names(parse(data, {"MY_KEY": "sk_live_abcdef"}))
    assert names == {"main": ("MY_KEY",), "test": ("TEXTFLOW_TEST_KEY",)}
    line = environment_names(profile_of("textingline"))
    assert line["main"] == ("TEXTINGLINE_KEY_ID", "TEXTINGLINE_KEY_SECRET")
    assert line["metered"][1] == "TEXTINGLINE_METERED_KEY_SECRET"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"bass_url": 1}, "p.toml: bass_url: .*Did you mean base_url"),
    "unknown key, nothing near": ({"zzz": 1}, "zzz: .*unknown key. Remove it"),
    "unknown nested key": ({"budget": {"max_request": 1}}, "budget.max_request: .*mean max_requests"),
    "unknown fixture": ({"fixtures": {"metered": 1}}, "fixtures.metered: expected one of test_key"),
    "unknown provider": ({"provider": "twilio"}, "got 'twilio'. Write one of textflow, textingline"),
    "no provider": ({"provider": ""}, "provider: expected a text, got an empty text"),
    "credentials missing": ({"credentials": {}}, "credentials.api_key: expected a text .* got nothing"),
    "credentials no table": ({"credentials": 1}, "credentials: expected a table, got a number"),
    "credential number": ({"credentials": {"api_key": 123456789}}, "api_key: .* got a number"),
    "credential short": ({"credentials": {"api_key": "abc"}}, "at least 6 characters, got a text of 3"),
    "credential newline": ({"credentials": {"api_key": "abcdefgh\n"}}, "visible ASCII characters alone"),
    "variable unset": (
        {"credentials": {"api_key": {"env": "TEXTFLOW_API_KEY"}}},
        re.escape(
            "p.toml: credentials.api_key: environment variable TEXTFLOW_API_KEY is not set. "
            "Export it, or write the key as a string."
        ),
    ),
    "variable is the key": ({"credentials": {"api_key": {"env": "sk_live_zzz"}}}, r"variable sk_l\.\.\. is"),
    "variable table": ({"credentials": {"api_key": {"evn": "X"}}}, "api_key.evn: .*Did you mean env"),
    "no account": ({"account": []}, "account: expected a table, got an empty list"),
    "no recipients": ({"account": {"senders": ["+12025550110"]}}, "account.recipients: .*at least one"),
    "no senders": ({"account": {**ACCOUNT, "senders": []}}, "account.senders: .* got an empty list"),
    "not e164": ({"account": {**ACCOUNT, "recipients": ["2025550120"]}}, r"recipients\[0\]: .*'\*{8}20'"),
    "other digits": (
        {"account": {**ACCOUNT, "recipients": ["+١٢٠٢٥٥٥"]}},
        r"recipients\[0\]: expected a num",
    ),
    "number as integer": ({"account": {**ACCOUNT, "senders": [1]}}, r"senders\[0\]: .* got a number"),
    "default elsewhere": ({"account": {**ACCOUNT, "default_sender": "+12025550111"}}, "one of account.send"),
    "bool as number": ({"budget": {"max_requests": True}}, "a whole number from 1, got true"),
    "zero": ({"budget": {"max_accepted": 0}}, "budget.max_accepted: .* got 0"),
    "fraction": ({"budget": {"max_accepted": 1.5}}, "got 1.5"),
    "nan": ({"budget": {"requests_per_second": float("nan")}}, "a number above 0.* got nan"),
    "infinite": ({"budget": {"requests_per_second": float("inf")}}, "got inf"),
    "negative": ({"budget": {"retry_after_s": -1}}, "got -1"),
    "huge": ({"timeout_s": 10**400}, "timeout_s: .* a very large number"),
    "flag as text": ({"allow_http": "yes"}, "allow_http: expected true or false, got 'yes'"),
    "plain http": ({"base_url": "http://api.example.com"}, "base_url: expected https"),
    "near loopback": ({"base_url": "http://127.0.0.1.example.com"}, "base_url: expected https"),
    "url with key": ({"base_url": "https://u:hunter2@example.com"}, "without credentials, got some"),
    "url with query": ({"base_url": "https://example.com?a=1"}, "without query or fragment"),
    "url with fragment": ({"base_url": "https://example.com/#"}, "without query or fragment"),
    "no url": ({"base_url": "example.com"}, "an absolute http or https URL, got 'example.com'"),
    "ftp": ({"base_url": "ftp://example.com"}, "an absolute http"),
    "bad port": ({"base_url": "https://example.com:99999"}, "an absolute http"),
    "url with line end": ({"base_url": "https://example.com\n"}, "an absolute http"),
    "secret bad url": ({"base_url": "https://u:p@[x"}, "a URL that cannot be read"),
    "limit as text": (
        {"fixtures": {"rate_limited": "sk_live_x"}},
        "rate_limited: expected a table of api_key",
    ),
    "limit missing": (
        {"fixtures": {"rate_limited": {"api_key": "sk_live_zz"}}},
        "limit_per_minute: .*nothing",
    ),
    "same key": ({"fixtures": {"test_key": "sk_live_abcdef123456"}}, "test_key: expected a key of its own"),
    "sender twice": ({"fixtures": {"inactive_sender": "+12025550110"}}, "a number that is no active sender"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_profile_refuses(minimal: Minimal, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        parse(minimal(**changes))
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert raised.value.exit_code == 4


LINE_BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no balance": ({"metered": {"key_id": "a", "key_secret": "abcdef"}}, "metered.balance: .*got nothing"),
    "key as text": ({"no_credits": "abcdef"}, "no_credits: expected a table of key_id, key_secret"),
    "colon in id": ({"no_credits": {"key_id": "a:b", "key_secret": "abcdef"}}, "no colon"),
    "control": ({"no_credits": {"key_id": "a", "key_secret": "abcdef\x07"}}, "printable characters"),
    "unknown cause": ({"failing_recipients": {"opted": "+12025550130"}}, "Did you mean opted_out"),
    "both": ({"failing_recipients": {"unknown": "+12025550123"}}, "named once"),
    "empty text": ({"noncompliant_body": ""}, "noncompliant_body: expected a text"),
}


@pytest.mark.parametrize(("fixtures", "message"), LINE_BAD.values(), ids=LINE_BAD)
def test_profile_of_two_parts_refuses(fixtures: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        profile_of("textingline", fixtures=fixtures)


def test_empty_variable_is_said_to_be_empty(minimal: Minimal) -> None:
    with pytest.raises(UsageError, match="variable KEY_A is empty"):
        parse(minimal(credentials={"api_key": {"env": "KEY_A"}}), {"KEY_A": ""})


NUMBERS = {"SENDER": "+12025550110", "RECIPIENT": "+12025550120", "UNKNOWN": "+12025550130", "FAILS": "+12025550131"}


def test_numbers_of_the_environment_are_as_those_of_the_file(minimal: Minimal) -> None:
    account = {
        "senders": [{"env": "SENDER"}],
        "default_sender": {"env": "SENDER"},
        "recipients": [{"env": "RECIPIENT"}],
    }
    profile = parse(minimal(account=account, fixtures={"unknown_sender": {"env": "UNKNOWN"}}), NUMBERS)
    written = {"senders": ["+12025550110"], "default_sender": "+12025550110", "recipients": ["+12025550120"]}
    assert profile == parse(minimal(account=written, fixtures={"unknown_sender": "+12025550130"}))


def test_number_of_the_environment_may_stand_beside_one_of_the_file(minimal: Minimal) -> None:
    account = {**ACCOUNT, "recipients": ["+12025550121", {"env": "RECIPIENT"}]}
    assert parse(minimal(account=account), NUMBERS).recipients == ("+12025550121", "+12025550120")


def test_texts_and_failing_recipients_may_stand_in_the_environment() -> None:
    fixtures = {
        "noncompliant_body": {"env": "BODY"},
        "media_url": {"env": "MEDIA"},
        "failing_recipients": {"opted_out": {"env": "FAILS"}},
    }
    environ = {**NUMBERS, "BODY": "a bad text", "MEDIA": "https://example.com/a.jpg"}
    profile = parse({**mock_profile("textingline", "http://127.0.0.1:1"), "fixtures": fixtures}, environ)
    assert {name: given.value for name, given in profile.fixtures.items()} == {
        "noncompliant_body": "a bad text",
        "media_url": "https://example.com/a.jpg",
    }
    assert profile.failing_recipients == {"opted_out": "+12025550131"}


IN_ENVIRONMENT: dict[str, tuple[dict[str, Any], str]] = {
    "sender": (
        {"account": {**ACCOUNT, "senders": [{"env": "SMS_SENDER"}]}},
        "p.toml: account.senders[0]: environment variable SMS_SENDER is not set. "
        "Export it, or write the number as a string.",
    ),
    "second recipient": (
        {"account": {**ACCOUNT, "recipients": ["+12025550120", {"env": "NONE"}]}},
        "account.recipients[1]: environment variable NONE is empty",
    ),
    "default": (
        {"account": {**ACCOUNT, "default_sender": {"env": "SMS_SENDER"}}},
        "account.default_sender: environment variable SMS_SENDER is not set",
    ),
    "fixture": (
        {"fixtures": {"unknown_sender": {"env": "SMS_SENDER"}}},
        "fixtures.unknown_sender: environment variable SMS_SENDER is not set",
    ),
    "misspelt": ({"account": {**ACCOUNT, "senders": [{"evn": "A"}]}}, "account.senders[0].evn: expected one of env"),
    "nothing named": (
        {"account": {**ACCOUNT, "senders": [{}]}},
        "account.senders[0].env: expected a text, got nothing",
    ),
    "no number": (
        {"account": {**ACCOUNT, "recipients": [{"env": "WORD"}]}},
        "account.recipients[0]: expected a number in E.164, got a text of 7 characters",
    ),
}


@pytest.mark.parametrize(("changes", "message"), IN_ENVIRONMENT.values(), ids=IN_ENVIRONMENT)
def test_number_that_the_environment_lacks_is_refused(minimal: Minimal, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        parse(minimal(**changes), {"NONE": "", "WORD": "hunter2"})


def test_text_that_the_environment_lacks_is_refused() -> None:
    data = {**mock_profile("textingline", "http://127.0.0.1:1"), "fixtures": {"noncompliant_body": {"env": "BODY"}}}
    with pytest.raises(UsageError, match=r"fixtures\.noncompliant_body: .* BODY is not set\..* the text as a string"):
        parse(data)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000"])
def test_plain_http_may_reach_loopback(minimal: Minimal, host: str) -> None:
    assert parse(minimal(base_url=f"http://{host}/")).base_url == f"http://{host}"


def test_plain_http_may_be_allowed(minimal: Minimal) -> None:
    assert parse(minimal(base_url="http://api.example.com", allow_http=True)).allow_http


FILES: dict[str, tuple[bytes, str]] = {
    "not toml": (b'provider = "x"\nbase_url = \n', r"expected TOML, got an error: .*line 2"),
    "not utf-8": (b"\xff", "expected TOML in UTF-8, got byte 0"),
    "utf-16": ('provider = "textflow"'.encode("utf-16"), "expected TOML in UTF-8, got UTF-16. Save it as UTF-8"),
    "number as key twice": (b"[12025550123]\n[12025550123]\n", r"expected TOML, got an error: .*\*{9}23.* \(at line 2"),
    "long integer": (b"a = " + b"9" * 5000, "expected TOML"),
    "deep": (b"a = " + b"[" * 5000, "expected TOML"),
}


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_file_that_is_no_profile_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as raised:
        load_profile(path, PROVIDERS, {})
    assert "\n" not in str(raised.value)


def test_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such file\. Make one with `sendproof init`"):
        load_profile(tmp_path / "none.toml", PROVIDERS, {})


def test_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a readable file"):
        load_profile(tmp_path, PROVIDERS, {})


@pytest.mark.parametrize("name", sorted(PROVIDERS))
@pytest.mark.parametrize("uncommented", [False, True], ids=["as printed", "all fixtures"])
def test_printed_profile_can_be_read(tmp_path: Path, name: str, uncommented: bool) -> None:
    text = init_text(PROVIDERS[name])
    if uncommented:
        text = re.sub(r"^#(?=[\w\[])", "", text, flags=re.MULTILINE)
    environ = {match: f"value of {match}".replace(" ", "-") for match in re.findall(r'env = "(\w+)"', text)}
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    profile = load_profile(path, PROVIDERS, environ)
    assert profile.name == "mine"
    assert bool(profile.missing_fixtures(PROVIDERS[name])) is not uncommented
    names = environment_names(profile)
    assert {variable for parts in names.values() for variable in parts} <= set(environ)


def test_profile_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    text = init_text(PROVIDERS["textflow"]).replace('{ env = "TEXTFLOW_API_KEY" }', '"sk_live_abcdef123456"')
    path.write_text(text, "utf-8-sig")
    assert load_profile(path, PROVIDERS, {}).provider == "textflow"


NUMBER = "12025551234"
ARABIC = "".join(chr(0x660 + int(digit)) for digit in NUMBER)
ASTRAY: dict[str, dict[str, Any]] = {
    "integer in a list": {"account": {**ACCOUNT, "recipients": [int(NUMBER)]}},
    "float in a list": {"account": {**ACCOUNT, "recipients": [float(NUMBER)]}},
    "text for a list": {"account": {**ACCOUNT, "recipients": f"+{NUMBER}"}},
    "integer for a list": {"account": {**ACCOUNT, "senders": int(NUMBER)}},
    "list in a list": {"account": {**ACCOUNT, "recipients": [[f"+{NUMBER}"]]}},
    "table in a list": {"account": {**ACCOUNT, "recipients": [{"number": NUMBER}]}},
    "no plus": {"account": {**ACCOUNT, "recipients": [NUMBER]}},
    "spaced": {"account": {**ACCOUNT, "recipients": ["+1 (202) 555-1234"]}},
    "digits of another script": {"account": {**ACCOUNT, "recipients": [f"+{ARABIC}"]}},
    "text of another script for a list": {"account": {**ACCOUNT, "recipients": f"+{ARABIC}"}},
    "full width": {"account": {**ACCOUNT, "recipients": ["\uff0b" + "".join(chr(0xFF10 + int(c)) for c in NUMBER)]}},
    "with letters": {"account": {**ACCOUNT, "recipients": [f"tel {NUMBER}"]}},
    "key of the account": {"account": {**ACCOUNT, NUMBER: 1}},
    "key at the top": {NUMBER: 1},
    "key of another script": {"account": {**ACCOUNT, ARABIC: 1}},
    "key with a line end": {f"{NUMBER}\n": 1},
    "default sender": {"account": {**ACCOUNT, "default_sender": int(NUMBER)}},
    "account itself": {"account": f"+{NUMBER}"},
    "provider": {"provider": f"+{NUMBER}"},
    "base_url": {"base_url": f"+{NUMBER}"},
    "base_url with a query": {"base_url": f"https://example.com?to={NUMBER}"},
    "quantity": {"budget": {"max_requests": int(NUMBER)}},
    "quantity as text": {"budget": {"max_requests": f"+{NUMBER}"}},
    "credential as integer": {"credentials": {"api_key": int(NUMBER)}},
    "credentials as text": {"credentials": NUMBER},
    "fixture as integer": {"fixtures": {"unknown_sender": int(NUMBER)}},
    "fixture in a list": {"fixtures": {"unknown_sender": [f"+{NUMBER}"]}},
    "fixtures as text": {"fixtures": f"+{NUMBER}"},
    "limit as text": {"fixtures": {"rate_limited": {"api_key": "sk_live_zz", "limit_per_minute": NUMBER}}},
}


@pytest.mark.parametrize("changes", ASTRAY.values(), ids=ASTRAY)
def test_number_that_went_astray_is_in_no_message(minimal: Minimal, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as raised:
        parse(minimal(**changes))
    # Digits of our own words.
    told = re.sub(r"\+15551234567|E\.164|\[0\]|number from 1|text of \d\d?", "", str(raised.value))
    digits = [unicodedata.digit(character) for character in told if unicodedata.digit(character, None) is not None]
    assert digits in ([], [3, 4])


@pytest.mark.parametrize(
    "changes",
    [
        {"account": {**ACCOUNT, "recipients": ["meet me at noon"]}},
        {"account": {**ACCOUNT, "recipients": "meet me at noon"}},
        {"credentials": "meet me at noon"},
        {"credentials": {"api_key": ["meet me at noon"]}},
        {"fixtures": {"unknown_sender": "meet me at noon"}},
        {"fixtures": {"rate_limited": {"api_key": "sk_live_zz", "limit_per_minute": "meet me at noon"}}},
        {"provider": "meet me at noon"},
        {"base_url": "meet me at noon"},
    ],
)
def test_text_that_went_astray_is_in_no_message(minimal: Minimal, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as raised:
        parse(minimal(**changes))
    assert "noon" not in str(raised.value)


def _metered(balance: Any, **more: Any) -> Profile:
    fixtures = {"metered": {**METERED_PAIR, "balance": balance, **more}}
    return profile_of("textingline", fixtures=fixtures)


METERED_PAIR = {"key_id": "metered-id", "key_secret": "metered-secret"}
BALANCES: dict[str, tuple[Any, int, Any]] = {
    "untold": (7, 7, ...),
    "one pool": ({"credits": 7}, 7, None),
    "two pools": ({"sms": 7, "mms": 3}, 7, 3),
}


@pytest.mark.parametrize("name", BALANCES)
def test_balance_may_tell_how_mms_are_paid(name: str) -> None:
    written, credits_, apart = BALANCES[name]
    found = _metered(written)
    assert found.balances == {"metered": credits_}
    assert found.mms_balances == ({} if apart is ... else {"metered": apart})


@pytest.mark.parametrize(
    "written", [{}, {"sms": 7}, {"credits": 7, "mms": 3}, {"credits": -1}, {"sms": "7", "mms": 1}], ids=str
)
def test_balance_of_another_form_is_refused(written: Any) -> None:
    with pytest.raises(UsageError, match=r"fixtures\.metered\.balance\."):
        _metered(written)


def test_key_may_be_shared_with_others() -> None:
    assert _metered(7).exclusive == {}
    assert _metered(7, exclusive=False).exclusive == {"metered": False}
    with pytest.raises(UsageError, match=r"metered\.exclusive: expected true or false"):
        _metered(7, exclusive="no")
