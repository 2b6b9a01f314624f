"""Signals that end a run wait for what must be done whole, and are then heard."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sendproof.process import ended_alike, held_back
from sendproof.target.budget import Ledger, Spent


def interrupt(_: Spent = Spent()) -> None:  # noqa: B008 - frozen
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def heeding() -> Iterator[None]:
    # Whoever started the tests may have told them to ignore some.
    wanted: dict[signal.Signals, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_interrupt_comes_after_the_block_and_once() -> None:
    done = []

    @held_back()
    def work() -> None:
        interrupt()
        interrupt()
        done.append("whole")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_every_signal_that_ends_a_run_does_it_alike(number: signal.Signals) -> None:
    done = []

    @ended_alike()
    def work() -> None:
        with held_back():
            os.kill(os.getpid(), number)
            done.append("whole")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_second_interrupt_breaks_what_takes_long() -> None:
    done = []

    @held_back(second_breaks=True)
    def work() -> None:
        interrupt()
        done.append("after the first")
        interrupt()
        done.append("after the second")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["after the first"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("booked", [interrupt, lambda _: None])
def test_ledger_that_is_interrupted_has_booked_whole_and_goes_on(booked: Callable[[Spent], None]) -> None:
    with Ledger() as ledger:
        if booked is interrupt:
            with pytest.raises(KeyboardInterrupt):
                ledger.reserve(Spent(requests=1), booked)
        else:
            ledger.reserve(Spent(requests=1), booked)
        seen: list[Spent] = []
        ledger.reserve(Spent(requests=1), seen.append)
    assert seen == [Spent(requests=1)]


def test_other_threads_and_ignored_interrupts_are_left_alone() -> None:
    heard: list[object] = []

    def work() -> None:
        with held_back():
            heard.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with held_back():
        interrupt()
    assert heard == [signal.default_int_handler]
