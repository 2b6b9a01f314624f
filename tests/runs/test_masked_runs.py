"""Real numbers change nothing: what is judged are their stand-ins, and the verdicts are the same."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from sendproof.contract.model import load_provider
from sendproof.judge.history import judge
from sendproof.judge.verdicts import verdicts
from sendproof.mock.accounts import Provider
from sendproof.mock.server import MockServer
from sendproof.runs.asking import Providers, RunTarget, open_conversation
from sendproof.runs.trial import LIVE_BUDGET, load_contract_once, plan_once
from sendproof.target.pacing import MovedClock
from sendproof.target.profile_loader import parse_profile

pytestmark = pytest.mark.slow
# The mock's areas and exchange, and those of numbers that somebody may have: the last four digits stay.
AREAS = {"202555": "202266", "312555": "312266", "415555": "415266", "212555": "212266"}


def _renumbered(data: bytes, areas: Mapping[str, str]) -> bytes:
    for own, other in areas.items():
        for shape in ("{0}{1}01", "({0}) {1}-01"):
            one, two = (shape.format(area[:3], area[3:]).encode() for area in (own, other))
            data = data.replace(one, two)
    return data


@contextmanager
def renumbering(port: int) -> Iterator[str]:
    """Stand before a mock and make its numbers others, in both directions."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are written one after the other: the second would wait 40 ms for an acknowledgement.
        disable_nagle_algorithm = True

        def _forward(self) -> None:
            upstream = http.client.HTTPConnection("127.0.0.1", port)
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value.encode("latin-1"))
            upstream.endheaders(_renumbered(sent, {real: own for own, real in AREAS.items()}))
            answer = upstream.getresponse()
            body = _renumbered(answer.read(), AREAS)
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            upstream.close()

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _forward

        def log_message(self, format: str, *args: Any) -> None:
            """Keep no log."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()


def _renumber(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _renumber(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_renumber(item) for item in value]
    return _renumbered(value.encode(), AREAS).decode() if isinstance(value, str) else value


def _verdicts(provider: Provider, mock: MockServer, data: dict[str, Any]) -> tuple[dict[str, tuple[str, str]], bytes]:
    profile = parse_profile(data, where="p", name="p", providers=Providers(), environ={})
    here = RunTarget(profile=profile, provider=load_provider(provider), clock=MovedClock(mock.advance), kind="mock")
    contract, plan = load_contract_once(provider), plan_once(provider, 0, 8)
    with open_conversation(here, contract, plan, show_progress=_nothing, keep=_nothing) as talk:
        talk.conversation.hold()
    assert talk.evidence.stopped is None, talk.evidence.environment_error
    exchanges = talk.evidence.exchanges
    found = verdicts(contract, judge(contract, talk.account, exchanges), talk.circumstances(contract, plan))
    kept = b"".join(part.body for item in exchanges for part in (item.request, item.response) if part)
    return {item.clause.id: (item.verdict, item.observed or "") for item in found}, kept


@pytest.mark.parametrize(
    ("provider", "fault"),
    [
        ("textflow", None),
        ("textflow", "ten-digits-without-country"),
        ("textingline", None),
        ("textingline", "opted-out-as-invalid-content"),
    ],
)
def test_verdicts_are_the_same_with_numbers_that_are_masked(provider: Provider, fault: str | None) -> None:
    with MockServer(provider, fault=fault) as mock:
        plain, _ = _verdicts(provider, mock, {**mock.profile(), "budget": LIVE_BUDGET})
    with MockServer(provider, fault=fault) as mock, renumbering(int(mock.base_url.rpartition(":")[2])) as url:
        data = {**_renumber(mock.profile()), "base_url": url, "budget": LIVE_BUDGET}
        masked, kept = _verdicts(provider, mock, data)
    assert {name: verdict for name, (verdict, _) in masked.items()} == {name: v for name, (v, _) in plain.items()}
    account = data["account"]
    real = [number[2:].encode() for name in ("recipients", "senders") for number in account[name]]
    assert not [number for number in real if number in kept]


def _nothing(*told: object, **more: object) -> None:
    """Take what nobody looks at."""
