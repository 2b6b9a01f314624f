"""What a target writes costs as much time as it is long: redaction, reading, judging, reports.

Time is that of the process, the least of several attempts, so that a busy machine does not matter. An answer twice as
long may take two and a half times as long: what grows with the square takes four times as long. Measured are four such
steps at once, since what no longer fits a cache costs more at one of them.
"""

from __future__ import annotations

import base64
import gc
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from sendproof.contract.model import Contract, load_contract
from sendproof.exchange import Credential, Exchange, Request, Response
from sendproof.judge.history import judge
from sendproof.judge.parsing import answer_of, parse
from sendproof.judge.verdicts import RunFacts, verdicts
from sendproof.reports.pages.messages import shown_exchange
from sendproof.reports.signature import signature
from sendproof.reports.write import write_reports
from sendproof.target.profile import Secret
from sendproof.target.pseudonyms import Pseudonyms
from sendproof.target.redaction import Redactor
from sendproof.target.transport import KEPT_BYTES
from tests.judge.support import ACCOUNT, RECIPIENT, SENDER
from tests.reports.support import run_of
from tests.target.support import profile_of

ID, SECRET = "key-id-4f7Qz3Tb9L", "sk_live_p2VdXw8/Hx+8Rw1Nc6YmFj=="
KEYS = {"main": (Secret(value=ID), Secret(value=SECRET))}
PROFILE = profile_of("textingline")
CONTRACT = load_contract("textingline")
ASKED = json.dumps({"to": RECIPIENT, "from": SENDER, "body": "hello 0123456789 there"}).encode()
# What takes less for a megabyte is too little to be measured, and does not grow dangerously.
LEAST_S = 0.05
TIMES = 16
MOST_GROWTH = 2.5**4
ATTEMPTS = 6


