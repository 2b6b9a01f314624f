from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sendproof.folders import schemas_dir
from sendproof.reports.matrix.matrix_words import absence, contract_note
from sendproof.reports.matrix.rows import build, load_catalogue

from .support import cell_of, failed, observed, record, row_of, saved, table_of, textflow, textingline

MISSING = ("tl.auth.no-credentials", "tf.auth.missing-key")


def test_equal_promises_of_two_vendors_stand_in_one_row() -> None:
    row = row_of("auth.missing", textingline(record(MISSING[0])), textflow(failed(MISSING[1])))
    assert [dict(cell.states) for cell in row.cells] == [{"pass": 1}, {"fail": 1}]


def test_columns_stand_in_the_order_given() -> None:
    runs = (textflow(record(MISSING[1])), textingline(record(MISSING[0])))
    assert [column.title for column in table_of(*runs).columns] == ["TextFlow", "TextingLine"]
    assert [column.title for column in table_of(*reversed(runs)).columns] == ["TextingLine", "TextFlow"]


def test_runs_of_one_vendor_are_told_apart() -> None:
    runs = (textflow(), textflow(name="before"), textflow(name="after"), textflow(name="after"))
    labels = [column.label for column in table_of(*runs).columns]
    assert labels == ["TextFlow", "TextFlow before", "TextFlow after (3)", "TextFlow after (4)"]


def test_rows_stand_by_concern() -> None:
    records = [record("http.robustness.answered"), record("tf.errors.text"), record("tf.auth.valid-key")]
    assert [row.concept.concern for row in table_of(textflow(*records)).rows] == ["auth", "errors", "robustness"]


def test_vendor_that_promises_nothing_of_the_kind_has_an_empty_cell() -> None:
    cell = cell_of("auth.inactive", textingline(), textflow(record("tf.auth.inactive-key")))
    assert cell.is_absent
    assert cell.levels == frozenset()


def test_promise_that_was_not_asked_is_not_missing() -> None:
    given = record("tf.auth.inactive-key", "not_exercised", reason="no_fixture")
    assert not cell_of("auth.inactive", textflow(given)).is_absent


def test_narrower_promise_is_found_under_the_wider_one() -> None:
    runs = (textingline(record("tl.requests.to-e164")), textflow(record("tf.requests.to-empty")))
    cell = cell_of("requests.recipient-empty", *runs)
    assert cell.related == ("requests.recipient-form",)
    assert not cell.is_absent
    assert cell.levels == {"required"}


def test_wider_question_is_found_under_the_narrower_promises() -> None:
    emoji, combining = record("tf.requests.message-emoji"), record("tf.requests.message-combining")
    runs = (textingline(observed("tl.requests.body-characters", "accepted")), textflow(emoji, combining))
    assert cell_of("requests.text-characters", *runs, number=1).related == (
        "requests.text-emoji",
        "requests.text-combining",
    )


def test_several_clauses_of_one_concept_are_counted_worst_first(tmp_path: Path) -> None:
    shutil.copytree(schemas_dir(), tmp_path, dirs_exist_ok=True)
    clauses = tmp_path / "textflow" / "clauses.toml"
    clauses.write_text(clauses.read_text("utf-8").replace('"auth.near-miss-case"', '"auth.unknown"'), "utf-8")
    run = textflow(record("tf.auth.unknown-key"), failed("tf.auth.key-case"))
    [row] = build([run], load_catalogue(tmp_path)).rows
    assert list(row.cells[0].states.items()) == [("fail", 1), ("pass", 1)]
    assert row.concept.title == "Unknown credentials are refused"


def test_waived_failure_is_told_from_a_failure() -> None:
    assert list(cell_of("auth.missing", textflow(failed(MISSING[1], waiver="known"))).states) == ["waived"]


def third(root: Path) -> None:
    """A third provider as a folder of data: some of its concepts are shared, one is its own."""
    shutil.copytree(schemas_dir(), root, dirs_exist_ok=True)
    folder = root / "thirdtext"
    shutil.copytree(root / "textflow", folder)
    for file in folder.glob("*.*"):
        text = file.read_text("utf-8").replace("tf.", "tt.").replace("schemas/textflow", "schemas/thirdtext")
        text = text.replace('concept = "auth.test-key"', 'concept = "auth.rotating-key"')
        file.write_text(text.replace('name = "textflow"', 'name = "thirdtext"'), "utf-8")


def test_third_provider_is_a_folder_of_data(tmp_path: Path) -> None:
    third(tmp_path)
    run = saved("thirdtext", record("tt.auth.missing-key"), record("tt.auth.test-key", claim="A test key is accepted."))
    table = build([run, textflow(record(MISSING[1]))], load_catalogue(tmp_path))
    titles = {row.concept.id: row.concept.title for row in table.rows}
    assert titles == {
        "auth.missing": "Missing credentials are refused",
        "auth.rotating-key": "A test key is accepted.",
    }
    assert all(not cell.is_absent for cell in table.rows[0].cells)


def test_concept_without_a_title_that_two_vendors_have_is_named_by_its_id(tmp_path: Path) -> None:
    third(tmp_path)
    file = tmp_path / "textflow" / "clauses.toml"
    file.write_text(file.read_text("utf-8").replace('"auth.test-key"', '"auth.rotating-key"'), "utf-8")
    runs = (
        saved("thirdtext", record("tt.auth.test-key", claim="One.")),
        textflow(record("tf.auth.test-key", claim="Two.")),
    )
    [row] = build(runs, load_catalogue(tmp_path)).rows
    assert row.concept.title == "Rotating key"
    assert row.concept.varies


def test_provider_that_is_not_installed_is_shown_by_its_claims() -> None:
    table = table_of(saved("elsewhere", record("el.auth.odd", claim="Odd keys are refused."), record(MISSING[1])))
    assert {row.concept.title for row in table.rows} == {"Odd keys are refused.", "Missing credentials are refused"}
    assert table.columns[0].title == "elsewhere"
    assert "no contract" in contract_note(table.columns[0])


def test_other_contract_is_told_in_the_head() -> None:
    table = table_of(textflow(contract_sha256="1" * 64), textflow())
    assert [column.contract_differs for column in table.columns] == [True, False]
    assert contract_note(table.columns[0]).startswith("differs from the installed one")


@pytest.mark.parametrize(("sha256", "told"), [("1" * 64, "not in its contract"), (None, "not promised")])
def test_empty_cell_says_only_what_is_known(sha256: str | None, told: str) -> None:
    run = textflow(**({"contract_sha256": sha256} if sha256 else {}))
    assert absence(table_of(run).columns[0]) == told
