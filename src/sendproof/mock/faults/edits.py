"""Small edits of documents, texts, numbers and answers, to compose faults and variants of."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from sendproof.mock.endpoint import Hook, Interception
from sendproof.mock.http_messages import Answer, Call, Document, Headers

Step = TypeVar("Step")
Edit = Callable[[Document], Document]


def setting(**members: object) -> Edit:
    """Set members."""
    return lambda document: {**document, **members}


def without(*names: str) -> Edit:
    """Leave members out."""
    return lambda document: {name: value for name, value in document.items() if name not in names}


def renaming(**names: str) -> Edit:
    """Rename members, from keyword to value."""
    return lambda document: {names.get(name, name): value for name, value in document.items()}


def mapping(name: str, change: Callable[[Any], object]) -> Edit:
    """Change a member, where there is one."""
    return lambda document: {**document, name: change(document[name])} if name in document else document


def within(name: str, edit: Edit) -> Edit:
    """Edit a member that is itself an object."""
    return mapping(name, edit)


def when(condition: Callable[[Document], bool], edit: Edit) -> Edit:
    """Edit the documents that meet a condition."""
    return lambda document: edit(document) if condition(document) else document


def failed(document: Document) -> bool:
    """Tell whether a document is a failed message's."""
    return document.get("status") == "failed"


def reversed_members(value: object) -> object:
    """Return a document with its members the other way round, at every level."""
    if not isinstance(value, dict):
        return value
    return {name: reversed_members(member) for name, member in reversed(value.items())}


def without_nulls(document: Document) -> Document:
    """Leave out the members that are null."""
    return {name: value for name, value in document.items() if value is not None}


def is_blank(text: object) -> bool:
    """Tell whether a value is a text of white space alone, or empty."""
    return isinstance(text, str) and not text.strip()


def after_step(steps: tuple[Step, ...], known: Step, added: Step) -> tuple[Step, ...]:
    """Insert a step after one that is known."""
    place = steps.index(known) + 1
    return (*steps[:place], added, *steps[place:])


def step_moved(steps: tuple[Step, ...], moved: Step, after: Step) -> tuple[Step, ...]:
    """Move a step to behind another."""
    return after_step(tuple(step for step in steps if step is not moved), after, moved)


def utf16_units(text: str) -> int:
    """Count UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def utf8_bytes(text: str) -> int:
    """Count UTF-8 bytes."""
    return len(text.encode("utf-8"))


def on_status(applies: Callable[[int], bool], hook: Hook) -> Hook:
    """Apply a hook to answers of some status codes."""
    return lambda call, answer: hook(call, answer) if applies(answer.status) else answer


def on_post(hook: Hook) -> Hook:
    """Apply a hook to answers to POST."""
    return lambda call, answer: hook(call, answer) if call.method == "POST" else answer


def is_error(status: int) -> bool:
    """Tell whether a status code is one of an error."""
    return status >= 400


def with_status(status: int) -> Hook:
    """Answer with another status code."""
    return lambda call, answer: replace(answer, status=status)


def with_headers(*headers: tuple[str, str]) -> Hook:
    """Add header fields, in place of those of the same name."""
    names = {name.lower() for name, _ in headers}
    return lambda call, answer: replace(
        answer,
        headers=(*(pair for pair in answer.headers if pair[0].lower() not in names), *headers),
    )


def without_header(name: str) -> Hook:
    """Leave a header field out."""
    return lambda call, answer: replace(
        answer, headers=tuple(pair for pair in answer.headers if pair[0].lower() != name.lower())
    )


def with_body(body: bytes, media_type: str) -> Hook:
    """Answer with another body."""
    header = with_headers(("Content-Type", media_type))
    return lambda call, answer: header(call, replace(answer, body=body))


def with_document(edit: Callable[[Any], object], **dump: Any) -> Hook:
    """Edit the JSON of an answer; `dump` goes to `json.dumps`."""
    return lambda call, answer: replace(answer, body=json.dumps(edit(json.loads(answer.body)), **dump).encode())


def crash(condition: Callable[[Call], bool]) -> Interception:
    """Answer 500 with a page, as frameworks do, when a condition is met."""
    return lambda call: _crash_page() if condition(call) else None


def every(period: int, call: Call) -> bool:
    """Tell whether a call is one of every so many."""
    return call.ordinal % period == 0


def _crash_page() -> Answer:
    headers: Headers = (("Content-Type", "text/plain; charset=utf-8"),)
    return Answer(status=500, headers=headers, body=b"Internal Server Error")
