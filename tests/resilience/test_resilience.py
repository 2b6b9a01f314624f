"""Trouble between a run and its target: nobody is blamed for it, and nobody gets a message twice for it.

Behind the proxy stands a mock that keeps every promise: whatever looks otherwise is the network's.
"""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from sendproof.contract.model import load_contract
from sendproof.corpus.build import load_corpus
from sendproof.mock.accounts import PROVIDERS, Provider
from sendproof.mock.server import MockServer
from sendproof.mock.virtual_clock import VirtualClock
from sendproof.target.pacing import WallClock
from tests.resilience import proxy as net
from tests.resilience.proxy import FaultyProxy, Plan, Seen
from tests.runs.support import run_target, with_verdict
from tests.shared import once

pytestmark = pytest.mark.slow

# Nobody waits so long for a run of ninety requests, however busy the machine is.
ENOUGH_S = 90.0
LONGEST_WAIT_S = 120.0
BUDGET = {"max_requests": 90, "max_accepted": 60, "requests_per_second": 1_000.0}
REPORTS = ("results.json", "junit.xml", "summary.md", "exchanges.har", "report.html")
HOURS = 3_600.0
WINDOW_S = 0.5
# No wait for a window is longer, and all for a network are.
PAUSE_S = 1.2 * WINDOW_S


