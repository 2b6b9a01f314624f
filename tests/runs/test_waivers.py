"""The waivers file: what an entry holds, and what is refused, with its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sendproof.errors import UsageError
from sendproof.runs.waivers import Waiver, is_link, load_waivers, read_waivers

TODAY = date(2026, 11, 22)
WHOLE = {
    "clause": '"tf.auth.missing-key"',
    "provider": '"textflow"',
    "target": '"staging"',
    "signature": '"accepted with 200"',
    "reason": '"Known."',
    "issue": '"https://tracker.example.com/API-17"',
    "owner": '"messaging"',
    "added": "2026-11-22",
    "expires": "2027-03-31",
}
NEEDED = ("clause", "reason", "expires")


def entry(**changes: str | None) -> str:
    """A whole entry with some values changed, or left out."""
    pairs = {**WHOLE, **changes}
    return "[[waiver]]\n" + "".join(f"{name} = {value}\n" for name, value in pairs.items() if value is not None)


def read(folder: Path, text: str, today: date = TODAY) -> tuple[Waiver, ...]:
    file = folder / "waivers.toml"
    file.write_text(text, "utf-8")
    return read_waivers(file, today)


def test_whole_entry_is_read(tmp_path: Path) -> None:
    (waiver,) = read(tmp_path, entry())
    assert (waiver.clause, waiver.provider, waiver.target) == ("tf.auth.missing-key", "textflow", "staging")
    assert (waiver.signature, waiver.reason, waiver.owner) == ("accepted with 200", "Known.", "messaging")
    assert (waiver.added, waiver.expires) == (TODAY, date(2027, 3, 31))
    assert waiver.issue == "https://tracker.example.com/API-17"


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_file_that_begins_with_a_byte_order_mark_is_read(end: str, tmp_path: Path) -> None:
    file = tmp_path / "waivers.toml"
    file.write_bytes(b"\xef\xbb\xbf" + entry().replace("\n", end).encode())
    (waiver,) = read_waivers(file, TODAY)
    assert (waiver.clause, waiver.where) == ("tf.auth.missing-key", f"{file}: waiver 1")


def test_file_in_utf_16_is_said_to_be(tmp_path: Path) -> None:
    file = tmp_path / "waivers.toml"
    file.write_text(entry(), "utf-16")
    with pytest.raises(UsageError, match="got UTF-16"):
        read_waivers(file, TODAY)


def test_number_in_a_waiver_is_in_no_message(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"reason: expected a text, got \*{9}34"):
        read(tmp_path, entry(reason="12025551234"))


def test_shortest_entry_is_read(tmp_path: Path) -> None:
    (waiver,) = read(tmp_path, entry(**{name: None for name in WHOLE if name not in NEEDED}))
    assert waiver.concerns("textflow", "any")


def test_no_file_and_an_empty_one_hold_no_waiver(tmp_path: Path) -> None:
    assert read_waivers(None, TODAY) == ()
    assert read(tmp_path, "# none\n") == ()


@pytest.mark.parametrize("name", NEEDED)
def test_needed_key_that_is_absent_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"waivers\.toml: waiver 1: {name}: expected a value, got none\. Add it"):
        read(tmp_path, entry(**{name: None}))


# A key and a value that is wrong, what is said.
WRONG = {
    "clause of no text": ("clause", "1", "expected a text, got 1"),
    "blank reason": ("reason", '" "', "expected a text, got ' '"),
    "blank owner": ("owner", '""', "expected a text, got ''"),
    "wildcard": ("clause", '"tf.auth.*"', r"expected one name, got 'tf\.auth\.\*'.*an entry for each"),
    "wildcard of one sign": ("clause", '"tf.auth.missing-ke?"', "expected one name"),
    "wildcard target": ("target", '"*"', "expected one name"),
    "wildcard provider": ("provider", '"text[a-z]"', "expected one name"),
    "day as text": ("expires", '"2027-03-31"', "expected a day such as 2027-03-31, got '2027-03-31'.*without quotes"),
    "day with a time": ("expires", "2027-03-31T00:00:00Z", "expected a day such as"),
    "added as a time": ("added", "10:00:00", "expected a day such as"),
    "issue without a host": ("issue", '"https://"', "expected a link with http or https"),
    "issue number": ("issue", '"API-17"', "expected a link with http or https, got 'API-17'"),
    "issue of a script": ("issue", '"javascript:alert(1)"', "expected a link"),
    "signature of no text": ("signature", "[]", "expected a text"),
    "unknown key": ("until", '"x"', "expected one of clause, .*got another key. Remove it"),
    "misspelt key": ("expiers", "2027-03-31", "expected one of clause, .*Did you mean expires"),
    "expires before added": ("expires", "2026-11-21", "expected a day not before 2026-11-22, got 2026-11-21"),
    "too long": ("expires", "2027-05-22", "expected a day up to 2027-05-21, 180 days from added, got 2027-05-22"),
    "added in the future": ("added", "2026-11-23", r"expected a day up to today, 2026-11-22 \(UTC\), got 2026-11-23"),
}


@pytest.mark.parametrize(("name", "value", "told"), WRONG.values(), ids=WRONG)
def test_wrong_value_is_refused_with_its_entry(name: str, value: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"waivers\.toml: waiver 2: {name}: {told}"):
        read(tmp_path, entry(clause='"tf.auth.empty-key"') + entry(**{name: value}))


@pytest.mark.parametrize("day", ["2027-13-01", "2027-02-30", "2027-3-1", "2027-00-10"])
def test_day_that_the_calendar_does_not_have_is_said_to_be_none(day: str, tmp_path: Path) -> None:
    told = rf"waivers\.toml: expires: expected a day such as 2027-03-31, got {day}\. Write a day of the calendar"
    with pytest.raises(UsageError, match=told):
        read(tmp_path, entry(expires=day))


def test_longest_waiver_counts_on_its_180th_day(tmp_path: Path) -> None:
    (waiver,) = read(tmp_path, entry(expires="2027-05-21"), date(2027, 5, 21))
    assert waiver.expires == date(2027, 5, 21)


def test_waiver_without_added_is_held_to_180_days_from_today(tmp_path: Path) -> None:
    assert read(tmp_path, entry(added=None, expires="2027-05-21"))
    with pytest.raises(UsageError, match=r"waivers\.toml: waiver 1: expires: .* 180 days from today, got 2027-05-22"):
        read(tmp_path, entry(added=None, expires="2027-05-22"))


def test_waiver_at_the_end_of_the_calendar_is_no_error(tmp_path: Path) -> None:
    assert read(tmp_path, entry(added="9999-12-30", expires="9999-12-31"), date.max)


def test_expired_waiver_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, entry(), date(2030, 1, 1))


def test_second_entry_for_a_clause_and_target_is_refused(tmp_path: Path) -> None:
    told = r"waivers\.toml: waiver 2: clause: expected one entry .*got a second beside waiver 1\. Keep one"
    with pytest.raises(UsageError, match=told):
        read(tmp_path, entry() + entry(reason='"Another."'))


@pytest.mark.parametrize("other", [{"target": '"live"'}, {"provider": None}, {"clause": '"tf.auth.empty-key"'}])
def test_entry_for_another_clause_or_target_is_no_second(other: dict[str, str | None], tmp_path: Path) -> None:
    assert len(read(tmp_path, entry() + entry(**other))) == 2


@pytest.mark.parametrize(
    "text",
    [
        "waiver = 1\n",
        "[waiver]\nclause = 'x'\n",
        "[other]\n",
        "[[waivers]]\n",
        "waiver = [1]\n",
        "not toml",
        "a = " + "[" * 100_000,
        "a = '\x1b'",
    ],
    ids=["number", "table", "other table", "other name", "no table", "no TOML", "deep", "control"],
)
def test_file_of_something_else_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"waivers\.toml: expected .*\[\[waiver\]\] entries, got") as caught:
        read(tmp_path, text)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"got no such file\. Make one with `sendproof waive`"):
        load_waivers(tmp_path / "missing.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="expected a TOML file"):
        load_waivers(tmp_path / "bytes.toml")


@pytest.mark.parametrize("text", ["http://a", "https://tracker.example.com/a?b=c#d"])
def test_link_is_a_link(text: str) -> None:
    assert is_link(text)


@pytest.mark.parametrize(
    "text", ["", "a", "ftp://a", "https:///a", "https://a b", "https://a\u202e", "https://[", "//a", "https://a\n"]
)
def test_link_is_none_without_a_host_or_with_hidden_signs(text: str) -> None:
    assert not is_link(text)


def test_entry_of_the_documentation_is_a_whole_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "waivers.md").read_text("utf-8")
    (waiver,) = read(tmp_path, page.partition("```toml\n")[2].partition("```")[0])
    assert all(getattr(waiver, name) for name in WHOLE)
