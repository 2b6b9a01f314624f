from __future__ import annotations

import time

import pytest

from sendproof.reports.pages.run import Pieces, differing
from tests.reports.support import HOSTILE


def marked(pieces: Pieces) -> list[str]:
    return [text for text, differs in pieces if differs]


@pytest.mark.parametrize(
    ("expected", "observed", "left", "right"),
    [
        ("the code 33016", "the code 33019", ["33016"], ["33019"]),
        ("/to '+12025550123'", "/to '+13125550140'", ["12025550123"], ["13125550140"]),
        ("a refusal", "accepted with 201", [], []),
        ("201", "400", [], ["400"]),
        ("5 messages accepted in 60 s", "4 messages accepted in 60 s", ["5"], ["4"]),
        ("one of sent, queued, failed", "one of", ["sent, queued, failed"], []),
        ("no 2xx", "", [], []),
        ("", "200", [], []),
    ],
    ids=["number", "sign", "nothing-in-common", "values", "count", "missing", "nothing-observed", "nothing-expected"],
)
def test_difference_marks_what_the_other_text_lacks(
    expected: str, observed: str, left: list[str], right: list[str]
) -> None:
    first, second = differing(expected, observed)
    assert [text.strip() for text in marked(first)] == left or not left
    assert marked(second) == right
    assert bool(marked(first)) == bool(left)


def test_difference_loses_nothing_of_either_text() -> None:
    first, second = differing("status is one of a, b", "status is c")
    assert "".join(text for text, _ in first) == "status is one of a, b"
    assert "".join(text for text, _ in second) == "status is c"


def test_difference_of_hostile_texts_is_visible_and_short() -> None:
    for pieces in differing(HOSTILE * 500, "x " + HOSTILE * 500):
        text = "".join(part for part, _ in pieces)
        assert text.isprintable()
        assert len(text) <= 2000


@pytest.mark.parametrize("other", ["!a " * 666, "a! " * 600 + "end", "a ! " * 500])
def test_long_texts_of_few_words_take_no_time(other: str) -> None:
    start_s = time.process_time()
    expected, observed = differing("a! " * 666, other)
    # Less than 10 ms where this was written, and a minute before there was a limit.
    assert time.process_time() - start_s < 2
    assert "".join(text for text, _ in expected) == "a! " * 666
    assert "".join(text for text, _ in observed) == other