class Shifted:
    """A clock that is wrong by some seconds."""

    def __init__(self, by_s: float) -> None:
        self._by_s = by_s

    def now(self) -> float:
        """Return what the clock shows."""
        return time.time() + self._by_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What the proxy does to which request, and by how much the clock of the service is wrong."""

    plan: Plan
    clock_s: float = 0.0


def in_turn(step: int, *troubles: net.Trouble, first: int = 10) -> Plan:
    """Trouble one request in `step`, with each trouble in turn."""
    plans = [net.every(step * len(troubles), trouble, first=first + step * n) for n, trouble in enumerate(troubles)]
    return lambda number: next((found for plan in plans if (found := plan(number))), None)


def gateways(*statuses: int, asked: bool = False) -> list[net.Trouble]:
    """Return the pages of a gateway, without and with the time after which to come again."""
    return [net.gateway(status, retry_after=after, asked=asked) for status in statuses for after in (None, "1")]


_ANY = (
    net.cut_in_the_middle,
    net.swallow,
    net.drop,
    net.reset_after,
    net.reset_before,
    net.drip(0),
    *gateways(502, 503, 504),
)
TROUBLES: Mapping[str, Trouble] = {
    "cut-off-answers": Trouble(
        plan=in_turn(8, net.cut_in_the_middle, net.cut_in_the_head, net.reset_in_the_middle),
    ),
    "lost-requests-and-answers": Trouble(
        plan=in_turn(8, net.swallow, net.drop, net.reset_after, net.reset_before),
    ),
    "closed-while-idle": Trouble(
        plan=lambda number: net.close_when_idle if number % 4 else net.reset_if_reused,
    ),
    "hanging": Trouble(plan=in_turn(25, net.hang, net.hang_in_the_middle, net.hang_before)),
    "dripping": Trouble(plan=lambda number: net.drip(0 if number % 30 else 0.05)),
    "gateway-now-and-then": Trouble(plan=in_turn(8, *gateways(502, 503, 504))),
    "gateway-for-a-while": Trouble(
        plan=net.during([(20, 23), (61, 64), (75, 86)], net.gateway(503, retry_after="1")),
    ),
    "gateway-at-the-start": Trouble(plan=net.during([(1, 3)], net.gateway(502))),
    "gateway-and-nothing-else": Trouble(plan=net.always(net.gateway(504))),
    "gateway-that-hides-answers": Trouble(plan=in_turn(8, *gateways(502, 504, asked=True))),
    "outages": Trouble(plan=net.during([(20, 23), (61, 62), (70, 72), (80, 83)], net.reset_before)),
    "silent-for-a-while": Trouble(plan=net.during([(61, 63)], net.hang)),
    "silent-from-the-middle-on": Trouble(plan=lambda number: net.hang if number >= 40 else None),
    "answering-one-in-six": Trouble(plan=lambda number: net.drop if number > 10 and number % 6 else None),
    "refusing-for-a-while": Trouble(plan=net.during([(40, 40)], net.refuse(0.3))),
    "date-astray": Trouble(plan=lambda number: net.dated(5 * HOURS if number % 2 else -5 * HOURS)),
    "clock-behind": Trouble(plan=net.always(net.dated(-7 * HOURS)), clock_s=-7 * HOURS),
    "anything-at-any-time": Trouble(plan=net.at_random(2, 0.12, *_ANY)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a run, what the proxy saw of it, and what the service counted.

    `waited_s` is what the run would have waited for the network, had it been let.
    """

    provider: str
    code: int
    results: Mapping[str, Any]
    folder: Path
    seen: Sequence[Seen]
    requests: int
    accepted: int
    duration_s: float
    waited_s: float

    @property
    def entries(self) -> list[Mapping[str, Any]]:
        """Return the requests of the run with their answers."""
        entries: list[Mapping[str, Any]] = json.loads((self.folder / "exchanges.har").read_text("utf-8"))["log"][
            "entries"
        ]
        return entries

    @property
    def failed(self) -> dict[str, str]:
        """Return what is said of the clauses that fail."""
        return {item["id"]: item["observed"] for item in self.results["clauses"] if item["verdict"] == "fail"}


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer: a run that hangs is a failure of its test, and does not take the others along."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run_through(
    folder: Path,
    provider: Provider,
    plan: Plan | None,
    *arguments: str,
    clock_s: float = 0.0,
    budget: Mapping[str, float] = BUDGET,
    limited: bool = False,
    timeout_s: float = 0.4,
) -> Ran:
    """Run against a mock behind the proxy, without a wait that serves the network alone.

    The rate limit is asked, and its window waited for, only where it is `limited`.
    """
    waits: list[float] = []

    def briefly(clock: WallClock, seconds: float) -> None:
        waits.append(seconds)
        clock.sleep(seconds if limited and seconds <= PAUSE_S else min(seconds, 0.05))

    clock = VirtualClock(Shifted(clock_s)) if clock_s else None
    with (
        MockServer(provider, window_s=WINDOW_S, clock=clock) as mock,
        FaultyProxy(urlsplit(mock.base_url).port or 0, plan) as proxy,
        pytest.MonkeyPatch.context() as patch,
        interrupted_after(ENOUGH_S),
    ):
        profile: dict[str, Any] = {
            **mock.profile(),
            "base_url": proxy.base_url,
            "budget": budget,
            "timeout_s": timeout_s,
        }
        patch.setattr(WallClock, "wait", briefly)
        if not limited:
            profile["fixtures"] = {name: value for name, value in profile["fixtures"].items() if name != "rate_limited"}
        started = time.monotonic()
        code, results = run_target(folder, profile, "--quiet", *arguments)
        duration_s = time.monotonic() - started
    return Ran(
        provider=provider,
        code=code,
        results=results,
        folder=folder / "reports" / "target",
        seen=tuple(proxy.seen),
        requests=mock.request_count,
        accepted=mock.accepted_count,
        duration_s=duration_s,
        waited_s=sum(waits),
    )


# What may have been served is asked again by one provider's keys, and not at all of the other: both are asked. All else
# is the same for both, and each of them has its half.
OF_BOTH = (
    "cut-off-answers",
    "lost-requests-and-answers",
    "closed-while-idle",
    "gateway-that-hides-answers",
    "gateway-for-a-while",
    "anything-at-any-time",
)
RUNS = [
    (provider, name)
    for number, name in enumerate(TROUBLES)
    for turn, provider in enumerate(PROVIDERS)
    if name in OF_BOTH or turn == number % len(PROVIDERS)
]