def _numbers(size: int) -> bytes:
    return b" ".join(b"+1%010d" % (2_012_340_000 + 7_919 * index) for index in range(size // 13))


def _names(size: int) -> bytes:
    return b"{" + b",".join(b'"k%d":%d' % (index, index) for index in range(size // 14)) + b"}"


def _repeated(piece: str | bytes, before: str | bytes = b"", after: str | bytes = b"") -> Callable[[int], bytes]:
    unit, start, end = (item.encode() if isinstance(item, str) else item for item in (piece, before, after))
    return lambda size: start + unit * ((size - len(start) - len(end)) // len(unit)) + end


def _under_a_long_name(size: int) -> bytes:
    return b'{"' + b"n" * (size // 2) + b'":' + _names(size // 2) + b"}"


HOSTILE: Mapping[str, Callable[[int], bytes]] = {
    "secret in a name": _repeated("secret", '{"', '":"abcdefgh1jklmnop"}'),
    "secret in a text": _repeated("secret", '{"body":"', '"}'),
    "secret in a refusal": _repeated("secret", '{"message":"', '","code":33001}'),
    "names of secrets": _repeated('"api_key":"abcdefgh1jklmnop",'),
    "names of secrets, without an end": _repeated('"api_key":"', after="a"),
    "secrets": _repeated(SECRET),
    "ids": _repeated(f"{ID},"),
    "pairs": _repeated(base64.b64encode(f"{ID}:{SECRET}".encode())),
    "near secrets": _repeated(SECRET[8:15] + "~"),
    "one letter of a secret": _repeated("p"),
    "secrets in hexadecimal digits": _repeated(SECRET.encode().hex()),
    "quotes": _repeated('"', after="[" * 40),
    "escaped quotes": _repeated('\\"', after="[" * 33),
    "backslashes": _repeated("\\", '"', "[" * 40),
    "texts without an end": _repeated('"body":"\\'),
    "brackets": _repeated("["),
    "brackets that close": _repeated("[]", "[", "]"),
    "objects": _repeated('{"a":', after="1"),
    "digits": _repeated("2"),
    "digits apart": _repeated("2 "),
    "digits and dots": _repeated("2.-"),
    "plus signs": _repeated("+"),
    "plus signs and digits": _repeated("+1"),
    "numbers": _numbers,
    "a number again and again": _repeated("+14152370171,"),
    "formatted numbers": _repeated("(303) 867-5309 "),
    "base64": _repeated("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo"),
    "emoji": _repeated("😀", '{"body":"', '"}'),
    "marks": _repeated("é\u0301\u200d", '{"body":"', '"}'),
    "NUL": _repeated("\0"),
    "lone surrogates": _repeated("\\ud800", '{"body":"', '"}'),
    "invalid UTF-8": _repeated(b"\xff\xc0"),
    "many names": _names,
    "duplicate names": _repeated('"a":1,', "{", '"b":2}'),
    "a long name": _repeated("n", '{"', '":1}'),
    "many names under a long one": _under_a_long_name,
    "percent signs": _repeated("%2B%"),
    "HTML": _repeated("<a href='x'>&amp;"),
    "texts": _repeated('"body":"some text of somebody else",', "{", '"b":2}'),
    "short texts": _repeated('"body":"",', "{", '"b":2}'),
    "codes": _repeated("33001,", "[", "1]"),
    "codes in a text": _repeated("33001 ", '{"message":"', '"}'),
    "words": _repeated("Ab", '{"message":"', '"}'),
    "words apart": _repeated("a_", '{"error":"', '"}'),
    "blanks": _repeated(" ", "{", "}"),
    "line ends": _repeated("\\r\\n", '{"message":"', '"}'),
    "commands": _repeated("##ww", '{"message":"', '"}'),
    "times": _repeated("2026-11-26T00:00:00.", '{"createdAt":"', '"}'),
    "large numbers": _repeated("9" * 4000 + ",", "[", "1]"),
    "numbers out of range": _repeated("1e400,", "[", "1]"),
}


def _redactor() -> Redactor:
    return Redactor(CONTRACT.provider, KEYS, Pseudonyms(PROFILE))


def _exchange(status: int, body: bytes) -> Exchange:
    fields = (("Content-Type", "application/json"),)
    return Exchange(
        id="x1",
        request=Request(method="POST", path="/api/v1/messaging/message", headers=fields, body=ASKED),
        response=Response(status=status, headers=fields, body=body),
        credential=Credential(key="main"),
        started_s=1.0,
        elapsed_s=0.01,
    )


def _redacting(body: bytes) -> Callable[[], object]:
    redactor, text = _redactor(), body.decode("utf-8", "surrogateescape")

    def redact() -> None:
        redactor.answered(body, ASKED, accepted=True, presented=(f"{SECRET}abcd",))
        redactor.asked(body)
        redactor.text(text)

    return redact


def _answering_a_long_request(body: bytes) -> Callable[[], object]:
    redactor = _redactor()
    return lambda: redactor.answered(body, body, accepted=True)


def _parsing(body: bytes) -> Callable[[], object]:
    return lambda: (parse(body), answer_of(Response(status=200, body=body)))


def _judging(body: bytes) -> Callable[[], object]:
    return lambda: [judge(CONTRACT, ACCOUNT, [_exchange(status, body)]) for status in (201, 400)]


def _reporting(folder: Path, contract: Contract, body: bytes) -> Callable[[], object]:
    exchange = _exchange(400, body)
    judged = judge(contract, ACCOUNT, [exchange])
    found = verdicts(contract, judged, RunFacts())
    run = run_of(provider="textingline", exchanges=(exchange,), verdicts=found)

    def report() -> None:
        write_reports(run, contract, folder)
        shown_exchange(exchange)
        for item in found:
            signature(item, {"x1": exchange})

    return report


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _least_s(prepare: Callable[[bytes], Callable[[], object]], body: bytes) -> float:
    work = prepare(body)
    with _no_collection():
        start = time.process_time()
        work()
        return time.process_time() - start


def _growth(prepare: Callable[[bytes], Callable[[], object]], made: Callable[[int], bytes], size: int) -> float:
    """Return how many times as long `TIMES` as much takes; 0 where it is too little to be measured."""
    one, two = made(size // TIMES), made(size)
    least = [float("inf"), float("inf")]
    for _ in range(ATTEMPTS):
        least = [min(known, _least_s(prepare, body)) for known, body in zip(least, (one, two), strict=True)]
        if least[1] < LEAST_S or least[1] <= MOST_GROWTH * least[0]:
            break
    return 0.0 if least[1] < LEAST_S else least[1] / least[0]


STEPS = {
    "redaction": _redacting,
    "parsing": _parsing,
    "judging": _judging,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("step", STEPS)
def test_time_grows_as_the_answer_does(step: str, kind: str) -> None:
    assert _growth(STEPS[step], HOSTILE[kind], KEPT_BYTES) <= MOST_GROWTH


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_time_of_reports_grows_as_the_answer_does(kind: str, tmp_path: Path) -> None:
    assert _growth(lambda body: _reporting(tmp_path, CONTRACT, body), HOSTILE[kind], KEPT_BYTES) <= MOST_GROWTH


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["secrets", "texts", "short texts", "numbers", "digits", "escaped quotes", "many names"]
)
def test_time_grows_as_the_answer_to_a_long_request_does(kind: str) -> None:
    assert _growth(_answering_a_long_request, HOSTILE[kind], KEPT_BYTES) <= MOST_GROWTH


# So long that a square would show: half a second and more where a megabyte takes minutes.
SHORT_BYTES = 1 << 16
MOST_SHORT_S = 1.0


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (_redacting, "secret in a name"),
        (_redacting, "texts without an end"),
        (_answering_a_long_request, "texts"),
        (_parsing, "escaped quotes"),
        (_judging, "many names under a long one"),
    ],
)
def test_no_answer_takes_long(step: Callable[[bytes], Callable[[], object]], kind: str) -> None:
    body = HOSTILE[kind](SHORT_BYTES)
    assert min(_least_s(step, body) for _ in itertools.repeat(None, 2)) < MOST_SHORT_S
