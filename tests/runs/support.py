"""Targets of whole runs, and the command line in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sendproof.cli import main
from sendproof.contract.model import load_contract, load_provider
from sendproof.conversation.evidence import Evidence
from sendproof.corpus.build import load_corpus
from sendproof.mock.accounts import Provider
from sendproof.mock.server import MockServer
from sendproof.runs.asking import Providers, RunTarget, asking_of, open_conversation, plan_of
from sendproof.runs.suite import load_suites
from sendproof.target.pacing import WallClock
from sendproof.target.profile_loader import parse_profile
from tests.shared import once

UNBOUNDED = {"max_requests": 100_000, "max_accepted": 100_000, "requests_per_second": 10_000.0, "retry_after_s": 1.0}


def to_toml(profile: Mapping[str, Any]) -> str:
    """Return a profile as TOML."""
    lines: list[str] = []
    _table(profile, "", lines)
    return "\n".join(lines) + "\n"


def _table(table: Mapping[str, Any], path: str, lines: list[str]) -> None:
    lines += [f"{name} = {json.dumps(value)}" for name, value in table.items() if not isinstance(value, Mapping)]
    for name, value in table.items():
        if isinstance(value, Mapping):
            lines.append(f"[{path}{name}]")
            _table(value, f"{path}{name}.", lines)


def run_target(
    folder: Path, profile: Mapping[str, Any], *arguments: str, name: str = "target"
) -> tuple[int, dict[str, Any]]:
    """Run the command line against a profile; return its exit code and results."""
    file = folder / f"{name}.toml"
    file.write_text(to_toml({**profile, "budget": {**UNBOUNDED, **profile.get("budget", {})}}), "utf-8")
    reports = folder / "reports"
    code = main(["run", "--target", str(file), "--report-dir", str(reports), "--max-examples", "8", *arguments])
    results = reports / name / "results.json"
    return code, json.loads(results.read_text("utf-8")) if results.exists() else {}


class Unhurried(WallClock):
    """A clock whose waits take no time, and are said to."""

    def wait(self, seconds: float) -> None:
        """Count the wait."""
        self.waited_s += seconds


def held(data: Mapping[str, Any], *, show_progress: Any = None, folder: Path = Path()) -> tuple[Evidence, float]:
    """Hold a conversation about everything, and return its evidence and how long it would have waited."""
    profile = parse_profile(data, where="p.toml", name="p", providers=Providers(), environ={}, folder=folder)
    contract, clock = load_contract(profile.provider), Unhurried()
    here = RunTarget(profile=profile, provider=load_provider(profile.provider), clock=clock, kind="live")
    plan = plan_of(
        contract, load_corpus(contract, seed=0, max_examples=8).cases, asking_of(load_suites(), selected=None)
    )
    with open_conversation(
        here, contract, plan, show_progress=show_progress or (lambda *shown, **more: None), keep=lambda exchange: None
    ) as talk:
        return talk.conversation.hold(), clock.waited_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What came of a run that asked everything: the folder of its reports, its results, and its profile."""

    folder: Path
    results: dict[str, Any]
    profile: dict[str, Any]


def whole_run(factory: pytest.TempPathFactory, provider: Provider, variant: str | None = None) -> Whole:
    """Return a whole run of a mock that keeps all promises. It is made once a session: change nothing in its folder."""
    name = f"{provider}-variant" if variant else provider

    def made(folder: Path) -> Whole:
        with MockServer(provider, variant=variant, window_s=0.5) as mock:
            profile = mock.profile()
            code, results = run_target(folder, profile, name=name)
        assert code == 0
        return Whole(folder=folder / "reports" / name, results=results, profile=profile)

    return once(factory, f"run-{provider}-{variant or 'faultless'}", made)


def with_verdict(results: Mapping[str, Any], verdict: str, level: str = "required") -> set[str]:
    """Return the clauses of a level that have a verdict."""
    return {item["id"] for item in results["clauses"] if item["verdict"] == verdict and item["level"] == level}


@contextmanager
def server(status: int, body: bytes, content_type: str, *, location: str | None = None) -> Iterator[str]:
    """Serve the same answer to every request."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are written one after the other: the second would wait 40 ms for an acknowledgement.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep no log."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