@pytest.fixture(
    scope="module",
    params=RUNS,
    ids=lambda pair: f"{pair[0]}-{pair[1]}",
)
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run in trouble."""
    provider, name = request.param
    trouble = TROUBLES[name]
    return once(
        tmp_path_factory,
        f"resilience-{provider}-{name}",
        lambda folder: run_through(folder, provider, trouble.plan, clock_s=trouble.clock_s),
    )


def test_run_in_trouble_ends(ran: Ran) -> None:
    assert ran.duration_s < ENOUGH_S


def test_run_in_trouble_waits_two_minutes_at_most(ran: Ran) -> None:
    assert ran.waited_s <= LONGEST_WAIT_S


def test_run_in_trouble_writes_all_reports(ran: Ran) -> None:
    assert [name for name in REPORTS if not (ran.folder / name).stat().st_size] == []
    ElementTree.parse(ran.folder / "junit.xml")
    assert ran.entries


def test_run_in_trouble_blames_no_clause_on_the_target(ran: Ran) -> None:
    assert ran.failed == {}


def test_run_in_trouble_exits_as_held_incomplete_or_environment(ran: Ran) -> None:
    assert ran.code == ran.results["exit_code"]
    assert ran.code in (0, 10, 11)


def test_run_in_which_nothing_was_accepted_is_not_green(ran: Ran) -> None:
    assert ran.code != 0 or ran.accepted > 0


def test_run_in_trouble_sends_nothing_that_it_does_not_tell(ran: Ran) -> None:
    """What arrives is what the run counts: below it nobody sends anything again."""
    assert ran.requests <= len(ran.seen) <= ran.results["traffic"]["requests"] <= BUDGET["max_requests"]
    assert ran.accepted <= ran.results["traffic"]["requests"]
    assert len(ran.entries) == ran.results["traffic"]["requests"]


def test_run_in_trouble_keeps_its_budget_of_messages(ran: Ran) -> None:
    assert ran.accepted <= BUDGET["max_accepted"]


def test_message_whose_answer_was_lost_is_sent_once_more_at_most(ran: Ran) -> None:
    assert _sent_too_often(ran) == []


# These send a message again on purpose: with the same key, or until a limit is reached.
_ON_PURPOSE = ("idempotency.", "credits.0-", "rate_limits.")
_SCENARIOS = ("credits.", "at_once.")
_KEY = b'"idempotencyKey"'


def _sent_too_often(ran: Ran) -> list[str]:
    """Return the cases that ought to be accepted, whose answer was lost, and that were sent more than once more.

    The very same request may be sent as often as one likes, if it has an idempotency key.
    """
    corpus = load_corpus(load_contract(ran.provider), seed=0, max_examples=8)
    messages = {case.id for case in corpus.cases if case.expects == "accept"}
    entries = ran.entries
    bodies = [seen.body for seen in ran.seen] if len(ran.seen) == len(entries) else [b""] * len(entries)
    cases = [entry["request"]["_case"] for entry in entries]
    found = []
    for index, (entry, case, body) in enumerate(zip(entries, cases, bodies, strict=True)):
        ought = case in messages or (case.startswith(_SCENARIOS) and case != "credits.faulty")
        if not ought or case.startswith(_ON_PURPOSE) or not _is_lost(ran, entry):
            continue
        later = zip(cases[index + 1 :], bodies[index + 1 :], strict=True)
        again = [case for other, sent in later if other == case and not (sent == body and _KEY in body)]
        found += again[1:]
    return found


def _is_lost(ran: Ran, entry: Mapping[str, Any]) -> bool:
    """Whether nobody knows what became of a request: no answer, or a gateway's after the service was asked."""
    hiding = any(seen.forwarded and (seen.trouble or "").startswith("gateway") for seen in ran.seen)
    return "_failure" in entry["request"] or (hiding and entry["response"]["status"] in (502, 504))


