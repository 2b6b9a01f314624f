"""A vendor of another shape than the shipped ones is judged by data alone, from a folder outside the checkout."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest

from sendproof.cli import main
from sendproof.contract.new_pack import write_pack

pytestmark = pytest.mark.slow

KEY = "acme-4f9a7c21d8e3b650"
EDITS = {
    "provider.toml": [
        ('recipients = "one"', 'recipients = "list"'),
        ('word = "Bearer"', 'word = "AccessKey"'),
        ('recipient = "/to"', 'recipient = "/data/to/0/number"'),
        ('id = "/id"', 'id = "/data/id"'),
        ('status = "/status"\n', ""),
        ('sender = "/from"\n', ""),
        ('text = "/text"\n', ""),
        ('code = "/code"', 'code = "/errors/0/code"'),
        (
            'refused = [{ statuses = ["3xx", "4xx"] }]',
            'refused = [{ statuses = ["4xx"] }, { statuses = ["2xx"], at = "/data/to/0/state", unlike = "taken" }]',
        ),
    ],
    "request.schema.json": [
        (
            """"type": "string",
      "pattern": "^\\\\+[1-9][0-9]{1,14}$",
      "x-clauses": {"type": "acme.requests.to-form", "pattern": "acme.requests.to-form"}""",
            """"type": "array",
      "minItems": 1,
      "items": {
        "type": "string",
        "pattern": "^\\\\+[1-9][0-9]{1,14}$",
        "x-clauses": {"type": "acme.requests.to-form", "pattern": "acme.requests.to-form"}
      },
      "x-clauses": {"type": "acme.requests.to-form", "minItems": "acme.requests.to-required"}""",
        )
    ],
    "accepted.schema.json": [
        (
            """"required": ["id"],
  "properties": {"id": {"type": "string", "x-clauses": {"type": "acme.responses.id"}}},
  "x-clauses": {"type": "acme.responses.object", "required": {"id": "acme.responses.id"}}""",
            """"properties": {"data": {
    "required": ["id"],
    "properties": {
      "id": {"type": "string", "x-clauses": {"type": "acme.responses.id"}},
      "to": {"items": {"required": ["number"], "x-clauses": {"required": {"number": "acme.responses.number"}}}}
    },
    "x-clauses": {"required": {"id": "acme.responses.id"}}
  }},
  "x-clauses": {"type": "acme.responses.object"}""",
        )
    ],
    "clauses.toml": [
        (
            '[[clause]]\nid = "acme.errors.object"',
            """[[clause]]
id = "acme.responses.number"
concern = "responses"
level = "required"
concept = "responses.recipient"
claim = "Each recipient of the answer has its number."
source = { document = "acme-manual", section = "Response" }

[[clause]]
id = "acme.responses.to"
concern = "responses"
level = "required"
concept = "responses.recipient-echo"
claim = "The answer names the recipient."
source = { document = "acme-manual", section = "Response" }
check = { name = "echo", role = "recipient", form = "number" }

[[clause]]
id = "acme.errors.key-code"
concern = "errors"
level = "required"
concept = "errors.auth-code"
claim = "Wrong keys are refused with the code 'key'."
source = { document = "acme-manual", section = "Errors" }
check = { name = "documented_code", reasons = ["acme.auth.missing", "acme.auth.unknown"], code = "key" }

[[clause]]
id = "acme.auth.others"
concern = "auth"
level = "open"
concept = "acme.auth.others"
claim = "How keys are answered that are nearly right, or elsewhere."
source = { document = "acme-manual", section = "Authentication" }
[clause.check]
name = "credential"
faults = ["case", "prefix", "extended", "prepended", "scheme", "scheme_wrong", "elsewhere", "elsewhere_wrong"]

[[clause]]
id = "acme.errors.object\"""",
        )
    ],
}


