"""Faults of HTTP and JSON, which either service can have."""

import json
import re
from base64 import b64decode
from contextlib import suppress
from dataclasses import replace
from typing import Final

from sendproof.mock.endpoint import HttpRules
from sendproof.mock.faults.edits import (
    crash,
    every,
    is_error,
    mapping,
    on_post,
    on_status,
    with_body,
    with_document,
    with_headers,
    with_status,
    without_header,
)
from sendproof.mock.faults.fault_model import Change, Fault
from sendproof.mock.http_messages import Answer, Call, UnreadableError, parse_json

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


def _repaired(rules: HttpRules, body: bytes) -> object:
    """Read a body, or else the first of its repairs that can be read."""
    bare = re.sub(rb"/\*.*?\*/|^//.*$", b"", body, flags=re.MULTILINE).strip()
    for repair in (body, bare, bare.replace(b",}", b"}"), bare + b"}", bare[:-1], bare[: len(bare) // 2]):
        with suppress(UnreadableError):
            return rules.parse(repair)
    return rules.parse(body)


def _cut_short(call: Call, answer: Answer) -> Answer:
    return answer if _is_readable(call) or call.method != "POST" else replace(answer, lost_bytes=7)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _has_typed_member(call: Call) -> bool:
    document = parse_json(call.body) if _is_readable(call) else None
    return isinstance(document, dict) and any(not isinstance(value, str) for value in document.values())


def _is_of_the_main_key(call: Call) -> bool:
    """Tell whether a request is one of the key that has no balance and no limit."""
    with suppress(ValueError):
        if b"mockKeyMain" in b64decode(call.headers.get("authorization", "").partition(" ")[2]):
            return True
    return "mockMain" in call.headers.get("x-api-key", "")


FAULTS: Final = (
    _fault(
        "error-page-is-html",
        "Errors are answered with an HTML page.",
        "The framework's own error handler, or a proxy's, replaces the envelope.",
        lambda r: replace(r, after=(*r.after, on_status(is_error, with_body(_HTML, "text/html; charset=utf-8")))),
        "tf.errors.json-object",
        "tl.errors.code-where-due",
    ),
    _fault(
        "error-is-empty",
        "Errors have no body.",
        "A gateway strips the bodies of upstream errors.",
        lambda r: replace(r, after=(*r.after, on_status(is_error, with_body(b"", "application/json")))),
        "tf.errors.json-object",
        "tl.errors.code-where-due",
    ),
    _fault(
        "error-answered-200",
        "Errors are answered with status 200.",
        "An RPC layer puts every outcome into the body.",
        lambda r: replace(r, after=(*r.after, on_post(on_status(is_error, with_status(200))))),
        "tf.errors.status-not-2xx",
        "tl.errors.status-not-2xx",
    ),
    _fault(
        "error-answered-500",
        "Errors of the client are answered with status 500.",
        "A catch-all handler does not know the validation error's class.",
        lambda r: replace(r, after=(*r.after, on_status(is_error, with_status(500)))),
        "http.robustness.no-server-error",
    ),
    _fault(
        "media-type-is-text",
        "Answers carry JSON as text/html.",
        "The language's default content type, never overridden.",
        lambda r: replace(r, after=(*r.after, with_headers(("Content-Type", "text/html; charset=utf-8")))),
        "http.robustness.json-media-type",
    ),
    _fault(
        "media-type-absent",
        "Answers have no Content-Type.",
        "Hand-written responses on a bare HTTP server.",
        lambda r: replace(r, after=(*r.after, without_header("Content-Type"))),
        "http.robustness.json-media-type-registered",
    ),
    _fault(
        "json-in-a-string",
        "Answers are JSON texts inside a JSON string.",
        "The document is serialized twice, by hand and by the framework.",
        lambda r: replace(r, after=(*r.after, with_document(json.dumps))),
        "tf.responses.json-object",
        "tl.responses.json-object",
    ),
    _fault(
        "json-with-byte-order-mark",
        "Answers begin with a byte order mark.",
        "A template or source file saved with a mark is echoed before the JSON.",
        lambda r: replace(r, encode=lambda document: b"\xef\xbb\xbf" + r.encode(document)),
        "http.robustness.json-without-mark",
    ),
    _fault(
        "allow-absent",
        "405 comes without Allow.",
        "A router that matches methods by hand.",
        lambda r: replace(r, after=(*r.after, without_header("Allow"))),
        "http.robustness.allow-field",
    ),
    _fault(
        "crash-on-emoji",
        "A character outside the basic plane ends in a 500.",
        "MySQL's three-byte utf8 character set.",
        lambda r: replace(r, before=(*r.before, crash(_has_emoji))),
        "http.robustness.no-server-error",
    ),
    _fault(
        "crash-on-malformed-json",
        "A body that is no JSON ends in a 500.",
        "The parser's exception is not caught.",
        lambda r: replace(r, before=(*r.before, crash(lambda call: not _is_readable(call)))),
        "http.robustness.no-server-error",
    ),
    _fault(
        "crash-on-array",
        "JSON other than an object ends in a 500.",
        "Members are looked up before the type is checked.",
        lambda r: replace(r, before=(*r.before, crash(_is_no_object))),
        "http.robustness.no-server-error",
    ),
    _fault(
        "crash-on-wrong-type",
        "A member that is no string ends in a 500.",
        "String methods are called on whatever came.",
        lambda r: replace(r, before=(*r.before, crash(_has_typed_member))),
        "http.robustness.no-server-error",
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
        "http.robustness.no-server-error",
    ),
    _fault(
        "crash-on-large-body",
        "A body of more than 256 KiB ends in a 500.",
        "A proxy's buffer limit, reported as an internal error.",
        lambda r: replace(r, before=(*r.before, crash(lambda call: len(call.body) > 256 << 10))),
        "http.robustness.no-server-error",
    ),
    _fault(
        "error-in-a-list",
        "The error member is a list.",
        "A validator that collects errors, with its output passed through.",
        lambda r: replace(r, after=(*r.after, on_status(is_error, with_document(mapping("error", lambda e: [e]))))),
        "tf.errors.error-text",
    ),
    _fault(
        "dropped-on-malformed-json",
        "A body that is no JSON drops the connection.",
        "The worker dies of an exception that nobody catches.",
        lambda r: replace(r, after=(*r.after, _cut_short)),
        "http.robustness.answered",
    ),
    _fault(
        "malformed-json-repaired",
        "What is not quite JSON is made some: comments, commas, a missing brace, more after the end.",
        "A parser for settings files.",
        lambda r: replace(r, parse=lambda body: _repaired(r, body)),
        "http.requests.not-json",
    ),
    _fault(
        "crash-on-surrogate",
        "A lone surrogate ends in a 500.",
        "The text cannot be encoded for the database.",
        lambda r: replace(r, before=(*r.before, crash(lambda call: b"\\ud800" in call.body.lower()))),
        "http.robustness.no-server-error",
    ),
    _fault(
        "crash-on-nul",
        "U+0000 ends in a 500.",
        "A database that cannot keep it.",
        lambda r: replace(r, before=(*r.before, crash(lambda call: b"\\u0000" in call.body))),
        "http.robustness.no-server-error",
    ),
    _fault(
        "crash-on-invalid-utf8",
        "Bytes that are no UTF-8 end in a 500.",
        "The decoder's exception is not caught.",
        lambda r: replace(r, before=(*r.before, crash(lambda call: not _is_utf8(call.body)))),
        "http.robustness.no-server-error",
    ),
    _fault(
        "crash-on-empty-body",
        "A request without a body ends in a 500.",
        "The parser is given nothing.",
        lambda r: replace(r, before=(*r.before, crash(lambda call: call.method == "POST" and not call.body.strip()))),
        "http.robustness.no-server-error",
    ),
    _fault(
        "crash-now-and-then",
        "One request in twenty ends in a 500.",
        "One of twenty workers has lost its database.",
        lambda r: replace(
            r,
            before=(
                *r.before,
                crash(
                    lambda call: every(20, call) and _is_of_the_main_key(call) and b"idempotencyKey" not in call.body
                ),
            ),
        ),
        "http.robustness.server-errors-rare",
        "tf.errors.internal-error",
    ),
)