def test_target_that_dies_in_the_middle_is_an_error_and_no_failure(tmp_path: Path) -> None:
    ran = run_through(tmp_path, "textingline", net.during([(60, 60)], net.refuse(ENOUGH_S)))
    assert ran.code == 11
    assert ran.results["complete"] is False
    assert with_verdict(ran.results, "fail") == set()
    assert with_verdict(ran.results, "error")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_messages_that_a_gateway_hides_count_against_the_budget(provider: Provider, tmp_path: Path) -> None:
    """The page of a gateway does not tell that nothing was sent."""
    budget = {**BUDGET, "max_accepted": 20}
    ran = run_through(tmp_path, provider, net.every(2, net.gateway(504, asked=True), first=4), budget=budget)
    assert ran.accepted <= budget["max_accepted"]


# By the number of the request: 1 is the preflight's, 2 to 7 and 9 to 14 are bursts with the refusal at their end,
# 8 and 15 are of another key, the rest comes at once. A request that fails is asked again, and moves what follows.
LIMITS: Mapping[str, Plan] = {
    "answer-of-a-burst-hidden": net.during([(11, 11)], net.gateway(504, asked=True)),
    "answers-at-once-lost": net.during([(16, 17)], net.swallow),
    "gateway-at-each-limit": net.during([(7, 7), (15, 15)], net.gateway(502)),
    "bursts-reset": net.during([(4, 5), (10, 10)], net.reset_after),
}


@pytest.mark.parametrize("plan", LIMITS.values(), ids=LIMITS)
def test_trouble_at_a_rate_limit_fails_no_clause(plan: Plan, tmp_path: Path) -> None:
    ran = run_through(tmp_path, "textflow", plan, "--concern", "rate_limits", limited=True)
    assert ran.failed == {}


def test_requests_at_once_that_are_all_lost_are_all_told(tmp_path: Path) -> None:
    """The run ends in the middle of what it sent at once, and every request of it was sent."""
    ran = run_through(
        tmp_path,
        "textflow",
        lambda number: net.reset_before if number >= 16 else None,
        "--concern",
        "rate_limits",
        limited=True,
    )
    assert len(ran.entries) == len(ran.seen) == ran.results["traffic"]["requests"]


@pytest.mark.parametrize("concern", ["idempotency", "credits"])
def test_trouble_in_a_scenario_fails_no_clause(concern: str, tmp_path: Path) -> None:
    plan = in_turn(3, net.swallow, net.gateway(504, asked=True), net.drop, net.gateway(503), first=4)
    assert run_through(tmp_path, "textingline", plan, "--concern", concern).failed == {}


def _judged_nobody(folder: Path, provider: Provider, base_url: str, *arguments: str, **changes: Any) -> str:
    """Run where no target is, and return what is said of it."""
    # Only its profile is wanted: nothing listens there any more.
    with MockServer(provider) as mock:
        profile = mock.profile()
    with interrupted_after(ENOUGH_S):
        code, results = run_target(
            folder, {**profile, "base_url": base_url, "timeout_s": 5.0, **changes}, "--quiet", *arguments
        )
    assert code == results["exit_code"] == 11
    assert {item["verdict"] for item in results["clauses"]} <= {"error", "not_applicable", "not_exercised"}
    assert [name for name in REPORTS if not (folder / "reports" / "target" / name).exists()] == []
    return (folder / "reports" / "target" / "summary.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("provider", "base_url", "changes"),
    [
        ("textflow", "https://sms.nobody.invalid", {}),
        ("textingline", "http://sms.nobody.invalid", {"allow_http": True}),
    ],
    ids=["https", "http"],
)
def test_unknown_name_is_exit_11(provider: Provider, base_url: str, changes: dict[str, Any], tmp_path: Path) -> None:
    assert "name is unknown" in _judged_nobody(tmp_path, provider, base_url, "--yes", **changes)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_refused_connection_is_exit_11(provider: Provider, tmp_path: Path) -> None:
    # Bound and never listening: refused, and nobody else can take it.
    with socket.socket() as taken:
        taken.bind((net.HOST, 0))
        base_url = f"http://{net.HOST}:{taken.getsockname()[1]}"
        assert "no connection" in _judged_nobody(tmp_path, provider, base_url)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_tls_to_a_port_of_plain_http_is_exit_11(provider: Provider, tmp_path: Path) -> None:
    with MockServer(provider) as mock:
        assert "TLS failed" in _judged_nobody(tmp_path, provider, mock.base_url.replace("http:", "https:"))
        assert mock.accepted_count == 0


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not there to make certificates")
_AUTHORITY = """
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = names
copy_extensions = none
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
"""
_PERIODS = {"expired": ("20200101000000Z", "20200201000000Z"), "valid": ("20200101000000Z", "20991231000000Z")}