class Acme(ThreadingHTTPServer):
    """The service: lists, a word of its own before the key, refusals inside a 200. `fault` departs from that."""

    def __init__(self, fault: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault, self.count, self.lock = fault, 0, Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Acme

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(*self.result(body))

    def result(self, body: bytes) -> tuple[int, Any]:
        fault = self.server.fault
        given = self.headers.get("Authorization", "")
        if given != f"AccessKey {KEY}" and not (fault == "any key" and given.startswith("AccessKey ")):
            return 401, {"errors": [{"code": 1 if fault == "code as number" else "key"}]}
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            return 400, {"errors": [{"code": "json"}]}
        if not isinstance(message, dict):
            return 400, {"errors": [{"code": "json"}]}
        to = message.get("to", [])
        if not (isinstance(to, list) and to and all(isinstance(one, str) and one[:2] == "+1" for one in to)):
            if fault == "no recipient" and not to:
                to = ["+12025550171"]
            else:
                # A refusal within a 200.
                return 200, {"data": {"to": [{"state": "wrong"}]}, "errors": [{"code": "to"}]}
        with self.server.lock:
            self.server.count += fault != "one id"
            identity = f"m{self.server.count}"
        entry = {"number": to[0][1:] if fault == "digits" else to[0], "state": "taken"}
        if fault == "no number":
            del entry["number"]
        return 200, {"data": {"id": identity, "to": [entry]}}

    def answer(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (("Content-Type", "application/json"), ("Content-Length", str(len(data)))):
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return lambda: self.answer(405, {"errors": [{"code": "method"}]})
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(fault: str = "") -> Iterator[str]:
    with Acme(fault) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_pack(tmp_path_factory.mktemp("packs"), "acme")
    for name, edits in EDITS.items():
        text = (folder / name).read_text("utf-8").replace("acme-send", "acme-manual")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        (folder / name).write_text(text, "utf-8")
    facts = folder / "provider.toml"
    facts.write_text(facts.read_text("utf-8").replace("acme-send", "acme-manual"), "utf-8")
    return folder


def run(folder: Path, url: str, tmp_path: Path) -> tuple[int, dict[str, Any]]:
    profile = tmp_path / "acme.toml"
    profile.write_text(
        f'''pack = "{folder}"
base_url = "{url}"
[credentials]
api_key = "{KEY}"
[account]
senders = ["+12025550181"]
recipients = ["+12025550171"]
[budget]
requests_per_second = 500.0
''',
        "utf-8",
    )
    profile.chmod(0o600)
    code = main(["run", "--target", str(profile), "--report-dir", str(tmp_path), "--ledger", str(tmp_path / "l"), "-q"])
    return code, json.loads((tmp_path / "acme/results.json").read_text("utf-8"))


def failed(results: dict[str, Any]) -> set[str]:
    return {item["id"] for item in results["clauses"] if (item["verdict"], item["level"]) == ("fail", "required")}


def test_conforming_service_is_green_and_its_key_stands_nowhere(folder: Path, tmp_path: Path) -> None:
    with served() as url:
        code, results = run(folder, url, tmp_path)
    assert (code, failed(results)) == (0, set())
    decided = {item["id"] for item in results["clauses"] if item["verdict"] == "pass"}
    assert {"acme.auth.unknown", "acme.requests.to-required", "acme.responses.to", "acme.errors.key-code"} <= decided
    assert "read from public documents, not yet run against the vendor" in (tmp_path / "acme/summary.md").read_text(
        "utf-8"
    )
    kept = b"".join(file.read_bytes() for file in (tmp_path / "acme").iterdir())
    assert KEY.encode() not in kept
    assert KEY[5:].encode() not in kept


@pytest.mark.parametrize(
    ("fault", "clause"),
    [
        ("any key", "acme.auth.unknown"),
        ("no recipient", "acme.requests.to-required"),
        ("one id", "acme.responses.unique-id"),
        ("digits", "acme.responses.to"),
        ("no number", "acme.responses.number"),
        ("code as number", "acme.errors.key-code"),
    ],
)
def test_fault_is_found_under_its_clause(fault: str, clause: str, folder: Path, tmp_path: Path) -> None:
    with served(fault) as url:
        code, results = run(folder, url, tmp_path)
        shown = next(item["reproduce"] for item in results["clauses"] if item["id"] == clause)
        # It runs as it stands, with the key in its variable.
        done = subprocess.run(
            ["bash", "-c", shown], env={"PATH": "/usr/bin:/bin", "ACME_API_KEY": KEY}, capture_output=True, check=True
        )
    assert (code, failed(results)) == (1, {clause})
    assert b"HTTP/1.1" in done.stdout
