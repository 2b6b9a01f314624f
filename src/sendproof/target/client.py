"""The client: the only place from which requests leave."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

import sendproof
from sendproof.contract.outcome import Outcome
from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case
from sendproof.exchange import MAYBE_SERVED, NEVER_SENT, Exchange, Headers, Request, Response
from sendproof.judge.parsing import answer_of
from sendproof.target.binding import BoundRequest, RecipientGuard
from sendproof.target.budget import Allowance, Spent, TimeLimit
from sendproof.target.network import network_secrets
from sendproof.target.pacing import Pacing, RunClock
from sendproof.target.profile import Profile
from sendproof.target.pseudonyms import Pseudonyms
from sendproof.target.redaction import Redactor
from sendproof.target.transport import KEPT_BYTES, Received, receive, transport_of

_STANDARD_FIELDS: Headers = (
    ("User-Agent", f"sendproof/{sendproof.__version__}"),
    ("Accept", "application/json, */*;q=0.8"),
    ("Accept-Encoding", "gzip"),
)
# A run has some hundred URLs, by their queries; parsing one takes longer than finding it.
_MAX_URLS = 1024
# Of requests that are sent together the last is waited for so long.
_LONGEST_MEETING_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a client has sent. `withheld` requests were not sent: the allow-list kept them back."""

    requests: int
    accepted: int
    withheld: int


