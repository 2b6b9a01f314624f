"""The process around a run: its standard streams, and the signals that end it.

Streams may be closed, full, read by no process, or ASCII alone. INT, TERM and HUP end a run alike, and are held back
while something is done that must be done whole.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

from sendproof.errors import MachineError

# Windows has no HUP, and its TERM reaches no handler.
_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def make_tolerant() -> None:
    """Let the streams take any text: what their encoding lacks is written as an escape, not a crash.

    A terminal may be ASCII or Latin-1, and a path that is no UTF-8 holds lone surrogates. Closed input is
    empty, and what is printed to a closed standard error is dropped: libraries expect both to be there.
    """
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - for as long as the process lasts
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - likewise
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a terminal is at the other end of a stream, which may be closed."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def check_stdout() -> None:
    """Raise MachineError where what is printed would be lost: closed, full, or a pipe without a reader."""
    if sys.stdout is None:
        raise _lost("it is closed")
    try:
        sys.stdout.flush()
        number = sys.stdout.fileno()
    except OSError as error:
        # A stream that is no file (io.UnsupportedOperation is an OSError) takes everything.
        if error.errno is None:
            return
        raise _lost(error.strerror or type(error).__name__) from error
    except ValueError as error:
        raise _lost("it is closed") from error
    try:
        # Nothing is written, and yet a full device says so.
        os.write(number, b"")
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(number, select.POLLOUT)
            if any(events & (select.POLLERR | select.POLLNVAL) for _, events in poll.poll(0)):
                raise _lost("no process reads it")
    except OSError as error:
        raise _lost(error.strerror or type(error).__name__) from error


def _lost(why: str) -> MachineError:
    return MachineError(f"standard output: expected a stream that can be written, got: {why}. Nothing was sent.")


def give_up_stdout() -> None:
    """Let what is printed from now on go nowhere: the interpreter would fail once more when it ends."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextmanager
def ended_alike() -> Iterator[None]:
    """Let TERM and HUP raise KeyboardInterrupt, as Ctrl-C does, where they would end the process at once.

    A signal that has a handler, or that this process was started to ignore (`nohup`), stays what it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    changed = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in changed:
            signal.signal(number, signal.default_int_handler)
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def held_back(*, second_breaks: bool = False) -> Iterator[None]:
    """Let the signals that end a run wait until the block is left; with `second_breaks` only the first of them.

    What takes seconds, such as a request or the writing of reports, must break at the second Ctrl-C.
    Only the main thread is ever interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: handler for number in _ENDING if callable(handler := signal.getsignal(number))}
    caught: list[tuple[int, FrameType | None]] = []

    def wait(number: int, frame: FrameType | None) -> None:
        caught.append((number, frame))
        if second_breaks and len(caught) > 1:
            handlers[number](number, frame)

    try:
        for number in handlers:
            signal.signal(number, wait)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if caught and not (second_breaks and len(caught) > 1):
            number, frame = caught[0]
            handlers[number](number, frame)
