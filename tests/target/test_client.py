from __future__ import annotations

import dataclasses
import gzip
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from sendproof.exchange import Exchange
from sendproof.mock.server import MockServer
from sendproof.target.binding import Unbindable
from sendproof.target.budget import BudgetSpent
from sendproof.target.client import unique_nonces
from sendproof.target.pacing import WallClock
from sendproof.target.profile import Budget
from sendproof.target.recipients import Withheld
from sendproof.target.transport import KEPT_BYTES, NOTE

from .support import case_of, client_to, parse, profile_of

Script = Callable[[socket.socket], None]


def _is_whole(received: bytes, end: bytes) -> bool:
    """Tell whether a request was read to its end: closing before that resets the connection."""
    head, mark, body = received.partition(end)
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(mark) and (length is None or len(body) >= int(length[1]))


@contextmanager
def misbehaving(script: Script, end: bytes = b"\r\n\r\n") -> Iterator[str]:
    """Serve one raw answer to each connection, after its request was read up to `end`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(2.0)
                    received = b""
                    while not _is_whole(received, end) and (piece := connection.recv(65536)):
                        received += piece
                    script(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def answer(body: bytes, head: str = "HTTP/1.1 200 OK", *fields: str, length: int | None = None) -> Script:
    size = len(body) if length is None else length
    lines = [head, *fields, f"Content-Length: {size}", "Connection: close", "", ""]
    return lambda connection: connection.sendall("\r\n".join(lines).encode("latin-1") + body)


def ask(script: Script, timeout_s: float = 5.0) -> Exchange:
    with misbehaving(script) as url, client_to(profile_of("textflow", url, timeout_s=timeout_s)) as client:
        return client.send(case_of("textflow"))


def hang(connection: socket.socket) -> None:
    connection.settimeout(1.0)
    connection.recv(65536)
    connection.recv(65536)


def drip(start: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(60):
            connection.sendall(b"a")
            time.sleep(0.02)

    return script


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


FAILURES: dict[str, tuple[Script, str]] = {
    "hang": (hang, "timeout"),
    "drip of content": (drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"), "timeout"),
    "drip of a field": (drip(b"HTTP/1.1 200 OK\r\nX: "), "timeout"),
    "reset": (reset, "dropped"),
    "close": (lambda connection: None, "dropped"),
    "truncated": (answer(b"{}", length=10), "dropped"),
    "no http": (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"), "protocol"),
    "bad chunk": (
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        "protocol",
    ),
    "two lengths": (answer(b"{}", "HTTP/1.1 200 OK", "Content-Length: 7"), "protocol"),
}


@pytest.mark.parametrize(("script", "failure"), FAILURES.values(), ids=FAILURES)
def test_misbehaviour_becomes_a_failure(script: Script, failure: str) -> None:
    started = time.monotonic()
    exchange = ask(script, timeout_s=0.2 if failure == "timeout" else 5.0)
    assert (exchange.failure, exchange.response) == (failure, None)
    assert time.monotonic() - started < 3.0


def test_refused_connection_becomes_a_failure_and_frees_its_slot() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with client_to(profile_of("textflow", f"http://127.0.0.1:{port}")) as client:
        assert client.send(case_of("textflow")).failure == "connect"
        assert client._budget.committed == 0


def test_target_without_tls_becomes_a_failure() -> None:
    with misbehaving(answer(b""), end=b"\x16\x03") as url:  # the first bytes of a TLS handshake
        profile = profile_of("textflow", url.replace("http:", "https:"))
        with client_to(profile) as client:
            assert client.send(case_of("textflow")).failure == "tls"


def test_lost_answer_keeps_its_slot() -> None:
    with misbehaving(reset) as url, client_to(profile_of("textflow", url), budget=Budget(max_accepted=1)) as client:
        client.send(case_of("textflow"))
        with pytest.raises(BudgetSpent):
            client.send(case_of("textflow"))


def test_redirect_is_not_followed() -> None:
    exchange = ask(answer(b"", "HTTP/1.1 307 Temporary Redirect", "Location: http://127.0.0.1:1/"))
    assert exchange.response is not None
    assert exchange.response.status == 307


def test_huge_content_is_cut() -> None:
    exchange = ask(answer(b"a" * (3 * KEPT_BYTES)))
    assert exchange.response is not None
    assert len(exchange.response.body) == KEPT_BYTES
    assert exchange.response.header(NOTE) == f"content was cut after {KEPT_BYTES} bytes"


def test_packed_content_is_cut() -> None:
    exchange = ask(answer(gzip.compress(b"a" * (40 * KEPT_BYTES)), "HTTP/1.1 200 OK", "Content-Encoding: gzip"))
    assert exchange.response is not None
    assert len(exchange.response.body) == KEPT_BYTES


PACKED: dict[str, tuple[bytes, str, bytes, str | None]] = {
    "gzip": (gzip.compress(b"{}"), "gzip", b"{}", None),
    "identity": (b"{}", "identity", b"{}", None),
    "empty": (b"", "gzip", b"", None),
    "plain after all": (b'{"a": 1}', "gzip", b'{"a": 1}', "content-coding gzip could not be decoded"),
    "torn": (
        gzip.compress(b"{}")[:-6],
        "gzip",
        b"",
        "content-coding gzip could not be decoded; 16 bytes were not kept",
    ),
    "unknown": (b"\xff", "br", b"", "content-coding br could not be decoded; 1 bytes were not kept"),
}


@pytest.mark.parametrize(("sent", "coding", "body", "note"), PACKED.values(), ids=PACKED)
def test_coding_of_content_is_survived(sent: bytes, coding: str, body: bytes, note: str | None) -> None:
    response = ask(answer(sent, "HTTP/1.1 200 OK", f"Content-Encoding: {coding}")).response
    assert response is not None
    assert (response.body, response.header(NOTE)) == (body, note)


def echo(request: httpx.Request) -> httpx.Response:
    shown = repr([request.url.query, request.headers.raw]).encode() + request.content
    return httpx.Response(400, headers={"X-Seen": request.headers.get("X-API-Key", "")}, content=shown)


@pytest.mark.parametrize("how", ["exact", "unknown", "case", "prefix", "extended", "query", "bearer"])
def test_exchange_holds_no_secret(how: str) -> None:
    profile = profile_of("textflow")
    with client_to(profile, httpx.MockTransport(echo)) as client:
        exchange = client.send(case_of("textflow", presents=how, query="a=1"))
    secret = profile.keys["main"][0].value
    for form in (secret, secret.swapcase(), secret[:-4], "sk_live"):
        assert form not in repr(exchange)
    assert exchange.case == "c1"


def test_exact_bytes_are_sent_and_recorded() -> None:
    seen: list[bytes] = []

    def accept(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        return httpx.Response(200)

    with client_to(profile_of("textflow"), httpx.MockTransport(accept)) as client:
        exchange = client.send(case_of("textflow", body=b'{"to": \xff  "@{recipient}"'))
    assert seen == [b'{"to": \xff  "+12025550123"'] == [exchange.request.body]
    assert exchange.request.headers == (("Content-Type", "application/json"),)


def test_stranger_is_withheld_and_counted() -> None:
    with client_to(profile_of("textflow"), httpx.MockTransport(echo)) as client:
        with pytest.raises(Withheld, match=r"^case c1: expected an allowed recipient, .*\+1\*{8}34"):
            client.send(case_of("textflow", body=b'{"to": "+12012661234"}'))
        assert dataclasses.astuple(client.traffic) == (0, 0, 1)


def test_case_that_lacks_a_fixture_spends_nothing() -> None:
    profile = profile_of("textflow", fixtures={})
    with client_to(profile, httpx.MockTransport(echo)) as client, pytest.raises(Unbindable):
        client.send(case_of("textflow", key="inactive"))
    assert client.traffic.requests == 0


def test_the_same_nonce_gives_the_same_request() -> None:
    with client_to(profile_of("textflow"), httpx.MockTransport(echo)) as client:
        case = case_of("textflow")
        first, second, third = (client.send(case, nonce=nonce) for nonce in ("a" * 24, "a" * 24, None))
    assert first.request == second.request != third.request
    assert [first.id, second.id, third.id] == ["x1", "x2", "x3"]


def test_nonces_are_24_letters_and_digits() -> None:
    nonces = [*zip(unique_nonces(), range(3), strict=False)]
    assert all(re.fullmatch("[0-9A-Za-z]{24}", nonce) for nonce, _ in nonces)
    assert len({nonce for nonce, _ in nonces}) == 3


def test_requests_are_sent_together() -> None:
    together = threading.Barrier(8, timeout=5)

    def accept(request: httpx.Request) -> httpx.Response:
        together.wait()
        return httpx.Response(200, content=request.content)

    with client_to(profile_of("textflow"), httpx.MockTransport(accept)) as client:
        exchanges = client.send_together([case_of("textflow", id=f"c{n}") for n in range(8)])
        assert client.send_together([]) == []
    assert [(e.id, e.case) for e in exchanges] == [(f"x{n + 1}", f"c{n}") for n in range(8)]
    assert client.traffic.accepted == 8


class _SlowClock(WallClock):
    """Take so long to tell the time, one at a time, that no two requests begin near each other."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            time.sleep(0.03)
            return super().now()


