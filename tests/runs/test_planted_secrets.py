"""Secrets, numbers and texts that are planted everywhere come out nowhere."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import platformdirs
import pytest

from sendproof.cli import main
from tests.runs.support import to_toml

pytestmark = pytest.mark.slow

ID, SECRET, METERED = "AKplantedid77", "s3cr3t/planted+key==", "other-planted-secret-42"
RECIPIENT, SENDER, FAILING = "+14152370171", "+447911876543", "+13102740199"
TEXT = "Words about the blue heron that only the profile has"
STRANGER, TOKEN = "+13038675309", "tok9f8e7d6c5b4a3f2e1d"
ELSE = "What somebody else wrote of a yellow submarine"
PAIR = f"{ID}:{SECRET}"


def forms() -> dict[str, str]:
    """Return what must come out nowhere, by what it is."""
    digits = {name: number[1:] for name, number in {"recipient": RECIPIENT, "failing": FAILING}.items()}
    return {
        "id": ID,
        "secret": SECRET,
        "secret in base64": base64.b64encode(SECRET.encode()).decode()[:-4],
        "pair in base64": base64.b64encode(PAIR.encode()).decode()[:-4],
        "secret in a URL": quote(SECRET, safe=""),
        "secret in hex": SECRET.encode().hex(),
        "part of the id": ID[2:11],
        "part of the secret": SECRET[4:13],
        "part of the secret, upper": SECRET[9:18].upper(),
        "metered secret": METERED,
        "metered secret in base64": base64.b64encode(METERED.encode()).decode()[:-4],
        **digits,
        **{f"{name}, national": number[1:] for name, number in digits.items()},
        "recipient, formatted": "(415) 237-0171",
        "sender": SENDER[1:],
        "sender, national": SENDER[3:],
        "stranger": STRANGER[1:],
        "stranger, formatted": "303-867-5309",
        "token": TOKEN,
        "text": TEXT,
        "text of somebody else": ELSE,
    }


@contextmanager
def indiscreet(*, lets_in: bool = True) -> Iterator[str]:
    """Serve an API that tells whatever it knows, in answers of either kind."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are written one after the other: the second would wait 40 ms for an acknowledgement.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                asked = json.loads(raw)
            except (ValueError, RecursionError):
                asked = {}
            good = lets_in and isinstance(asked, dict) and {"to", "from", "body"} <= asked.keys()
            status = 201 if good and self.headers.get("Authorization") else 400
            told: dict[str, Any] = {
                "id": f"m{id(raw)}{len(raw)}",
                "status": "sent",
                **(asked if isinstance(asked, dict) else {}),
                "seen": dict(self.headers),
                "asked": raw.decode("latin-1"),
                "basic": base64.b64encode(PAIR.encode()).decode(),
                "secrets": [SECRET, METERED, quote(SECRET, safe=""), SECRET.encode().hex()],
                "parts": f"key {SECRET[4:13]}... of {ID[2:11]}, {SECRET[9:18].upper()}",
                "call": f"{STRANGER} or (303) 867-5309 or 303-867-5309, not {RECIPIENT[2:]}",
                "accessToken": TOKEN,
                "before": [{"body": ELSE, "to": STRANGER}, {"body": TEXT, "from": SENDER}],
                "formatted": "(415) 237-0171",
            }
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Session", TOKEN)
            self.send_header("Set-Cookie", f"session={SECRET}")
            self.send_header("Location", f"/messages/{RECIPIENT}?by={ID}")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            """Keep no log."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLANTED_SECRET", SECRET)
    monkeypatch.setenv("XDG_CACHE_HOME", str(platformdirs.user_cache_path()))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def profile_in(folder: Path, base_url: str) -> Path:
    """Write a profile that holds each secret."""
    profile = {
        "provider": "textingline",
        "base_url": base_url,
        "timeout_s": 3.0,
        "credentials": {"key_id": ID, "key_secret": {"env": "PLANTED_SECRET"}},
        "account": {"senders": [SENDER], "recipients": [RECIPIENT]},
        "budget": {"max_requests": 80, "max_accepted": 40, "requests_per_second": 1000.0},
        "fixtures": {
            "noncompliant_body": TEXT,
            "metered": {"key_id": "metered-id-1", "key_secret": METERED, "balance": 7},
            "failing_recipients": {"opted_out": FAILING},
        },
    }
    file = folder / "planted.toml"
    file.write_text(re.sub(r"key_secret = \{(.*?)\}", r"key_secret = {\1}", to_toml(profile)), "utf-8")
    return file


CRASHING = """
import pytest
CONCERN = "delivery"
FAMILIES = ("numbers", "text_facts", "failing_recipients", "credentials")

