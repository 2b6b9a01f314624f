"""No regular expression in sendproof takes more than one look, or a few, at each character of what a target wrote.

Every literal pattern is taken out of the syntax trees of the modules, so that one which no test runs is read as
well, and is parsed. The parser is Python's own, `re._parser`: no public one knows what Python's engine does with `*+`,
`(?>` and flags, and a change of it shows here, not in sendproof.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import sendproof

parser = re._parser

PACKAGE = Path(sendproof.__file__).parent
FUNCTIONS = ("compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")
# Services of our own, made to be wrong: they read what the suite sends.
OUR_OWN = ("mock",)
# Each of these takes one of a few patterns, which stand beside it.
NO_LITERAL = {"judge/accepted.py"}
ANYTHING = frozenset(range(0x180))


@dataclass(frozen=True, slots=True)
class Item:
    """Something that stands in a row with others: what it may consist of, whether it must be there and has an end.

    `fails`: where it is not there, the whole is not.
    """

    characters: frozenset[int]
    must: bool
    endless: bool = False
    gives_back: bool = False
    fails: bool = True


Row = tuple[Item, ...]


class Problem(Exception):
    """A pattern may read the same text in many ways."""


def problem_of(pattern: str | bytes, flags: int = 0, *, searches: bool = True) -> str | None:
    """Return what makes a pattern slow, None where nothing does; `searches` tells that it is tried at each place."""
    try:
        for row in _rows(parser.parse(pattern, flags), re.compile(pattern, flags).flags):
            _check(row)
            if searches:
                _check_start(row)
    except Problem as problem:
        return str(problem)
    return None


def _check_start(row: Row) -> None:
    """Refuse a row that may fail after a repetition without an end, and begin again within what that had read."""
    for index, item in enumerate(row):
        may_fail = any(later.must and later.fails for later in row[index + 1 :])
        within = all(before.characters & item.characters for before in row[:index] if before.must)
        if item.endless and may_fail and within:
            raise Problem("what a repetition without an end has read may be read again from each place in it")


def _check(row: Row) -> None:
    for first, one in enumerate(row):
        for second in range(first + 1, len(row)):
            common = one.characters & row[second].characters
            between = row[first + 1 : second]
            apart = any(item.must and not item.characters & common for item in between)
            if one.gives_back and row[second].endless and common and not apart:
                raise Problem("two repetitions without an end may share what they match")


def _rows(parsed: Any, flags: int) -> list[Row]:
    """Return every row of items that a part of a pattern may be, alternatives apart."""
    rows: list[Row] = [()]
    for operation, argument in parsed:
        rows = [(*row, *more) for row in rows for more in _of(str(operation), argument, flags)]
        assert len(rows) < 5000
    return rows


def _of(operation: str, argument: Any, flags: int) -> list[Row]:
    if operation == "SUBPATTERN":
        return _rows(argument[3], flags | argument[1])
    if operation == "BRANCH":
        return [row for branch in argument[1] for row in _rows(branch, flags)]
    if operation == "ATOMIC_GROUP":
        # Nothing in it is tried again once it has matched.
        return [tuple(_kept(item) for item in row) for row in _rows(argument, flags)]
    if operation in ("ASSERT", "ASSERT_NOT"):
        for row in _rows(argument[1], flags):
            _check(row)
        return [()]
    if operation == "AT":
        return [()]
    if operation == "GROUPREF":
        return [(Item(ANYTHING, must=True),)]
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, body = argument
        return _repeated(least, most, body, flags, gives_back=operation != "POSSESSIVE_REPEAT")
    return [(Item(_characters(operation, argument, flags), must=True),)]


def _kept(item: Item) -> Item:
    return replace(item, gives_back=False)


def _repeated(least: int, most: int, body: Any, flags: int, *, gives_back: bool) -> list[Row]:
    rows = _rows(body, flags)
    nested = any(item.endless for row in rows for item in row)
    if most > 1:
        _check_branches(body, flags)
    if most > 1 and nested:
        rows = [*rows, *((*one, *other) for one, other in itertools.product(rows, rows))]
        for row in rows:
            _check(row)
    if most == parser.MAXREPEAT and not nested:
        characters = frozenset[int]().union(*(item.characters for row in rows for item in row))
        return [(Item(characters, must=least > 0, endless=True, gives_back=gives_back),)]
    if not gives_back:
        rows = [tuple(map(_kept, row)) for row in rows]
    if least:
        return rows
    if all(len(row) == 1 for row in rows):
        return [(replace(row[0], must=False),) for row in rows]
    return [*(tuple(replace(item, fails=False) for item in row) for row in rows), ()]


def _check_branches(body: Any, flags: int) -> None:
    """Refuse alternatives under a repetition that may begin alike."""
    for operation, argument in body:
        if str(operation) == "SUBPATTERN":
            _check_branches(argument[3], flags | argument[1])
        elif str(operation) == "BRANCH":
            starts = [frozenset[int]().union(*map(_starts, _rows(branch, flags))) for branch in argument[1]]
            if any(one & other for one, other in itertools.combinations(starts, 2)):
                raise Problem("alternatives under a repetition may begin alike")


def _starts(row: Row) -> frozenset[int]:
    found: frozenset[int] = frozenset()
    for item in row:
        found |= item.characters
        if item.must:
            break
    return found


def _characters(operation: str, argument: Any, flags: int) -> frozenset[int]:
    if operation == "ANY":
        return ANYTHING if flags & re.DOTALL else ANYTHING - {10}
    if operation == "LITERAL":
        return _cased({argument}, flags)
    if operation == "NOT_LITERAL":
        return ANYTHING - _cased({argument}, flags)
    if operation == "RANGE":
        return _cased(range(argument[0], min(argument[1], max(ANYTHING)) + 1), flags)
    if operation == "CATEGORY":
        return _category(str(argument), flags)
    assert operation == "IN", operation
    negated = str(argument[0][0]) == "NEGATE"
    members = argument[1:] if negated else argument
    found = frozenset[int]().union(*(_characters(str(name), value, flags) for name, value in members))
    return ANYTHING - found if negated else found


def _cased(codes: Any, flags: int) -> frozenset[int]:
    found = {min(code, max(ANYTHING)) for code in codes}
    if flags & re.IGNORECASE:
        found |= {ord(other) for code in found for other in (chr(code).lower(), chr(code).upper()) if len(other) == 1}
    return frozenset(found) & ANYTHING


def _category(name: str, flags: int) -> frozenset[int]:
    letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.rpartition("_")[2]]
    letter = letter.upper() if "_NOT_" in name else letter
    return frozenset(code for code in ANYTHING if re.match(f"\\{letter}", chr(code), flags & re.ASCII))


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern of the package; None where it is no literal. `searches`: it may be tried at each place of a text."""

    file: str
    line: int
    pattern: str | bytes | None
    flags: int
    searches: bool


