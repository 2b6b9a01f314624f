"""What HTTP and JSON leave open to either service."""

import gzip
from dataclasses import replace
from functools import partial
from typing import Any, Final

from sendproof.mock.endpoint import HttpRules
from sendproof.mock.faults.edits import (
    every,
    on_status,
    reversed_members,
    with_document,
    with_headers,
    with_status,
)
from sendproof.mock.faults.fault_model import Change, Variant
from sendproof.mock.http_messages import Answer, Call, parse_json


def _variant(name: str, summary: str, permission: str, change: Change[HttpRules]) -> Variant[HttpRules]:
    return Variant(name=name, provider="both", summary=summary, permission=permission, change=change)


def _gzipped(call: Call, answer: Answer) -> Answer:
    if "gzip" not in call.headers.get("accept-encoding", "") or not answer.body:
        return answer
    header = with_headers(("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
    return header(call, replace(answer, body=gzip.compress(answer.body, compresslevel=1)))


def _slow(call: Call, answer: Answer) -> Answer:
    return replace(answer, delay_s=0.005 * (1 + call.ordinal * 7 % 5))


def _same(document: Any) -> Any:
    return document


def _timed_out_at_times(call: Call) -> Answer | None:
    return Answer(status=408, headers=(("Connection", "close"),), body=b"") if every(37, call) else None


VARIANTS: Final = (
    _variant(
        "gzip",
        "Answers are compressed.",
        "RFC 9110, 8.4; the client offers it.",
        lambda r: replace(r, after=(*r.after, _gzipped)),
    ),
    _variant(
        "chunked",
        "Answers come in chunks of 7 bytes.",
        "RFC 9112, 7.1.",
        lambda r: replace(r, after=(*r.after, lambda call, answer: replace(answer, piece_bytes=7))),
    ),
    _variant(
        "slow",
        "Answers take 5 to 25 ms.",
        "No time is promised.",
        lambda r: replace(r, after=(*r.after, _slow)),
    ),
    _variant(
        "connection-close",
        "The connection closes after each answer.",
        "RFC 9112, 9.6.",
        lambda r: replace(r, after=(*r.after, with_headers(("Connection", "close")))),
    ),
    _variant(
        "members-reversed",
        "JSON members stand in another order.",
        "RFC 8259, 4: members are unordered.",
        lambda r: replace(r, after=(*r.after, with_document(reversed_members))),
    ),
    _variant(
        "json-indented",
        "JSON is indented.",
        "RFC 8259, 2: white space is insignificant.",
        lambda r: replace(r, after=(*r.after, with_document(_same, indent=2))),
    ),
    _variant(
        "media-type-with-charset",
        "Content-Type has a charset.",
        "RFC 9110, 8.3.1: parameters.",
        lambda r: replace(r, after=(*r.after, with_headers(("Content-Type", "application/json; charset=utf-8")))),
    ),
    _variant(
        "more-headers",
        "Answers have headers of their own.",
        "RFC 9110, 5.1: fields are extensible.",
        lambda r: replace(
            r,
            after=(
                *r.after,
                with_headers(
                    ("X-Request-Id", "4f1c"),
                    ("X-RateLimit-Remaining", "97"),
                    ("Cache-Control", "no-store"),
                ),
            ),
        ),
    ),
    _variant(
        "any-media-type",
        "JSON is read whatever Content-Type says.",
        "The documents do not say.",
        lambda r: replace(r, media_type_is_accepted=lambda value: True),
    ),
    _variant(
        "repeated-names",
        "Of a name that stands twice the last one counts.",
        "RFC 8259, 4: SHOULD be unique.",
        lambda r: replace(r, parse=partial(parse_json, repeated_names=True)),
    ),
    _variant(
        "other-methods-404",
        "Other methods are answered 404.",
        "The documents do not say.",
        lambda r: replace(r, after=(*r.after, on_status(lambda status: status == 405, with_status(404)))),
    ),
    _variant(
        "body-limit-16k",
        "Bodies of more than 16 KiB are refused.",
        "The documents do not say.",
        lambda r: replace(r, body_bytes_limit=16 << 10),
    ),
    _variant(
        "load-balancer",
        "One request in 37 is answered with an empty 408.",
        "It is no answer of the service.",
        lambda r: replace(r, before=(*r.before, _timed_out_at_times)),
    ),
    _variant(
        "text-json",
        "Answers are of the media type text/json.",
        "Clients read it as JSON; the registered name is advice.",
        lambda r: replace(r, after=(*r.after, with_headers(("Content-Type", "text/json")))),
    ),
)