def test_clause(verdict):
    verdict.must_hold()

def test_mine(sendproof_session, gathered, sendproof_run):
    from sendproof.runs.asking import read_target
    profile = read_target(sendproof_session.options.target)
    account, given = profile.account(), profile.fixtures
    exchange = gathered.exchanges[0]
    assert (profile, account, given, exchange) == sendproof_run
"""

COMMANDS: dict[str, tuple[str, ...]] = {
    "plan": ("-m", "sendproof", "plan", "--target", "planted.toml"),
    "plan as JSON": ("-m", "sendproof", "plan", "--target", "planted.toml", "--format", "json"),
    "run": ("-m", "sendproof", "run", "--target", "planted.toml", "--max-examples", "8"),
    "run, told at length": (
        *("-m", "sendproof", "run", "--target", "planted.toml", "--max-examples", "8", "--"),
        *("-vv", "-rA", "--tb=long", "--showlocals", "-s"),
    ),
    "run with workers": ("-m", "sendproof", "run", "--target", "planted.toml", "--max-examples", "8", "--", "-n", "2"),
    "pytest with a test that fails": (
        *("-m", "pytest", "test_own.py", "--sendproof-target=planted.toml", "-vv", "--tb=long", "--showlocals"),
        *("--sendproof-max-examples=8", "-p", "no:schemathesis", "--hypothesis-verbosity=debug", "--log-level=DEBUG"),
    ),
}


def found_in(folder: Path, output: str) -> set[str]:
    """Return what of the planted things is in the output or in a file that was written."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "planted.toml"]
    texts = [output, *(file.read_bytes().decode("utf-8", "replace") for file in files)]
    # What is escaped in JSON, HTML or a shell word is as readable as what is not.
    texts += [
        text.replace("\\/", "/").replace("&#x2F;", "/").replace("&#43;", "+").replace("&#34;", '"') for text in texts
    ]
    return {name for name, form in forms().items() for text in texts if form in text}


@pytest.mark.parametrize("lets_in", [True, False], ids=["lets in", "refuses"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_nothing_that_was_planted_comes_out(folder: Path, command: tuple[str, ...], lets_in: bool) -> None:
    (folder / "test_own.py").write_text(CRASHING, "utf-8")
    with indiscreet(lets_in=lets_in) as base_url:
        profile_in(folder, base_url)
        done = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            env=os.environ,
            check=False,
        )
    assert done.stdout, done.stderr
    assert found_in(folder, done.stdout + done.stderr) == set()


WRONG = {
    "number": ({"account": {"senders": [SENDER], "recipients": [RECIPIENT[1:]]}}, "recipients"),
    "twice": ({"fixtures": {"inactive_sender": SENDER}}, "inactive_sender"),
    "secret": ({"credentials": {"key_id": ID, "key_secret": f"{SECRET}\u0000"}}, "key_secret"),
    "name": ({"credentials": {"key_id": ID, "key_secret": {"env": METERED}}}, "key_secret"),
    "path": ({"base_url": f"http://127.0.0.1:9/{ID}/"}, "base_url"),
    "url": ({"base_url": f"https://{ID}:{SECRET}@example.com"}, "base_url"),
}


@pytest.mark.parametrize(("changes", "place"), WRONG.values(), ids=WRONG)
def test_complaint_about_a_profile_shows_none_of_it(
    folder: Path, changes: dict[str, Any], place: str, capfd: pytest.CaptureFixture[str]
) -> None:
    file = folder / "planted.toml"
    base = {
        "provider": "textingline",
        "base_url": "http://127.0.0.1:9",
        "credentials": {"key_id": ID, "key_secret": SECRET},
        "account": {"senders": [SENDER], "recipients": [RECIPIENT]},
    }
    file.write_text(to_toml({**base, **changes}), "utf-8")
    assert main(["run", "--target", str(file), "--report-dir", str(folder / "reports")]) == 4
    said = capfd.readouterr()
    assert place in said.err
    assert found_in(folder, said.out + said.err) == set()
