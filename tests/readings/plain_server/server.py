"""The threading wsgiref server: one thread and one answer for each connection.

Freedoms: HTTP/1.0 answers; the connection is closed after each answer, once what the client still had to say was read;
`Expect: 100-continue` of an HTTP/1.1 client gets its interim answer.
"""

import io
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, cast
from wsgiref.handlers import SimpleHandler
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication

from tests.readings.plain_server import accounts, faults, textflow, textingline
from tests.readings.plain_server.database import Database
from tests.readings.plain_server.gateway import PROBLEM
from tests.readings.plain_server.reading import Head, Unreadable, read_body, read_head

IDLE_S: Final = 5.0
SILENCE_S: Final = 2.0
LINGER_SILENCE_S: Final = 1.0
LINGER_TOTAL_S: Final = 10.0


class Handler(WSGIRequestHandler):
    """Read one request, run the application, answer, read on until the client is done."""

    server: "Server"
    timeout = IDLE_S
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer one request."""
        head, body, problem = None, b"", ""
        try:
            head = read_head(self.rfile)
            if head is None:
                return
            self.connection.settimeout(SILENCE_S)
            self._welcome(head)
            body = read_body(self.rfile, head)
        except Unreadable as error:
            problem = str(error)
        self.connection.sendall(self._run(head, body, problem))
        self._linger()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def _welcome(self, head: Head) -> None:
        expected = [value.lower() for value in head.values("expect")]
        if head.is_modern and expected == ["100-continue"]:
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _run(self, head: Head | None, body: bytes, problem: str) -> bytes:
        written = io.BytesIO()
        environ = self._environ(head, body, problem)
        handler = SimpleHandler(io.BytesIO(body), written, sys.stderr, environ, multithread=True)
        # Variables of the process are no fields of a request, whatever they are called.
        handler.os_environ = {}
        handler.run(cast("WSGIApplication", self.server.get_app()))
        return written.getvalue()

    def _environ(self, head: Head | None, body: bytes, problem: str) -> dict[str, str]:
        environ = dict(self.server.base_environ)
        environ |= {"SERVER_PROTOCOL": "HTTP/1.0", "REQUEST_METHOD": "POST", "PATH_INFO": "/", "QUERY_STRING": ""}
        environ |= {"REMOTE_ADDR": str(self.client_address[0]), "CONTENT_LENGTH": str(len(body)), PROBLEM: problem}
        if head is None:
            return environ
        environ |= {"REQUEST_METHOD": head.method, "PATH_INFO": head.path, "QUERY_STRING": head.query}
        for name, value in head.fields:
            # X_API_Key is another field than X-API-Key, though CGI would write both alike.
            if "_" not in name and name not in ("content-length", "transfer-encoding"):
                variable = "HTTP_" + name.upper().replace("-", "_")
                environ[variable] = f"{environ[variable]},{value}" if variable in environ else value
        return environ

    def _linger(self) -> None:
        # Closing with bytes unread resets the connection, and the client loses an answer it has not read yet.
        end = time.monotonic() + LINGER_TOTAL_S
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SILENCE_S)
            while time.monotonic() < end and self.connection.recv(65536):
                pass


class Server(socketserver.ThreadingMixIn, WSGIServer):
    """A WSGI server that can be stopped while clients are connected."""

    request_queue_size = 512
    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True

    def __init__(self, application: WSGIApplication) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)
        self.set_app(application)

    def server_bind(self) -> None:
        """Bind without asking for the host's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection and serve it in a thread."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that went away; report the rest."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """End every open connection."""
        with self._guard:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serve(provider: str, fault: str | None = None) -> Iterator[str]:
    """Serve one provider on a free port of 127.0.0.1, with fresh state, and yield its base URL."""
    faults.check(provider, fault)
    is_textingline = provider == faults.TEXTINGLINE
    keys = accounts.TL_KEYS if is_textingline else accounts.TF_KEYS
    numbers = accounts.TL_NUMBERS if is_textingline else accounts.TF_NUMBERS
    database = Database(keys, numbers)
    make = textingline.make_application if is_textingline else textflow.make_application
    server = Server(make(database, fault))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.hang_up()
        server.server_close()
        database.close()