class Client:
    """Sends cases to one target, once each, and returns redacted exchanges.

    It never raises for what the target does. Before anything is sent it may raise `Unbindable`
    (the profile lacks something), `Withheld` (the recipient is not allowed) or
    `BudgetSpent`, also where the time of the run is over. `nonces` are texts of 24 letters and
    digits, each unlike all others. `public` are texts that no answer is taken to quote a secret with:
    those of the documents.
    Fields that only frame or describe the client (Host, Content-Length, User-Agent, Accept,
    Accept-Encoding, Connection), and those of the profile's network, are sent and not recorded, unless the case gives
    them.
    """

    def __init__(
        self,
        profile: Profile,
        provider: Provider,
        clock: RunClock,
        budget: Allowance,
        pacing: Pacing,
        *,
        time_limit: TimeLimit | None = None,
        transport: httpx.BaseTransport | None = None,
        nonces: Iterator[str] | None = None,
        public: Iterable[str] = (),
    ) -> None:
        self._profile, self._provider = profile, provider
        self._guard = RecipientGuard(profile, provider)
        self._clock = clock
        self._budget = budget
        self._pacing = pacing
        self._time_limit = time_limit or TimeLimit()
        self._transport = transport or transport_of(profile)
        self._nonces = nonces or unique_nonces()
        self._own_fields = tuple((name, value.value) for name, value in profile.network.headers)
        secrets = {**profile.keys, **network_secrets(profile, provider)}
        self._redactor = Redactor(provider, secrets, Pseudonyms(profile), public=public)
        self._urls: dict[str, httpx.URL] = {}
        self._ids = map("x{}".format, itertools.count(1))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the target."""
        self._transport.close()

    @property
    def traffic(self) -> Traffic:
        """Return what went through so far."""
        return Traffic(requests=self._budget.requests, accepted=self._budget.accepted, withheld=self._guard.withheld)

    @property
    def messages_allowed(self) -> int:
        """Return how many messages may be accepted in all, those of this run among them."""
        return self._budget.messages_allowed

    @property
    def found(self) -> Spent:
        """Return what other runs had spent of the budget before."""
        return self._budget.found

    def slow_down(self, *, to_at_least_s: float = 0.0) -> None:
        """Send fewer requests a second from now on, since the target throttles those that it gets."""
        self._pacing.slow_down(to_at_least_s=to_at_least_s)

    def scrubbed(self, text: str) -> str:
        """Return a text about the traffic, such as that of an error, without secrets and numbers."""
        return self._redactor.text(text)

    def send(self, case: Case, *, nonce: str | None = None) -> Exchange:
        """Send one case. The same `nonce` gives the very same request again."""
        bound = self._guard.bound(case, nonce or next(self._nonces))
        price = self._guard.price(bound.body)
        self._time_limit.check(self._pacing.delay_s, "budget.requests_per_second")
        self._budget.reserve(credits_=price, should_be_refused=not case.may_be_accepted)
        self._pacing.acquire()
        return self._exchange(next(self._ids), case, bound)

    def send_together(self, cases: Sequence[Case]) -> list[Exchange]:
        """Send cases at the same moment, all or none, and return the exchanges in their order.

        The last byte of each waits until all the others have been sent: so they overlap, however busy this machine is.
        """
        requests = [(case, self._guard.bound(case, next(self._nonces))) for case in cases]
        if not requests:
            return []
        refusable = not any(case.may_be_accepted for case in cases)
        price = sum(self._guard.price(bound.body) for _, bound in requests)
        self._time_limit.check(self._pacing.delay_s, "budget.requests_per_second")
        self._budget.reserve(len(requests), credits_=price, should_be_refused=refusable)
        self._pacing.acquire(len(requests))
        meeting = threading.Barrier(len(requests), timeout=min(self._profile.timeout_s / 2, _LONGEST_MEETING_S))

        def start(id_: str, request: tuple[Case, BoundRequest]) -> Exchange:
            try:
                return self._exchange(id_, *request, meeting=meeting)
            finally:
                # One that failed before the meeting is not waited for.
                meeting.abort()

        with ThreadPoolExecutor(len(requests)) as pool:
            return list(pool.map(start, [next(self._ids) for _ in requests], requests))

    def _exchange(
        self, id_: str, case: Case, bound: BoundRequest, *, meeting: threading.Barrier | None = None
    ) -> Exchange:
        request = self._request(bound, meeting)
        asked = self._redactor.asked(bound.body)
        started_s, started = self._clock.now(), time.perf_counter()
        received = receive(self._transport, request, timeout_s=self._profile.timeout_s)
        elapsed_s = time.perf_counter() - started
        accepted = _is_accepted(self._provider, received)
        self._budget.settle(accepted=accepted, credits_=self._guard.price(bound.body))
        return Exchange(
            id=id_,
            request=Request(
                method=bound.method,
                path=self._redactor.path(bound.path, bound.presented),
                headers=self._redactor.request_headers(bound.headers),
                body=asked,
            ),
            response=None if received.failure else self._response(received, bound, asked, accepted=accepted is True),
            credential=bound.credential,
            started_s=started_s,
            elapsed_s=elapsed_s,
            failure=received.failure,
            case=case.id,
        )

    def _request(self, bound: BoundRequest, meeting: threading.Barrier | None) -> httpx.Request:
        given = {name.lower() for name, _ in bound.headers}
        headers = [
            (name.encode("ascii"), value.encode("utf-8"))
            for name, value in (
                *bound.headers,
                *(item for item in (*_STANDARD_FIELDS, *self._own_fields) if item[0].lower() not in given),
            )
        ]
        content: bytes | Iterator[bytes] = bound.body
        if meeting is not None:
            headers.append((b"Content-Length", str(len(bound.body)).encode("ascii")))
            content = _held_back(bound.body, meeting)
        return httpx.Request(bound.method, self._url(bound.url), headers=headers, content=content)

    def _url(self, text: str) -> httpx.URL:
        url = self._urls.get(text)
        if url is None:
            url = httpx.URL(text)
            if len(self._urls) < _MAX_URLS:
                self._urls[text] = url
        return url

    def _response(self, received: Received, bound: BoundRequest, asked: bytes, *, accepted: bool) -> Response:
        body = self._redactor.answered(received.body, asked, accepted=accepted, presented=bound.presented)
        return Response(
            status=received.status,
            headers=self._redactor.response_headers(received.headers, asked, bound.presented),
            body=body[:KEPT_BYTES],
        )


def _held_back(body: bytes, meeting: threading.Barrier) -> Iterator[bytes]:
    """Yield a body, its last byte when all have come to a meeting, or as many as did within its time."""
    yield body[:-1]
    with suppress(threading.BrokenBarrierError):
        meeting.wait()
    yield body[-1:]


def _is_accepted(provider: Provider, received: Received) -> bool | None:
    """Whether a message was accepted; None where that is unknown: the answer was lost, or a gateway gave its own."""
    if received.failure in NEVER_SENT:
        return False
    if received.failure or received.status in MAYBE_SERVED:
        return None
    answer = answer_of(Response(status=received.status, headers=received.headers, body=received.body))
    outcome = provider.outcome(received.status, answer, received.body)
    if outcome is Outcome.FOREIGN and received.status < 300:
        return None
    return outcome in (Outcome.ACCEPTED, Outcome.FAILED)


def unique_nonces() -> Iterator[str]:
    """Yield nonces that differ in their first characters and in their last ones."""
    # Not a generator: those cannot be shared between threads.
    return map(secrets.token_hex, itertools.repeat(12))
