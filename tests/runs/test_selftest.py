"""The selftest itself: a small sample of it, seeds that must not matter, and the command.

`tox -e conformance` holds all of it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sendproof.cli import main
from sendproof.judge.verdicts import FAIL
from sendproof.mock.accounts import PROVIDERS
from sendproof.runs.trial import judged, load_contract_once, recorded, subjects

SEEDS = (3,)
VARIANTS = {
    "textingline": ("faults-403+error-in-a-list+seconds+connection-close+members-reversed", "ascii-only"),
    "textflow": ("other-separators-refused+blank-refused+json-indented+connection-close", "null-is-absent"),
}


def test_sample_of_the_matrix_holds(tmp_path: Path) -> None:
    assert main(["selftest", "textflow", "--sample", "2", "--jobs", "1", "--report-dir", str(tmp_path), "-q"]) == 0
    document = json.loads((tmp_path / "selftest" / "matrix.json").read_text("utf-8"))
    assert document["holds"]
    assert len(document["trials"]) == 3
    assert not document["complete"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody"], "expected one of textingline, textflow, got 'nobody'"),
        (["textflow", "--only", "nothing"], "expected a fault or a variant, got 'nothing'"),
    ],
)
def test_what_is_not_known_is_told(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", *arguments]) == 4
    assert told in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_seed_raises_an_alarm_on_what_is_permitted(provider: str, seed: int) -> None:
    permitted = [item for item in subjects([provider]) if item.name in ("faultless", *VARIANTS[provider])]
    assert len(permitted) == 3
    for subject in permitted:
        found = judged(load_contract_once(provider), recorded(subject, seed, 40))
        assert [item.clause.id for item in found if item.verdict == FAIL and item.clause.level == "required"] == []
