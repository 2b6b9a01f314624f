"""The JSON Schemas that are published: as their types say, and of one mind with what reads the files."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sendproof_docs.schemas import PUBLISHED, text_of

from sendproof.cli import main
from sendproof.contract.model import load_provider, provider_names
from sendproof.errors import UsageError
from sendproof.folders import schemas_dir
from sendproof.mock.profiles import profile as mock_profile
from sendproof.reports import results
from sendproof.reports.comparison import comparison_reports
from sendproof.runs.waivers import read_waivers, waivers_schema
from sendproof.target.init import init_text
from sendproof.target.profile_loader import parse_profile
from sendproof.target.profile_schema import SCHEMA_FILE, profile_schema

PROVIDERS = {name: load_provider(name) for name in provider_names(schemas_dir())}
ALL = (*PUBLISHED, results.SCHEMA_FILE, comparison_reports.SCHEMA_FILE)


def problems(schema: dict[str, Any], data: Any) -> list[str]:
    """Return what is wrong, with days as editors give them to a schema: as texts."""
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    return [error.message for error in validator.iter_errors(json.loads(json.dumps(data, default=_as_text)))]


def _as_text(value: date | datetime) -> str:
    return value.isoformat()


def reads(data: dict[str, Any]) -> bool:
    environ = dict.fromkeys(re.findall(r"'env': '(\w+)'", str(data)), "+12025550177")
    try:
        parse_profile(data, where="p.toml", name="p", providers=PROVIDERS, environ=environ)
    except UsageError:
        return False
    return True


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.name)
def test_published_schema_is_that_of_the_types(file: Path) -> None:
    assert file.read_text("utf-8") == text_of(PUBLISHED[file]), (
        "write it: PYTHONPATH=docs python -m sendproof_docs.schemas"
    )


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_published_schema_is_one(file: Path) -> None:
    schema = json.loads(file.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("whole", [False, True], ids=["as printed", "all settings"])
@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_printed_profile_is_valid(name: str, whole: bool) -> None:
    text = init_text(PROVIDERS[name])
    data = tomllib.loads(re.sub(r"^#(?=[\w\[])", "", text, flags=re.MULTILINE) if whole else text)
    assert problems(profile_schema(PROVIDERS[name]), data) == []
    assert problems(profile_schema(*PROVIDERS.values()), data) == []


def test_printed_profile_names_the_schema_that_init_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert init_text(PROVIDERS["textflow"]).startswith("#:schema textflow.schema.json\n")
    assert main(["init", "textflow", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == profile_schema(PROVIDERS["textflow"])


@pytest.mark.parametrize("name", ["textflow", "textingline"])
def test_profile_of_a_mock_is_valid(name: Any) -> None:
    assert problems(profile_schema(PROVIDERS[name]), mock_profile(name, "http://127.0.0.1:1")) == []


VARIABLE = {"env": "SOME"}
# The provider, where a value is put, the value (absent: taken away), whether it may stand there.
PROFILES: dict[str, tuple[str, str, Any, bool]] = {
    "as it is": ("textflow", "timeout_s", 10, True),
    "unknown key": ("textflow", "bass_url", "x", False),
    "no provider": ("textflow", "provider", ..., False),
    "unknown provider": ("textflow", "provider", "x", False),
    "no url": ("textflow", "base_url", ..., False),
    "url of ftp": ("textflow", "base_url", "ftp://example.com", False),
    "time as text": ("textflow", "timeout_s", "10", False),
    "time too long": ("textflow", "timeout_s", 3601, False),
    "no time": ("textflow", "timeout_s", 0, False),
    "flag as text": ("textflow", "allow_http", "yes", False),
    "no credentials": ("textflow", "credentials", ..., False),
    "no key": ("textflow", "credentials.api_key", ..., False),
    "empty key": ("textflow", "credentials.api_key", "", False),
    "key as number": ("textflow", "credentials.api_key", 1, False),
    "key of a variable": ("textflow", "credentials.api_key", VARIABLE, True),
    "misspelt variable": ("textflow", "credentials.api_key", {"evn": "SOME"}, False),
    "key of another provider": ("textflow", "credentials.key_id", "abcdef", False),
    "no recipients": ("textflow", "account.recipients", ..., False),
    "empty recipients": ("textflow", "account.recipients", [], False),
    "recipients as text": ("textflow", "account.recipients", "+12025550120", False),
    "recipient of a variable": ("textflow", "account.recipients", [VARIABLE], True),
    "recipient without a plus": ("textflow", "account.recipients", ["12025550120"], False),
    "recipient as number": ("textflow", "account.recipients", [12025550120], False),
    "sender too long": ("textflow", "account.senders", ["+1202555012012345"], False),
    "default of another provider": ("textingline", "account.default_sender", "+12025550110", False),
    "budget": ("textflow", "budget", {"max_requests": 1, "max_credits": 0, "retry_after_s": 1}, True),
    "budget of nothing": ("textflow", "budget", {"max_requests": 0}, False),
    "budget of a half": ("textflow", "budget", {"max_accepted": 1.5}, False),
    "budget misspelt": ("textflow", "budget", {"max_request": 1}, False),
    "budget over a week": ("textflow", "budget", {"max_duration_s": 700_000}, False),
    "pace too high": ("textflow", "budget", {"requests_per_second": 10_001}, False),
    "proxy as number": ("textflow", "network", {"proxy": 1}, False),
    "network misspelt": ("textflow", "network", {"ca": "x"}, False),
    "header as number": ("textflow", "network", {"headers": {"X-A": 1}}, False),
    "fixture of another provider": ("textflow", "fixtures.metered", 1, False),
    "test key in a table": ("textflow", "fixtures.test_key", {"api_key": "sk_test_abc"}, True),
    "test key of two": ("textflow", "fixtures.test_key", {"api_key": "sk_test_abc", "env": "SOME"}, False),
    "test key of none": ("textflow", "fixtures.test_key", {}, False),
    "number of a variable": ("textflow", "fixtures.unknown_sender", VARIABLE, True),
    "number that is none": ("textflow", "fixtures.unknown_sender", "abc", False),
    "limit without a number": ("textflow", "fixtures.rate_limited.limit_per_minute", ..., False),
    "limit of none": ("textflow", "fixtures.rate_limited.limit_per_minute", 0, False),
    "window over a year": ("textflow", "fixtures.rate_limited.window_s", 1e9, False),
    "limit that is shared": ("textflow", "fixtures.rate_limited.exclusive", False, True),
    "shared as text": ("textflow", "fixtures.rate_limited.exclusive", "no", False),
    "no balance": ("textingline", "fixtures.metered.balance", ..., False),
    "balance": ("textingline", "fixtures.metered.balance", 7, True),
    "balance of two": ("textingline", "fixtures.metered.balance", {"sms": 7, "mms": 3}, True),
    "balance of half": ("textingline", "fixtures.metered.balance", {"sms": 7}, False),
    "balance of both kinds": ("textingline", "fixtures.metered.balance", {"credits": 7, "mms": 3}, False),
    "negative balance": ("textingline", "fixtures.metered.balance", -1, False),
    "text of a variable": ("textingline", "fixtures.noncompliant_body", VARIABLE, True),
    "empty text": ("textingline", "fixtures.noncompliant_body", "", False),
    "media of ftp": ("textingline", "fixtures.media_url", "ftp://example.com/a", False),
    "unknown cause": ("textingline", "fixtures.failing_recipients.opted", "+12025550130", False),
    "cause of a variable": ("textingline", "fixtures.failing_recipients.opted_out", VARIABLE, True),
    "half a pair": ("textingline", "fixtures.no_credits", {"key_id": "abcdef"}, False),
    "pair as text": ("textingline", "fixtures.no_credits", "abcdef", False),
}


@pytest.mark.parametrize(("name", "place", "value", "sound"), PROFILES.values(), ids=PROFILES)
def test_schema_and_loader_agree_of_a_profile(name: Any, place: str, value: Any, sound: bool) -> None:
    data: dict[str, Any] = copy.deepcopy(dict(mock_profile(name, "http://127.0.0.1:1")))
    *folders, last = place.split(".")
    table = data
    for folder in folders:
        table = table[folder]
    if value is ...:
        del table[last]
    else:
        table[last] = value
    published = json.loads(SCHEMA_FILE.read_text("utf-8"))
    found = {not problems(profile_schema(PROVIDERS[name]), data), not problems(published, data), reads(data)}
    assert found == {sound}


LEAST = 'clause = "tf.auth.missing-key"\nreason = "x"\nexpires = 2027-01-01\n'
WAIVERS = {
    "least": (f"[[waiver]]\n{LEAST}", True),
    "none": ("", True),
    "unknown key": (f"[[waiver]]\n{LEAST}until = 1\n", False),
    "no reason": (f"[[waiver]]\n{LEAST}".replace("reason", "owner"), False),
    "blank reason": (f"[[waiver]]\n{LEAST}".replace('"x"', '" "'), False),
    "wildcard": (f"[[waiver]]\n{LEAST}".replace("missing-key", "*"), False),
    "blank target": (f'[[waiver]]\n{LEAST}target = " "\n', False),
    "day as number": (f"[[waiver]]\n{LEAST}".replace("2027-01-01", "2027"), False),
    "day with a time": (f"[[waiver]]\n{LEAST}".replace("2027-01-01", "2027-01-01T00:00:00Z"), False),
    "no list": (f"[waiver]\n{LEAST}", False),
    "another table": ("[[waivers]]\n", False),
}


@pytest.mark.parametrize(("text", "sound"), WAIVERS.values(), ids=WAIVERS)
def test_schema_and_reader_agree_of_waivers(text: str, sound: bool, tmp_path: Path) -> None:
    file = tmp_path / "waivers.toml"
    file.write_text(text, "utf-8")
    try:
        read = bool(read_waivers(file, date(2026, 11, 22))) or not text
    except UsageError:
        read = False
    assert {read, not problems(waivers_schema(), tomllib.loads(text))} == {sound}
