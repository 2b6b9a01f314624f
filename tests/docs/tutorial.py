"""Types the tutorial: each block of `sh`, in order, in one folder; mocks stay running beside it."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_BLOCK = re.compile(
    r"(?:^<!-- exit (?P<code>[0-9]+) -->\n)?^```sh\n(?P<script>.*?)^```$"
    r"(?:(?:(?!^```).)*^```text\n(?P<shown>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
_PORT = "8085"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One block: what is typed, the exit code that the page tells, and the lines that it shows."""

    script: str
    code: int
    shown: tuple[str, ...]

    @property
    def serves(self) -> bool:
        """Whether it starts a mock, which stays."""
        words = shlex.split(self.script)
        return words[:2] == ["sendproof", "mock"] and not {"--profile", "--list"} & set(words)


def steps(page: str) -> Iterator[Step]:
    """Yield the steps of a page."""
    for found in _BLOCK.finditer(page):
        shown = tuple(line for line in (found["shown"] or "").splitlines() if line.strip())
        yield Step(script=found["script"], code=int(found["code"] or 0), shown=shown)


def folded(line: str) -> str:
    """Return a line without what differs from run to run: its numbers, and its white space."""
    return " ".join(re.sub(r"[0-9]+(?:[.,][0-9]+)*", "N", line).split())


def free_port() -> int:
    """Return a port of the loopback interface that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class Terminal:
    """Runs steps in a folder; the port of the page is replaced by a free one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = str(free_port())
        self._server: subprocess.Popen[str] | None = None
        self._environ = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "COLUMNS": "200", "NO_COLOR": "1"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_server()

    def type(self, step: Step) -> tuple[int, str]:
        """Run a step; return its exit code and what it printed. A mock is started and left running."""
        script = step.script.replace(_PORT, self._port)
        if step.serves:
            return 0, self._serve(script)
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def _serve(self, script: str) -> str:
        self._end_server()
        self._server = subprocess.Popen(
            shlex.split(script), cwd=self._folder, env=self._environ, stdout=subprocess.PIPE, text=True
        )
        assert self._server.stdout is not None
        return self._server.stdout.readline()

    def _end_server(self) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.communicate()
            self._server = None