def test_requests_that_are_sent_together_overlap_on_the_slowest_machine() -> None:
    with client_to(profile_of("textflow"), httpx.MockTransport(echo), clock=_SlowClock()) as client:
        exchanges = client.send_together([case_of("textflow")] * 4)
    assert max(e.started_s for e in exchanges) < min(e.started_s + e.elapsed_s for e in exchanges)
    assert all(e.response and b"hi " in e.response.body for e in exchanges)


def test_who_cannot_be_sent_is_not_waited_for() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    class Failing(httpx.MockTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return self.handler(request)  # type: ignore[return-value]  # before any of the content is read

    began_s = time.monotonic()
    with client_to(profile_of("textflow"), Failing(fail)) as client:
        exchanges = client.send_together([case_of("textflow")] * 3)
    assert [e.failure for e in exchanges] == ["connect"] * 3
    assert time.monotonic() - began_s < 1


def test_group_beyond_the_budget_is_not_sent() -> None:
    with client_to(profile_of("textflow"), httpx.MockTransport(echo), Budget(max_accepted=4)) as client:
        with pytest.raises(BudgetSpent, match="0 of 4 accepted"):
            client.send_together([case_of("textflow")] * 4)
        assert len(client.send_together([case_of("textflow")] * 3)) == 3


@pytest.mark.parametrize("name", ["textflow", "textingline"])
def test_mock_accepts_what_the_client_sends(name: str) -> None:
    with MockServer(name) as server, client_to(parse(server.profile())) as client:  # type: ignore[arg-type]  # one of its names
        exchanges = [client.send(case_of(name)), *client.send_together([case_of(name)] * 4)]
        refused = client.send(case_of(name, presents="missing", expects="refuse"))
        assert all(e.response and e.response.status < 300 for e in exchanges)
        assert refused.response is not None
        assert refused.response.status >= 400
        assert dataclasses.astuple(client.traffic) == (6, 5, 0) == (server.request_count, server.accepted_count, 0)