def _certificate(folder: Path, period: str) -> ssl.SSLContext:
    """Make a certificate for this machine, signed by itself, and return how a server speaks with it."""
    (folder / "ca.cnf").write_text(_AUTHORITY, "utf-8")
    (folder / "index.txt").touch()
    start, end = _PERIODS[period]
    request = "req -new -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=localhost"
    sign = "ca -batch -notext -selfsign -config ca.cnf -keyfile key.pem -in request.pem -out certificate.pem"
    for command in (request, f"{sign} -startdate {start} -enddate {end}"):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


@needs_openssl
def test_certificate_signed_by_itself_is_exit_11(tmp_path: Path) -> None:
    context = _certificate(tmp_path, "valid")
    with MockServer("textflow") as mock, FaultyProxy(urlsplit(mock.base_url).port or 0, context=context) as proxy:
        assert "TLS failed" in _judged_nobody(tmp_path, "textflow", proxy.base_url)
        assert proxy.seen == []


@needs_openssl
def test_expired_certificate_is_exit_11(tmp_path: Path) -> None:
    context = _certificate(tmp_path, "expired")
    trusting = {"ca_file": "certificate.pem"}
    with MockServer("textingline") as mock, FaultyProxy(urlsplit(mock.base_url).port or 0, context=context) as proxy:
        assert "has expired" in _judged_nobody(tmp_path, "textingline", proxy.base_url, network=trusting)
        assert proxy.seen == []


@needs_openssl
def test_certificate_that_holds_lets_a_run_in(tmp_path: Path) -> None:
    """Were it refused, the tests of those that do not hold would show nothing."""
    context = _certificate(tmp_path, "valid")
    with MockServer("textflow") as mock, FaultyProxy(urlsplit(mock.base_url).port or 0, context=context) as proxy:
        profile = {**mock.profile(), "base_url": proxy.base_url, "network": {"ca_file": "certificate.pem"}}
        code, results = run_target(tmp_path, profile, "--quiet", "--clause", "tf.auth.missing-key")
    assert code == 0
    assert results["traffic"]["accepted"] > 0


def test_proxy_passes_on_what_it_does_not_trouble(tmp_path: Path) -> None:
    """The trouble is the proxy's only where a plan says so."""
    ran = run_through(tmp_path, "textflow", None, timeout_s=10.0)
    assert ran.code in (0, 10)
    assert [seen for seen in ran.seen if not (seen.forwarded and seen.delivered)] == []
    assert ran.requests == len(ran.seen) == ran.results["traffic"]["requests"]


@pytest.mark.parametrize("seed", range(3))
def test_random_plan_is_the_same_for_a_seed(seed: int) -> None:
    one, two = (net.at_random(seed, 0.3, net.drop, net.swallow) for _ in range(2))
    numbers = range(1, 200)
    assert [one(number) for number in numbers] == [two(number) for number in reversed(numbers)][::-1]
    assert any(one(number) for number in itertools.islice(numbers, 10, None))
