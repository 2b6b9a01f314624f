from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sendproof.errors import UsageError
from sendproof.vendors.weights import Share, Weights, load_weights, row_weights, share_texts, shares

from .support import failed, observed, record, table_of, textflow, textingline

KNOWN = ("auth.missing", "auth.valid", "auth.test-key")
AUTH = Weights(concerns={"auth": 6.0}, concepts={})


def read(folder: Path, text: str) -> Weights:
    file = folder / "weights.toml"
    file.write_text(text, "utf-8")
    return load_weights(file, KNOWN)


def test_names_may_be_quoted_or_dotted(tmp_path: Path) -> None:
    weights = read(tmp_path, '[concerns]\nauth = 3\n[concepts]\n"auth.missing" = 2\nauth.valid = 0.5\n')
    assert weights.concerns == {"auth": 3.0}
    assert weights.concepts == {"auth.missing": 2.0, "auth.valid": 0.5}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[concerns]\nmanners = 1", r"concerns: expected a name that the matrix knows, got 'manners'"),
        ("[concepts]\nauth.manners = 1", r"concepts: expected a name that the matrix knows, got 'auth.manners'"),
        ("[vendors]\ntextflow = 1", r"expected \[concerns\] and \[concepts\], got 'vendors'"),
        ("concerns = 3", r"expected \[concerns\] and \[concepts\], got 'concerns'"),
        ("[concerns]\nauth = -1", "auth: expected a number from 0 up, got -1"),
        ("[concerns]\nauth = nan", "auth: expected a number from 0 up, got nan"),
        ("[concerns]\nauth = inf", "auth: expected a number from 0 up, got inf"),
        ("[concerns]\nauth = true", "auth: expected a number from 0 up, got True"),
        ("[concerns]\nauth = 'much'", "auth: expected a number from 0 up, got 'much'"),
        ("[concerns]\nauth = 0", "expected a weight above 0, got none"),
        ("", "expected a weight above 0, got none"),
        ("[concerns", "expected TOML"),
    ],
)
def test_wrong_file_is_told(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=told):
        read(tmp_path, text)


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a readable file"):
        load_weights(tmp_path / "nothing.toml", KNOWN)


def test_weight_of_a_concern_is_shared_out_among_its_promises() -> None:
    records = [record("tf.auth.missing-key"), record("tf.auth.valid-key"), observed("tf.auth.refusal-status", "401")]
    assert row_weights(table_of(textflow(*records)), AUTH) == {"auth.missing": 3.0, "auth.valid": 3.0}


def test_concept_with_a_weight_of_its_own_takes_nothing_of_its_concern() -> None:
    weights = Weights(concerns={"auth": 6.0}, concepts={"auth.missing": 1.0})
    table = table_of(textflow(record("tf.auth.missing-key"), record("tf.auth.valid-key")))
    assert row_weights(table, weights) == {"auth.missing": 1.0, "auth.valid": 6.0}


def test_what_has_no_weight_counts_nothing() -> None:
    [share] = shares(table_of(textflow(record("tf.auth.missing-key"), failed("tf.errors.error-text"))), AUTH)
    assert share == Share(held=6.0, broken=0.0, undecided=0.0, unpromised=0.0)


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (record("tf.auth.missing-key"), "held"),
        (failed("tf.auth.missing-key"), "broken"),
        (failed("tf.auth.missing-key", waiver="known"), "broken"),
        (record("tf.auth.missing-key", "not_exercised", reason="budget"), "undecided"),
        (record("tf.auth.missing-key", "inconclusive"), "undecided"),
        (record("tf.auth.missing-key", "error", detail="network"), "undecided"),
        (record("tf.auth.missing-key", "not_applicable", reason="void", detail="none was seen"), "unpromised"),
        (observed("tf.auth.missing-key", "401", level="open"), "unpromised"),
    ],
)
def test_state_counts_as(given: dict[str, Any], part: str) -> None:
    table = table_of(textingline(record("tl.auth.no-credentials")), textflow(given))
    share = shares(table, AUTH)[1]
    parts = {name: getattr(share, name) for name in ("held", "broken", "undecided", "unpromised")}
    assert parts == {**dict.fromkeys(parts, 0.0), part: 6.0}


def test_undecided_weight_makes_a_range() -> None:
    share = Share(held=2.0, broken=1.0, undecided=1.0, unpromised=4.0)
    assert (share.lowest, share.highest) == (0.5, 0.75)
    assert share_texts(share) == ("2", "1", "1", "4", "50% to 75% of 4 (8 in all)")


def test_share_of_nothing_is_no_number() -> None:
    share = Share(held=0.0, broken=0.0, undecided=0.0, unpromised=4.0)
    assert (share.lowest, share.highest) == (None, None)
    assert share_texts(share)[-1] == "nothing with a weight is promised"
