"""A service whose answers attack whoever reads the reports, in every field that they have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

KEY = "key-of-the-hostile-service"
MARK = "pwned"
SCRIPTS = (
    f"<script>window.{MARK}=1</script>",
    f"<img src=x onerror=window.{MARK}=2>",
    f"</textarea></pre></title></style></script><svg onload=window.{MARK}=3>",
    f'\'"><a href="javascript:window.{MARK}=4" autofocus onfocus=window.{MARK}=5>x</a>',
    f"{{{{ {MARK} }}}} {{% raw %}} ${{{MARK}}} [[{MARK}]]",
)
CONTROLS = "\x1b[31m\x1b]0;title\x07\x1b[2J \x00 \x9b31m \u202egnp.exe\u202c \u2066x\u2069 \u200b\ufeff \ud800"
LINES = (
    "\n::error::x\n::stop-commands::y\r\n# head\n\n| a | b |\n```\n[link](javascript:alert(1)) ![i](http://192.0.2.1/i)"
)
TEXT = " ".join((*SCRIPTS, CONTROLS, LINES, "]]> <!-- --> &amp; &#60;"))
HUGE = "<script>" + "A" * 1_000_000
PROFILE = {
    "provider": "textflow",
    "credentials": {"api_key": KEY},
    "account": {
        "senders": ["+13125550140"],
        "default_sender": "+13125550140",
        "recipients": ["+12025550123"],
    },
}


def _accepted(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "success": True,
        "message": TEXT,
        "data": {"messageId": TEXT, "to": TEXT, "from": TEXT, "status": TEXT, "more": _more(request), TEXT: TEXT},
        TEXT: [TEXT, {TEXT: TEXT}],
    }


def _more(request: dict[str, Any]) -> str:
    """A megabyte, but not each time: reading them all takes a minute."""
    return HUGE if len(str(request["message"])) > 1500 else TEXT


def _refused() -> dict[str, Any]:
    return {"success": TEXT, "error": TEXT, "details": [TEXT], TEXT: TEXT}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            request = json.loads(body)
            valid = self.headers.get("X-API-Key") == KEY and bool(request["to"]) and bool(request["message"])
        except (ValueError, TypeError, KeyError, RecursionError):
            request, valid = {}, False
        if valid:
            self._answer(200, _accepted(request))
        else:
            self._answer(400, _refused())

    do_GET = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST

    def _answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status, "<script>reason</script>")
        self.send_header("Content-Type", f'application/json; x="{SCRIPTS[1]}"')
        for name in ("Server", "X-Hostile", "Retry-After", "Allow", "X-RateLimit-Limit"):
            self.send_header(name, f"{SCRIPTS[0]} {SCRIPTS[1]} \x1b[31m \xe2\x80\xae")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep no log."""


@contextmanager
def hostile_service() -> Iterator[dict[str, Any]]:
    """Serve it, and provide the profile of its target."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield {**PROFILE, "base_url": f"http://127.0.0.1:{httpd.server_port}"}
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
