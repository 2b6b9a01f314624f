"""Packs: found, begun, checked; each mistake in one is named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendproof.cli import main
from sendproof.contract.model import load_contract, provider_names
from sendproof.contract.packs import add_pack, forget_packs
from sendproof.errors import UsageError
from sendproof.folders import schemas_dir

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_packs_are_left() -> Iterator[None]:
    yield
    forget_packs()


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Return a pack in a folder of its own: a shipped one under another name."""
    folder = tmp_path / "mine"
    shutil.copytree(schemas_dir() / "twilio", folder)
    edit(folder, "provider.toml", 'name = "twilio"', 'name = "mine"')
    return folder


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")


def test_new_pack_can_be_read_as_it_is(tmp_path: Path, capsys: Captured) -> None:
    assert main(["pack", "new", "acme", "--directory", str(tmp_path)]) == 0
    assert main(["pack", "check", str(tmp_path / "acme")]) == 0
    assert "acme: 28 clauses, no examples, no mistake found" in capsys.readouterr().out
    assert main(["clauses", "acme", "--pack", str(tmp_path / "acme"), "--format", "json"]) == 0
    assert '"acme.auth.missing"' in capsys.readouterr().out


@pytest.mark.parametrize("name", ["Acme", "twilio", "../a", ""])
def test_name_that_no_pack_can_have_is_refused(name: str, tmp_path: Path, capsys: Captured) -> None:
    assert main(["pack", "new", name, "--directory", str(tmp_path)]) == 4
    assert "pack new: expected a name" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_there_is_left_alone(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "acme").mkdir()
    assert main(["pack", "new", "acme", "--directory", str(tmp_path)]) == 4
    assert "expected no such folder, got one" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["init", "mine"], ["clauses", "mine"], ["explain", "tw.auth.missing"]])
def test_command_knows_a_pack_that_is_named(command: list[str], pack: Path, capsys: Captured) -> None:
    assert main([*command, "--pack", str(pack)]) == 0
    assert "account_sid" in capsys.readouterr().out or command[0] != "init"
    assert main([command[0], "mine"]) == 4


def test_list_says_where_each_is_and_which_was_only_read(pack: Path, capsys: Captured) -> None:
    assert main(["pack", "list", "--pack", str(pack)]) == 0
    said = capsys.readouterr().out
    assert f"mine  Twilio, 82 clauses; read from public documents, not yet run against the vendor\n  {pack}" in said
    assert "textflow  TextFlow, 110 clauses\n" in said


@pytest.mark.parametrize("form", ["table", "json", "markdown"])
def test_catalogue_says_which_pack_was_only_read(form: str, capsys: Captured) -> None:
    words = (
        '"run_against_vendor": false' if form == "json" else "ead from public documents, not yet run against the vendor"
    )
    assert main(["clauses", "twilio", "--format", form]) == 0
    assert words in " ".join(capsys.readouterr().out.split())
    assert main(["clauses", "textflow", "--format", form]) == 0
    assert words not in " ".join(capsys.readouterr().out.split())
    assert main(["init", "vonage"]) == 0
    assert "# The pack was read from public documents" in capsys.readouterr().out


def test_broken_pack_is_named_and_breaks_no_other(pack: Path, capsys: Captured) -> None:
    edit(pack, "provider.toml", 'method = "POST"', 'methd = "POST"')
    assert main(["pack", "list", "--pack", str(pack)]) == 4
    said = capsys.readouterr().out
    assert "broken: mine/provider.toml: operation.methd: expected one of" in said
    assert "Did you mean 'method'?" in said
    assert "textflow  TextFlow, 110 clauses\n" in said
    assert main(["init", "textflow", "--pack", str(pack)]) == 0


def test_two_packs_of_one_name_are_refused(pack: Path, tmp_path: Path) -> None:
    shutil.copytree(pack, tmp_path / "other")
    add_pack(pack)
    add_pack(pack)
    with pytest.raises(UsageError, match="expected one that no other pack has, got 'mine'"):
        add_pack(tmp_path / "other")


def test_folder_without_a_pack_is_refused(tmp_path: Path, capsys: Captured) -> None:
    assert main(["clauses", "--pack", str(tmp_path)]) == 4
    assert "expected a pack, a folder with a provider.toml, got none" in capsys.readouterr().err


def test_profile_may_name_the_folder_of_its_pack(pack: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["init", "mine", "--pack", str(pack)]) == 0
    text = capsys.readouterr().out.replace('provider = "mine"', 'pack = "mine"')
    text = text.replace('{ env = "MINE_ACCOUNT_SID" }', '"AC00000000"').replace(
        '{ env = "MINE_AUTH_TOKEN" }', '"abcdefghij"'
    )
    (tmp_path / "my.toml").write_text(text, "utf-8")
    assert main(["plan", "--target", str(tmp_path / "my.toml")]) == 0
    (tmp_path / "my.toml").write_text(text.replace('pack = "mine"', 'pack = "mine"\nprovider = "twilio"'), "utf-8")
    assert main(["plan", "--target", str(tmp_path / "my.toml")]) == 4
    assert "my.toml: provider: expected 'mine', as the pack is called, got" in capsys.readouterr().err


def test_examples_are_judged_as_they_say(pack: Path, capsys: Captured) -> None:
    assert main(["pack", "check", str(pack)]) == 0
    assert f"{len(list((pack / 'examples').iterdir()))} examples judged as they say" in capsys.readouterr().out


