from __future__ import annotations

from pathlib import Path

import pytest

from sendproof.cli import main
from sendproof.contract.model import load_contract
from sendproof.corpus.build import load_corpus
from sendproof.mock.profiles import profile as mock_profile
from sendproof.reports.forecast import FAMILIES
from tests.runs.support import to_toml


@pytest.mark.parametrize("provider", ["textingline", "textflow", "twilio", "vonage"])
def test_every_family_of_cases_has_a_title(provider: str) -> None:
    corpus = load_corpus(load_contract(provider), seed=0, max_examples=40)
    assert {case.family for case in corpus.cases} <= set(FAMILIES)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"max_requests": 60, "max_accepted": 400}, "budget.max_requests (60; usually 400)"),
        ({"max_requests": 900, "max_accepted": 8}, "budget.max_accepted (8; usually 60)"),
    ],
)
def test_plan_names_the_limit_to_raise(
    limits: dict[str, int], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "target.toml"
    given = mock_profile("textflow", "http://127.0.0.1:9")
    given["budget"] = {**limits, "requests_per_second": 1000.0}
    profile.write_text(to_toml(given), "utf-8")
    profile.chmod(0o600)
    assert main(["plan", "--target", str(profile)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert f"Beyond the budget: raise {told}" in printed
    assert "in all" in printed
