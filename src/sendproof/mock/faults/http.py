"""Faults of HTTP and JSON, which either service can have."""

import json
from dataclasses import replace
from typing import Final

from sendproof.mock.endpoint import HttpRules
from sendproof.mock.exchange import Call, UnreadableError, parse_json
from sendproof.mock.faults.edits import (
    crash,
    is_error,
    mapping,
    on_status,
    with_body,
    with_document,
    with_headers,
    with_status,
    without_header,
)
from sendproof.mock.faults.model import Change, Fault

_HTML: Final = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Error</h1></body></html>"


def _fault(name: str, summary: str, origin: str, change: Change[HttpRules], *clauses: str) -> Fault[HttpRules]:
    return Fault(name=name, provider="both", summary=summary, origin=origin, change=change, clauses=clauses)


def _is_readable(call: Call) -> bool:
    try:
        parse_json(call.body)
    except UnreadableError:
        return False
    return True


def _is_no_object(call: Call) -> bool:
    return _is_readable(call) and not isinstance(parse_json(call.body), dict)


def _has_emoji(call: Call) -> bool:
    return any(byte >= 0xF0 for byte in call.body) or b"\\ud83" in call.body.lower()


def _has_typed_member(call: Call) -> bool:
    document = parse_json(call.body) if _is_readable(call) else None
    return isinstance(document, dict) and any(not isinstance(value, str) for value in document.values())


FAULTS: Final = (
    _fault(
        "error-page-is-html",
        "Errors are answered with an HTML page.",
        "The framework's own error handler, or a proxy's, replaces the envelope.",
        lambda r: replace(r, after=(*r.after, on_status(is_error, with_body(_HTML, "text/html; charset=utf-8")))),
    ),
    _fault(
        "error-is-empty",
        "Errors have no body.",
        "A gateway strips the bodies of upstream errors.",
        lambda r: replace(r, after=(*r.after, on_status(is_error, with_body(b"", "application/json")))),
    ),
    _fault(
        "error-answered-200",
        "Errors are answered with status 200.",
        "An RPC layer puts every outcome into the body.",
        lambda r: replace(r, after=(*r.after, on_status(is_error, with_status(200)))),
    ),
    _fault(
        "error-answered-500",
        "Errors of the client are answered with status 500.",
        "A catch-all handler does not know the validation error's class.",
        lambda r: replace(r, after=(*r.after, on_status(is_error, with_status(500)))),
    ),
    _fault(
        "media-type-is-text",
        "Answers carry JSON as text/html.",
        "The language's default content type, never overridden.",
        lambda r: replace(r, after=(*r.after, with_headers(("Content-Type", "text/html; charset=utf-8")))),
    ),
    _fault(
        "media-type-absent",
        "Answers have no Content-Type.",
        "Hand-written responses on a bare HTTP server.",
        lambda r: replace(r, after=(*r.after, without_header("Content-Type"))),
    ),
    _fault(
        "json-in-a-string",
        "Answers are JSON texts inside a JSON string.",
        "The document is serialized twice, by hand and by the framework.",
        lambda r: replace(r, after=(*r.after, with_document(json.dumps))),
    ),
    _fault(
        "json-with-byte-order-mark",
        "Answers begin with a byte order mark.",
        "A template or source file saved with a mark is echoed before the JSON.",
        lambda r: replace(r, encode=lambda document: b"\xef\xbb\xbf" + r.encode(document)),
    ),
    _fault(
        "answer-cut-short",
        "The connection closes before the announced length is reached.",
        "A worker is killed, or a length is counted before a rewrite of the body.",
        lambda r: replace(r, after=(*r.after, lambda call, answer: replace(answer, lost_bytes=7))),
    ),
    _fault(
        "allow-absent",
        "405 comes without Allow.",
        "A router that matches methods by hand.",
        lambda r: replace(r, after=(*r.after, without_header("Allow"))),
    ),
    _fault(
        "crash-on-emoji",
        "A character outside the basic plane ends in a 500.",
        "MySQL's three-byte utf8 character set.",
        lambda r: replace(r, before=(*r.before, crash(_has_emoji))),
    ),
    _fault(
        "crash-on-malformed-json",
        "A body that is no JSON ends in a 500.",
        "The parser's exception is not caught.",
        lambda r: replace(r, before=(*r.before, crash(lambda call: not _is_readable(call)))),
    ),
    _fault(
        "crash-on-array",
        "JSON other than an object ends in a 500.",
        "Members are looked up before the type is checked.",
        lambda r: replace(r, before=(*r.before, crash(_is_no_object))),
    ),
    _fault(
        "crash-on-wrong-type",
        "A member that is no string ends in a 500.",
        "String methods are called on whatever came.",
        lambda r: replace(r, before=(*r.before, crash(_has_typed_member))),
    ),
    _fault(
        "crash-on-depth",
        "Deep nesting ends in a 500.",
        "A recursive parser without a limit.",
        lambda r: replace(
            r,
            before=(
                *r.before,
                crash(lambda call: max(call.body.count(b"["), call.body.count(b"{")) > 5000),
            ),
        ),
    ),
    _fault(
        "crash-on-large-body",
        "A body of more than 256 KiB ends in a 500.",
        "A proxy's buffer limit, reported as an internal error.",
        lambda r: replace(r, before=(*r.before, crash(lambda call: len(call.body) > 256 << 10))),
    ),
    _fault(
        "error-in-a-list",
        "The error member is a list.",
        "A validator that collects errors, with its output passed through.",
        lambda r: replace(r, after=(*r.after, on_status(is_error, with_document(mapping("error", lambda e: [e]))))),
    ),
)