EXAMPLES: dict[str, tuple[str, str, str, str]] = {
    "stricter pack": (
        "accepted.schema.json",
        '"num_segments": {\n      "type": [\n        "string"',
        '"num_segments": {\n      "type": [\n        "integer"',
        "The pack is too strict",
    ),
    "wrong pointer": ("provider.toml", 'recipient = "/to"', 'recipient = "/uri"', "The pack is too strict"),
    "looser pack": ("accepted.schema.json", "[0-9a-fA-F]{32}", "[0-9a-fA-F]+", "The pack is too lenient"),
    "outcome": ("provider.toml", "statuses = [429]", "statuses = [430]", "expected the outcome throttled, got refused"),
    "text of a trial": ("clauses.toml", "Sent from your", "Sent by your", "The pack is too strict"),
    "example itself": (
        "examples/accepted.toml",
        '"to": "+1',
        '"to": "+2',
        "The pack is too strict, or the example wrong",
    ),
    "clause": ("examples/wrong-sid.toml", "tw.responses.sid", "tw.responses.sit", "expected clauses of the pack"),
    "key": ("examples/accepted.toml", "outcome =", "outcom =", "expect.outcom: expected one of outcome, broken"),
    "no TOML": ("examples/accepted.toml", "[request]", "[request", "examples/accepted.toml"),
}


@pytest.mark.parametrize(("name", "old", "new", "said"), EXAMPLES.values(), ids=EXAMPLES)
def test_pack_that_judges_an_example_otherwise_is_found(
    name: str, old: str, new: str, said: str, pack: Path, capsys: Captured
) -> None:
    edit(pack, name, old, new)
    assert main(["pack", "check", str(pack)]) in (1, 4)
    assert said in capsys.readouterr().err


MISTAKES: dict[str, tuple[str, str, str, str]] = {
    "unknown key": ("provider.toml", 'title = "', 'titel = "', "provider.toml: titel: expected one of"),
    "wrong type": (
        "provider.toml",
        "max_length = 1600",
        'max_length = "1600"',
        "text.max_length: expected a whole number, got '1600'",
    ),
    "flag of another type": (
        "provider.toml",
        "= false",
        '= "no"',
        "run_against_vendor: expected true or false, got 'no'",
    ),
    "another format": ("provider.toml", "format = 2", "format = 1", "format: expected 2, got 1"),
    "pointer": ("provider.toml", '"/sid"', '"sid"', "answer.id: expected a JSON pointer such as /data/id, got 'sid'"),
    "scheme": (
        "provider.toml",
        '"basic"',
        '"digest"',
        "credentials.scheme: expected one of header, basic, got 'digest'",
    ),
    "part of the path": (
        "provider.toml",
        "{account_sid}",
        "{account}",
        "operation.path: expected one of credentials.parts",
    ),
    "one part for basic": ("provider.toml", ', "auth_token"]', "]", "credentials.parts: expected two for basic, got 1"),
    "body": ("provider.toml", '"form"', '"xml"', "operation.body: expected one of json, form, got 'xml'"),
    "outcome": ("provider.toml", "throttled = ", "throtled = ", "outcome: expected one of throttled, refused"),
    "kind of fixture": ("provider.toml", '"sender"', '"senders"', "fixtures.foreign_sender.kind: expected one of"),
    "unlocked clause": ("provider.toml", "tw.requests.from-foreign", "tw.x", "unlocks: expected one of"),
    "field of no schema": ("provider.toml", 'sender = "From"', 'sender = "Form"', "fields.sender: expected one of"),
    "unknown check": ("clauses.toml", '"unique_id"', '"unique_ids"', "check.name: expected one of"),
    "feature": ("clauses.toml", '"sender_active"', '"sender_aktive"', "check.feature: expected one of"),
    "fault": ("clauses.toml", '["missing"]', '["mising"]', "check.faults: expected one of"),
    "state": ("clauses.toml", '"unassigned"', '"unasigned"', "check.state: expected the state of a fixture"),
    "reason": ("clauses.toml", '["tw.requests.to-required"]', '["tw.requests.to"]', "check.reasons: expected one of"),
    "parameter": ("clauses.toml", "within_s", "within", "check.within: expected one of field, within_s"),
    "parameter's type": ("clauses.toml", "equals = 1600", 'equals = "1600"', "check.equals: expected a whole number"),
    "rests on nothing": (
        "clauses.toml",
        'after = ["tw.auth.missing"',
        'after = ["tw.auth.mising"',
        "after: expected a clause",
    ),
    "concern": ("clauses.toml", 'concern = "auth"', 'concern = "login"', "concern 'login'"),
    "level": ("clauses.toml", 'level = "required"', 'level = "must"', "level 'must' is unknown"),
    "no source": ("clauses.toml", "source = {", "sauce = {", "'source'"),
    "keyword without a clause": (
        "accepted.schema.json",
        '"type": "tw.responses.sid",',
        "",
        "expected its clause in x-clauses",
    ),
    "keyword of an unknown clause": (
        "accepted.schema.json",
        '"tw.responses.uri"',
        '"tw.responses.url"',
        "expected one of",
    ),
    "no JSON": ("refusal.schema.json", "{", "", "refusal.schema.json"),
}


@pytest.mark.parametrize(("name", "old", "new", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_named_with_its_place(
    name: str, old: str, new: str, said: str, pack: Path, capsys: Captured
) -> None:
    edit(pack, name, old, new)
    assert main(["pack", "check", str(pack)]) in (1, 4)
    printed = capsys.readouterr()
    assert said in printed.err
    assert "internal error" not in printed.err
    assert "no mistake found" not in printed.out
    # Whoever uses it is told the same.
    assert main(["clauses", "mine", "--pack", str(pack)]) == 4


@pytest.mark.parametrize("name", provider_names())
def test_shipped_pack_has_no_mistake(name: str, capsys: Captured) -> None:
    assert main(["pack", "check", str(schemas_dir() / name)]) == 0
    assert load_contract(name).provider.name == name
