"""Signals that end a run: INT, TERM and HUP alike, and held back while something is done that must be done whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Windows has no HUP, and its TERM reaches nobody.
_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def ended_alike() -> Iterator[None]:
    """Let TERM and HUP raise KeyboardInterrupt, as Ctrl-C does, where they would end the process at once.

    A signal that somebody handles, or that this process was told to ignore (`nohup`), stays what it is.
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
