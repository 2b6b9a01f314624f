"""The command is run by a real shell against a loopback server, and what arrives is compared."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sendproof.exchange import Credential, Exchange
from sendproof.reports.curl import curl_for, exports, for_support, reproduction
from sendproof.reports.text import visible
from sendproof.target.pseudonyms import Pseudonym

from .support import HOSTILE, contract, exchange, run_of, verdict

KEY = "sk_live_AbCdEf123456"
SECRET = "S3cretWord0987"
ENVIRONMENT = {
    "TEXTFLOW_API_KEY": KEY,
    "TEXTFLOW_TEST_KEY": "sk_test_1",
    "TEXTINGLINE_KEY_ID": "KeyId7",
    "TEXTINGLINE_KEY_SECRET": SECRET,
    "LC_ALL": "C.UTF-8",
}


@dataclass
class Got:
    """What arrived."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def value(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class Listener:
    """A server that keeps what arrives."""

    got: list[Got] = field(default_factory=list)
    base_url: str = ""


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            listener.got.append(Got(self.command, self.path, list(self.headers.items()), body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self.handle_any
            raise AttributeError(name)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    listener.base_url = f"http://127.0.0.1:{server.server_port}"
    yield listener
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def search_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = os.environ["PATH"]
    if shutil.which("curl"):
        return path
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "curl"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("curl_stub.py")}" "$@"\n')
    script.chmod(0o755)
    return f"{folder}{os.pathsep}{path}"


Send = Callable[..., Got]
NUMBERS = {"SENDPROOF_RECIPIENT_1": "+14152370199", "SENDPROOF_SENDER_1": "+447911876543", "SENDPROOF_BODY": "It's $5"}
STAND_INS = (
    Pseudonym(shown="+12025550199", setting="account.recipients no. 1", variable="SENDPROOF_RECIPIENT_1"),
    Pseudonym(shown="+440000000043", setting="account.senders no. 1", variable="SENDPROOF_SENDER_1"),
    Pseudonym(shown="[body]", setting="fixtures.body", variable="SENDPROOF_BODY"),
)


@pytest.fixture
def send(listener: Listener, search_path: str) -> Send:
    def run_in_shell(
        item: Exchange, provider: str = "textflow", prefix: str = "", pseudonyms: tuple[Pseudonym, ...] = ()
    ) -> Got:
        run = run_of(provider=provider, base_url=listener.base_url + prefix, pseudonyms=pseudonyms)
        command = curl_for(item, run, contract(provider).provider)
        assert visible(command, None) == command
        environment = ENVIRONMENT | {"PATH": search_path} | NUMBERS
        done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, timeout=10, check=False)
        assert (done.returncode, done.stderr) == (0, b""), command
        return listener.got.pop()

    return run_in_shell