def found() -> Iterator[Found]:
    """Yield every pattern of the package."""
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE).as_posix()
        if place.partition("/")[0] not in OUR_OWN:
            yield from _in(place, ast.parse(file.read_text("utf-8")))


def _in(place: str, tree: ast.Module) -> Iterator[Found]:
    names = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    owners = {id(value): name for name, value in names.items()}
    uses: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            uses.setdefault(node.value.id, set()).add(node.attr)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.func.attr in FUNCTIONS:
            used = uses.get(owners.get(id(node), ""), {"search"}) if node.func.attr == "compile" else {node.func.attr}
            searches = not used <= {"match", "fullmatch"}
            yield Found(place, node.lineno, _literal(node.args[0], names), _flags(node), searches)


def _literal(node: ast.expr, names: Mapping[str, ast.expr]) -> Any:
    """Return the text of an expression, with a letter in the place of what is known only at run time."""
    match node:
        case ast.Constant(value=str() | bytes() as value):
            return value
        case ast.JoinedStr(values=pieces):
            return "".join(_literal(piece, names) or "x" for piece in pieces)
        case ast.FormattedValue(value=value):
            return _literal(value, names)
        case ast.Name(id=name) if name in names:
            return _literal(names[name], names)
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            template = _literal(left, names)
            letter = b"x" if isinstance(template, bytes) else "x"
            given = right.elts if isinstance(right, ast.Tuple) else [right]
            return template % tuple(_literal(item, names) or letter for item in given)
    return None


def _flags(call: ast.Call) -> int:
    given = (*call.args[1:], *(keyword.value for keyword in call.keywords))
    words = {node.attr for part in given for node in ast.walk(part) if isinstance(node, ast.Attribute)}
    flags = 0
    for name, flag in re.RegexFlag.__members__.items():
        flags |= int(flag) if name in words else 0
    return flags


PATTERNS = tuple(found())


def test_every_pattern_is_found() -> None:
    text = "\n".join(file.read_text("utf-8") for file in PACKAGE.rglob("*.py") if OUR_OWN[0] not in file.parts)
    assert len(PATTERNS) == len(re.findall(rf"\bre\.(?:{'|'.join(FUNCTIONS)})\(", text)) > 50


def test_patterns_are_literal() -> None:
    assert {item.file for item in PATTERNS if item.pattern is None} == NO_LITERAL


@pytest.mark.parametrize(
    "item", [item for item in PATTERNS if item.pattern is not None], ids=lambda item: f"{item.file}:{item.line}"
)
def test_pattern_reads_each_character_once(item: Found) -> None:
    assert item.pattern is not None
    assert problem_of(item.pattern, item.flags, searches=item.searches) is None


SLOW = [
    r"(a+)+b",
    r"(?:a|ab)*c",
    r"a*a*b",
    r"a+ab*a+",
    r".* of .*",
    r"x.* of .*y",
    r"(?:a*b?)*c",
    r"(?:a?b*)+",
    r"\w+\d+",
    r"(?:[a-z]+,?)+!",
    r"(?:(?:a+){2}b?){9}",
    r"a+b",
    r'"(?:[^"\\]|\\.)*"|[\[\]{}]',
    r'"[a-z_]*secret[a-z_]*"\s*:',
]


@pytest.mark.parametrize("pattern", SLOW)
def test_slow_pattern_is_refused(pattern: str) -> None:
    assert problem_of(pattern, re.IGNORECASE | re.DOTALL) is not None


QUICK = [
    r"[a-z]+",
    r"[0-9]{3,6}b",
    r"[a-z]+(?:, [a-z]+)*",
    r"<[^<>]*>",
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?',
    r"(?:a|b)+",
    r"[0-9](?:[ .]{0,3}[0-9]){6,}",
    r"https?://[^\s/]+",
    r"(?<=[?&])(key|id)=[^&]*",
]


@pytest.mark.parametrize("pattern", QUICK)
def test_quick_pattern_is_let_be(pattern: str) -> None:
    assert problem_of(pattern) is None


def test_pattern_that_begins_at_one_place_may_fail_at_its_end() -> None:
    assert problem_of(r"[a-z]+(?:, [a-z]+)*!", searches=False) is None
    assert problem_of(r"[a-z]+(?:, [a-z]+)*!") is not None
