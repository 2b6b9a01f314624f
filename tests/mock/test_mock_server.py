"""Mocks served from a thread, a process and in place."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sendproof.mock import __main__ as command
from sendproof.mock import accounts, textflow
from sendproof.mock.accounts import Settings
from sendproof.mock.control import ADVANCE, STATS
from sendproof.mock.server import MockProcess, MockServer, listen, serve
from sendproof.mock.virtual_clock import VirtualClock

SMS = {"to": accounts.RECIPIENTS[0], "message": "Hello"}
KEYS = {role: key.value for role, key in accounts.textflow_keys(Settings()).items()}
MAIN = {"X-API-Key": KEYS["main"]}


def client(base_url: str) -> httpx.Client:
    return httpx.Client(base_url=base_url, headers=MAIN, verify=False)


def test_server_stops_at_once_with_open_connections() -> None:
    # The best of a few: a loaded machine may hold any one of them up.
    assert min(_stop_s() for _ in range(5)) < 0.5


def _stop_s() -> float:
    server = MockServer("textflow")
    server.__enter__()
    with client(server.base_url) as opened:
        assert opened.post(textflow.PATH, json=SMS).is_success
        started = time.perf_counter()
        server.__exit__(None, None, None)
        return time.perf_counter() - started


def test_server_lets_an_answer_under_way_finish() -> None:
    with MockServer("textflow", variant="slow") as server:
        opened = client(server.base_url)
        answers: list[int] = []
        thread = threading.Thread(target=lambda: answers.append(opened.post(textflow.PATH, json=SMS).status_code))
        thread.start()
        while server.request_count == 0:
            time.sleep(0.0005)
    thread.join()
    opened.close()
    assert answers == [200]


def test_server_closes_connections_that_stay_half_asked() -> None:
    with MockServer("textflow") as server:
        port = int(server.base_url.rpartition(":")[2])
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        while server.request_count == 0:
            time.sleep(0.0005)
    with connection:
        assert connection.recv(1) in (b"", b"H")


def test_server_counts_and_takes_a_clock() -> None:
    clock = VirtualClock()
    with MockServer("textflow", clock=clock) as server, client(server.base_url) as opened:
        opened.post(textflow.PATH, json=SMS)
        opened.post(textflow.PATH, json={})
        assert (server.request_count, server.accepted_count) == (2, 1)
        before = clock.now()
        server.advance(60)
        assert clock.now() >= before + 60


def test_server_has_no_control_routes() -> None:
    with MockServer("textflow") as server, client(server.base_url) as opened:
        assert opened.get(STATS).status_code == 404


def test_server_describes_itself() -> None:
    with MockServer("textflow", limit_per_minute=3, window_s=2.0) as server:
        described: dict[str, Any] = server.profile()
    assert described["base_url"] == server.base_url
    assert described["fixtures"]["rate_limited"]["limit_per_minute"] == 3
    assert described["fixtures"]["rate_limited"]["window_s"] == 2.0


@pytest.mark.parametrize("variant", ["chunked", "connection-close"])
def test_variant_of_the_wire_is_readable(variant: str) -> None:
    with MockServer("textflow", variant=variant) as server, client(server.base_url) as opened:
        for _ in range(2):
            response = opened.post(textflow.PATH, json=SMS)
            assert response.json()["success"] is True
        wire = (response.headers.get("transfer-encoding"), response.headers.get("connection"))
    assert wire == {"chunked": ("chunked", None), "connection-close": (None, "close")}[variant]


def test_cut_answer_ends_in_a_protocol_error() -> None:
    with (
        MockServer("textflow", fault="dropped-on-malformed-json") as server,
        client(server.base_url) as opened,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        opened.post(textflow.PATH, content=b"{")


def test_process_is_served_moved_and_counted() -> None:
    with (
        MockProcess("textflow", fault="success-as-text", variant="accepted-202", limit_per_minute=1) as process,
        client(process.base_url) as opened,
    ):
        response = opened.post(textflow.PATH, json=SMS)
        assert (response.status_code, response.json()["success"]) == (202, "true")
        limited = {"X-API-Key": KEYS["rate_limited"]}
        statuses = [opened.post(textflow.PATH, json=SMS, headers=limited).status_code for _ in range(2)]
        process.advance(60)
        statuses.append(opened.post(textflow.PATH, json=SMS, headers=limited).status_code)
        assert statuses == [202, 429, 202]
        assert (process.request_count, process.accepted_count) == (4, 3)
        refused = opened.post(ADVANCE, content=b"{}")
        assert refused.status_code == 400
        described: dict[str, Any] = process.profile()
        assert described["base_url"] == process.base_url
        assert process.exit_status is None
    assert process.exit_status == 0


def test_process_that_cannot_start_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        pytest.raises(RuntimeError, match="expected a port"),
        MockProcess("textflow", fault="no-such"),
    ):
        pass
    assert "no fault or variant is named 'no-such'" in capfd.readouterr().err


def test_command_serves_until_its_input_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.close(writer)
    with os.fdopen(reader) as ended:
        monkeypatch.setattr("sys.stdin", ended)
        assert command.main(["textflow", "--until-stdin-closes"]) == 0
    assert json.loads(capsys.readouterr().out)["port"] > 0


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"seconds": "1"}', b'{"seconds": true}', b'{"seconds": -1}'])
def test_control_refuses_what_is_no_time(
    start_direct: Callable[..., Any], run_async: Callable[..., Any], body: bytes
) -> None:
    with MockServerWithControl() as base_url, client(base_url) as opened:
        assert opened.post(ADVANCE, content=body).status_code == 400


class MockServerWithControl:
    """Serve with `serve` from a thread, until a pipe is closed."""

    def __enter__(self) -> str:
        reader, self._writer = os.pipe()
        ready = threading.Event()
        ports: list[int] = []

        def on_ready(port: int) -> None:
            ports.append(port)
            ready.set()

        self._reader = reader
        self._thread = threading.Thread(
            target=lambda: serve("textflow", control=True, on_ready=on_ready, until_closed_fd=reader)
        )
        self._thread.start()
        ready.wait()
        return f"http://127.0.0.1:{ports[0]}"

    def __exit__(self, *exception: object) -> None:
        os.write(self._writer, b"not the end")
        os.close(self._writer)
        self._thread.join()
        os.close(self._reader)


def test_serve_moves_and_counts_through_its_control_routes() -> None:
    with MockServerWithControl() as base_url, client(base_url) as opened:
        before = opened.post(ADVANCE, json={"seconds": 0}).json()["now"]
        assert opened.post(ADVANCE, json={"seconds": 60}).json()["now"] >= before + 60
        opened.post(textflow.PATH, json=SMS)
        assert opened.get(STATS).json() == {"requests": 1, "accepted": 1}


def test_serve_ends_on_sigterm() -> None:
    ports: list[int] = []

    def on_ready(port: int) -> None:
        ports.append(port)
        os.kill(os.getpid(), signal.SIGTERM)

    serve("textflow", on_ready=on_ready)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports[0]))


def test_port_in_use_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        assert command.main(["textflow", f"--port={port}"]) == 4
    assert "sendproof mock: " in capsys.readouterr().err


def test_unknown_fault_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["textingline", "--fault=no-such"]) == 4
    assert "no fault or variant is named 'no-such'" in capsys.readouterr().err