BODIES = {
    "json": b'{"to": "+15551234567", "message": "hi"}',
    "quotes": b"""{"message": "it's \\"so\\" `x` $HOME \\\\ !! %s"}""",
    "utf-8": '{"message": "Grüße, 世界 😀"}'.encode(),
    "at": b"@/etc/hostname",
    "hyphen": b"-n\n",
    "lines": b'{\n\t"a": 1\r\n}\n',
    "nul": b"a\x00b\x001",
    "octal before digits": b"\x0112\x01\xff7%d%%\\101",
    "invalid utf-8": b'{"message": "\xff\xfe"}',
    "every byte": bytes(range(256)) * 4,
    "bidi": "a\u202eb".encode(),
    "hostile": HOSTILE.encode("utf-8", "surrogatepass"),
    "empty": b"",
    "long run": b'{"message": "' + b"a" * 100_000 + b'"}',
    "one run": b"\xff" * 5000,
    "run of a quote": b"'" * 5000,
    "run of nul": b"\x00" * 5000,
    "runs": b"[" * 3000 + b"1" + b"]" * 3000,
    "run of characters": b'{"message": "' + "😀é".encode() * 2000 + b'"}',
    "run of escapes": rb'{"message": "' + rb"\u00e9" * 1600 + b'"}',
    "run with nul": b"\x00ab" * 4000,
    "noise": b"".join(index.to_bytes(4, "big") for index in range(3000)),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_command_sends_the_same_bytes(send: Send, body: bytes) -> None:
    assert send(exchange(body)).body == body


@pytest.mark.parametrize(
    ("kept", "sent"),
    [
        ('{"to":"+12025550199"}', '{"to":"+14152370199"}'),
        ("12025550199", "14152370199"),
        ("2025550199", "4152370199"),
        ("(202) 555-0199", "(415) 237-0199"),
        ("202.555.0199 it's", "415.237.0199 it's"),
        ('{"from":"+440000000043","to":"+12025550199"}', '{"from":"+447911876543","to":"+14152370199"}'),
        ('{"body":"[body]"}', '{"body":"It\'s $5"}'),
        ("+12025550198", "+12025550198"),
    ],
)
def test_command_reads_what_was_masked_from_variables(send: Send, kept: str, sent: str) -> None:
    assert send(exchange(kept.encode()), pseudonyms=STAND_INS).body == sent.encode()


@pytest.mark.parametrize("name", ["long run", "one run", "runs", "run of characters", "run of escapes"])
def test_command_of_a_long_repetition_is_short(name: str) -> None:
    assert len(curl_for(exchange(BODIES[name]), run_of(), contract().provider)) < 600


def test_command_sends_method_path_and_headers(send: Send) -> None:
    headers = (
        ("Content-Type", "text/plain; charset='x'"),
        ("X-Empty", ""),
        ("X-Twice", "1"),
        ("X-Twice", "2"),
        ("Host", "elsewhere.example"),
        ("Content-Length", "999"),
        ("Connection", "close"),
        ("X-API-Key", "[redacted]"),
        ("Authorization", "[redacted]"),
    )
    got = send(exchange(b"hi", method="PUT", path="/a/../b?q=%20[1]&r=it's", headers=headers))
    assert (got.method, got.path) == ("PUT", "/a/../b?q=%20[1]&r=it's")
    own = ("host", "user-agent", "accept", "content-length")
    assert [(name, value) for name, value in got.headers if name.lower() not in own] == [
        ("Content-Type", "text/plain; charset='x'"),
        ("X-Empty", ""),
        ("X-Twice", "1"),
        ("X-Twice", "2"),
        ("X-API-Key", KEY),
    ]
    assert got.value("Content-Length") == "2"
    assert got.value("Host") != "elsewhere.example"


def test_command_sends_a_header_value_that_cannot_be_shown(send: Send) -> None:
    got = send(exchange(headers=(("X-Odd", "a\u00a0\u202eb"),)))
    assert (got.value("X-Odd") or "").encode("latin-1").decode() == "a\u00a0\u202eb"


def test_command_sends_no_content_type_that_was_not_there(send: Send) -> None:
    assert send(exchange(b"{}", headers=())).value("Content-Type") is None


def test_command_does_not_ask_before_a_long_body(send: Send) -> None:
    assert send(exchange(b"a" * 1_200_000)).value("Expect") is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_command_without_content_sends_none(send: Send, method: str) -> None:
    got = send(exchange(b"", method=method, headers=()))
    assert (got.method, got.value("Content-Type"), got.body) == (method, None, b"")


@pytest.mark.parametrize(
    ("prefix", "path", "arrives"),
    [
        ("", "/api/v1", "/api/v1"),
        ("/", "/api/v1", "/api/v1"),
        ("/gate", "/gate/api/v1", "/gate/api/v1"),
        ("/gate", "/api/v1", "/gate/api/v1"),
    ],
)
def test_command_joins_base_url_and_path_once(send: Send, prefix: str, path: str, arrives: str) -> None:
    assert send(exchange(path=path), prefix=prefix).path == arrives


HEADER = {
    "exact": (Credential(key="main"), [("X-API-Key", KEY)]),
    "unknown account": (Credential(), [("X-API-Key", KEY)]),
    "other key": (Credential(key="test"), [("X-API-Key", "sk_test_1")]),
    "spelling": (Credential(key="main", carrier="x-api-key"), [("x-api-key", KEY)]),
    "odd carrier": (Credential(key="main", carrier='x"$(id)'), [("X-API-Key", KEY)]),
    "missing": (Credential(fault="missing"), []),
    "empty": (Credential(fault="empty"), [("X-API-Key", "")]),
    "unknown": (Credential(fault="unknown"), [("X-API-Key", "made-up-key")]),
    "wrong_secret": (Credential(fault="wrong_secret"), [("X-API-Key", "made-up-secret")]),
    "prefix": (Credential(fault="prefix"), [("X-API-Key", KEY[:-4])]),
    "extended": (Credential(fault="extended"), [("X-API-Key", KEY + "zzzz")]),
    "case": (Credential(fault="case"), [("X-API-Key", KEY.swapcase())]),
    "malformed": (Credential(fault="malformed"), [("X-API-Key", "made%up")]),
    "scheme": (Credential(fault="scheme"), [("Authorization", f"Bearer {KEY}")]),
    "elsewhere": (Credential(fault="elsewhere"), [("Authorization", f"Bearer {KEY}")]),
}


@pytest.mark.parametrize(("credential", "expected"), HEADER.values(), ids=HEADER)
def test_command_presents_a_key_in_its_header(
    send: Send, credential: Credential, expected: list[tuple[str, str]]
) -> None:
    got = send(exchange(credential=credential))
    assert [item for item in got.headers if item[0].lower() in ("x-api-key", "authorization")] == expected


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


BASIC = {
    "exact": (Credential(key="main"), basic(f"KeyId7:{SECRET}")),
    "spelling": (Credential(key="main", carrier="AUTHORIZATION"), basic(f"KeyId7:{SECRET}")),
    "missing": (Credential(fault="missing"), None),
    "empty": (Credential(fault="empty"), basic(":")),
    "unknown_id": (Credential(fault="unknown_id"), basic("made-up-id:made-up-secret")),
    "id_case": (Credential(fault="id_case"), basic(f"kEYiD7:{SECRET}")),
    "wrong_secret": (Credential(fault="wrong_secret"), basic("KeyId7:made-up-secret")),
    "empty_secret": (Credential(fault="empty_secret"), basic("KeyId7:")),
    "prefix": (Credential(fault="prefix"), basic(f"KeyId7:{SECRET[:-4]}")),
    "extended": (Credential(fault="extended"), basic(f"KeyId7:{SECRET}zzzz")),
    "case": (Credential(fault="case"), basic(f"KeyId7:{SECRET.swapcase()}")),
    "case, spelling": (
        Credential(fault="case", carrier="authorization"),
        basic(f"KeyId7:{SECRET.swapcase()}"),
    ),
    "scheme": (Credential(fault="scheme"), f"Bearer {SECRET}"),
    "malformed": (Credential(fault="malformed"), "Basic made%up"),
}


@pytest.mark.parametrize(("credential", "expected"), BASIC.values(), ids=BASIC)
def test_command_presents_a_pair_by_basic(send: Send, credential: Credential, expected: str | None) -> None:
    got = send(exchange(credential=credential), "textingline")
    assert got.value("Authorization") == expected
    carriers = [name for name, _ in got.headers if name.lower() == "authorization"]
    assert carriers == ([credential.carrier or "Authorization"] if expected else [])


def test_command_presents_a_key_in_the_query(send: Send) -> None:
    path = "/send?a=1&api_key=[redacted]&b=2"
    got = send(exchange(path=path, credential=Credential(fault="elsewhere")))
    assert got.path == f"/send?a=1&api_key={KEY}&b=2"
    assert got.value("X-API-Key") is None
    assert got.value("Authorization") is None


@pytest.mark.parametrize("fault", [None, "prefix", "extended", "prepended", "case", "scheme"])
def test_command_fails_and_names_the_variable_that_is_not_set(fault: str | None) -> None:
    credential = Credential(fault=fault) if fault else Credential(key="main")
    command = curl_for(exchange(credential=credential), run_of(), contract().provider)
    done = subprocess.run(
        ["sh", "-c", command], env={"PATH": os.environ["PATH"]}, capture_output=True, timeout=10, check=False
    )
    assert done.returncode != 0
    assert b"_API_KEY" in done.stderr
    # curl was never called: nothing was sent, not even with an empty key.
    assert b"curl" not in done.stderr


def test_command_names_a_conventional_variable_where_none_can_be_used() -> None:
    run = run_of(variables={("main", "api_key"): "MY-KEY; id"})
    assert '"X-API-Key: ${TEXTFLOW_API_KEY:?}"' in curl_for(exchange(), run, contract().provider)


@pytest.mark.parametrize("kind", ["fail", "inconclusive", "observed"])
def test_reproduction_is_that_of_the_first_evidence(kind: str) -> None:
    run = run_of(exchanges=(exchange(identity="x1"), exchange(b'{"it": 2}', identity="x2")))
    found = reproduction(verdict("tf.auth.missing-key", kind, evidence=("x2", "x1")), run, contract().provider)
    assert found is not None
    assert '{"it": 2}' in found


@pytest.mark.parametrize(
    ("kind", "evidence"), [("pass", ("x1",)), ("not_exercised", ()), ("fail", ("x9",))], ids=["pass", "none", "lost"]
)
def test_reproduction_is_none_without_something_to_reproduce(kind: str, evidence: tuple[str, ...]) -> None:
    item = replace(verdict("tf.auth.missing-key", kind), evidence=evidence)
    assert reproduction(item, run_of(), contract().provider) is None


def test_variables_of_the_printed_commands_are_one_block_to_fill_in() -> None:
    run = run_of(provider="textflow", pseudonyms=STAND_INS)
    provider = contract("textflow").provider
    body = b'{"to": "+12025550199", "message": "$HOME"}'
    lines = exports([curl_for(exchange(body), run, provider)], run, provider)
    assert lines == (
        "export TEXTFLOW_API_KEY=  # credentials.api_key",
        "export SENDPROOF_RECIPIENT_1=  # account.recipients no. 1, shown as +12025550199",
    )
    assert exports([], run, provider) == ()


def test_variables_that_the_profile_names_itself_are_filled_in_and_stood_in_for() -> None:
    names = {("main", "api_key"): "my_key", ("test", "api_key"): "CI_TEST_KEY"}
    items = tuple(
        exchange(b"{}", identity=key, credential=Credential(key=key, fault="prefix")) for key in ("main", "test")
    )
    run = run_of(provider="textflow", variables=names, exchanges=items)
    provider = contract("textflow").provider
    lines = exports([curl_for(item, run, provider) for item in items], run, provider)
    assert lines == ("export my_key=  # credentials.api_key", "export CI_TEST_KEY=  # api_key of the key 'test'")
    shown = for_support(verdict("tf.auth.missing-key", evidence=("main",)), run, provider)
    assert shown is not None
    assert 'X-API-Key: my"' in shown
    assert "$" not in shown


def test_command_says_which_line_was_not_filled_in() -> None:
    run = run_of(provider="textflow", base_url="http://127.0.0.1:9")
    provider = contract("textflow").provider
    command = curl_for(exchange(b"{}"), run, provider)
    block = "\n".join((*exports([command], run, provider), command))
    done = subprocess.run(["sh", "-c", block], capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode != 0
    assert "TEXTFLOW_API_KEY" in done.stderr


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (None, "X-API-Key: TEXTFLOW_API_KEY"),
        ("prefix", "X-API-Key: TEXTFLOW_API"),
        ("extended", "X-API-Key: TEXTFLOW_API_KEYzzzz"),
        ("case", "X-API-Key: textflow_api_key"),
        ("unknown", "X-API-Key: made-up-key"),
    ],
)
def test_command_for_support_has_stand_ins_and_reads_no_variable(fault: str | None, told: str) -> None:
    item = exchange(b'{"to": "+12025550199", "message": "a"}', credential=Credential(key="main", fault=fault))
    run = run_of(provider="textflow", pseudonyms=STAND_INS, exchanges=(item,))
    command = for_support(verdict("tf.auth.missing-key"), run, contract("textflow").provider)
    assert command is not None
    assert told in command
    assert "+12025550199" in command
    assert "$" not in command
    assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0


def test_nothing_to_reproduce_is_nothing_for_support() -> None:
    run = run_of(provider="textflow", exchanges=())
    assert for_support(verdict("tf.auth.missing-key"), run, contract("textflow").provider) is None
