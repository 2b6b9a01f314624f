"""A plan needs no secrets and no numbers of one's own: it says what the run will need, and the run asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sendproof.cli import main
from sendproof.contract.model import load_provider, provider_names
from sendproof.target.init import init_text

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a profile as `init` prints it, in an environment without its variables."""
    for name in ("TEXTFLOW_API_KEY", "TEXTFLOW_TEST_KEY"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "my.toml"
    file.write_text(init_text(load_provider("textflow")), "utf-8")
    return file


def test_plan_of_a_fresh_profile_says_what_the_run_will_need(fresh: Path, capsys: Captured) -> None:
    assert main(["plan", "--target", str(fresh), "--format", "json"]) == 0
    advice = " ".join(json.loads(capsys.readouterr().out)["advice"])
    assert "export TEXTFLOW_API_KEY" in advice
    assert "account.senders" in advice
    assert "account.recipients" in advice


def test_plan_is_the_same_with_the_secrets_but_for_near_misses_of_the_key(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    main(["plan", "--target", str(fresh), "--format", "json"])
    without = json.loads(capsys.readouterr().out)
    monkeypatch.setenv("TEXTFLOW_API_KEY", "sk_live_0123456789abcdef")
    main(["plan", "--target", str(fresh), "--format", "json"])
    with_them = json.loads(capsys.readouterr().out)
    # How many near misses can be made of a key is its own matter: whether it names an environment, and its letters.
    of_the_key = ("advice", "order", "requests", "duration_s", "families")
    assert abs(with_them["requests"] - without["requests"]) <= 2
    assert {name: with_them[name] for name in with_them if name not in of_the_key} == {
        name: without[name] for name in without if name not in of_the_key
    }
    assert not any("export" in line for line in with_them["advice"])


def test_run_asks_for_the_secrets_then_for_numbers_of_your_own(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert main(["run", "--target", str(fresh), "--yes"]) == 4
    assert "environment variable TEXTFLOW_API_KEY is not set" in capsys.readouterr().err
    monkeypatch.setenv("TEXTFLOW_API_KEY", "sk_live_0123456789abcdef")
    assert main(["run", "--target", str(fresh), "--yes"]) == 4
    assert "account.senders: expected numbers of your own, got those of `sendproof init`" in capsys.readouterr().err


@pytest.mark.parametrize("provider", provider_names())
def test_fresh_profile_caps_no_effort_and_breaks_no_id(provider: str) -> None:
    text = init_text(load_provider(provider))
    lines = text.splitlines()
    assert not any(line.startswith(("max_requests", "max_accepted")) for line in lines)
    ids = [clause for fixture in load_provider(provider).fixtures.values() for clause in fixture.unlocks]
    assert [clause for clause in ids if clause not in text] == []
