"""Each variant of a mock can be seen from outside. Faults are, or the selftest fails."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from sendproof.mock import accounts
from sendproof.mock.accounts import PROVIDERS, Provider, Settings
from sendproof.mock.app import mock
from sendproof.mock.faults import FAULTS
from sendproof.mock.variants import VARIANTS

TO, OTHER = accounts.RECIPIENTS[:2]
FROM = accounts.DEFAULT_SENDER
URL = "https://example.com/promo.jpg"
EMOJI = "\U0001f600"
TEXTS = ("Hello", " a <b>&\n'c' ", "ж", "x" * 161, "", " ", "\x00")
RAW = (
    b"{",
    b"[]",
    b"{}",
    b'{"a": ' + b"[" * 9_000,
    b'{"a": "' + b"x" * 300_000 + b'"}',
    b'{"a": 1}',
)
LEAVES_TRACE_IN_TIME = {"slow", "sliding-window", "one-500"}

TL_ACCOUNTS = accounts.textingline_accounts(Settings())
TF_KEYS = accounts.textflow_keys(Settings())

See = Callable[[object], None]
Request = tuple[object, dict[str, Any]]


class DiffersError(Exception):
    """An answer is not the faultless mock's."""


def basic(role: str, *, secret: Callable[[str], str] = str) -> dict[str, str]:
    account = TL_ACCOUNTS[role]
    pair = f"{account.key_id}:{secret(account.key_secret)}"
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def key(role: str, *, value: Callable[[str], str] = str) -> dict[str, str]:
    return {"x-api-key": value(TF_KEYS[role].value)}


def ask(document: object = None, headers: dict[str, str] | None = None, **options: Any) -> Request:
    return document, {"headers": headers, **options}


async def each(direct: Any, see: See, requests: Sequence[Request]) -> None:
    for document, options in requests:
        see(await direct.send(document, **options))


async def at_once(direct: Any, see: See, requests: Sequence[Request]) -> None:
    sending = (direct.send(document, **options) for document, options in requests)
    for answer in await asyncio.gather(*sending):
        see(answer)


def sms(**members: object) -> dict[str, object]:
    return {"to": TO, "from": FROM, "body": "Hello", **members}


def text(**members: object) -> dict[str, object]:
    return {"to": TO, "message": "Hello", **members}


def raw_requests(headers: dict[str, str], document: dict[str, object]) -> list[Request]:
    members = ", ".join(f'"{name}": "{value}"' for name, value in document.items())
    return [
        *(ask(headers=headers, body=raw) for raw in RAW),
        ask(headers=headers, body=f'{{"to": "x", {members}}}'.encode()),
        ask(headers=headers, body=b" " * 20_000 + b"{}"),
        ask(document, {**headers, "content-type": "text/plain"}),
        ask(document, headers, method="GET"),
        ask({"to": 1}),
        ask(document),
    ]


TL_BODIES = (
    *TEXTS,
    *("x" * 640, "x" * 641, "x" * 642, "é" * 640, EMOJI * 640),
    accounts.UNSUPPORTED_BODY,
    accounts.NONCOMPLIANT_BODY,
)
TL_DOCUMENTS = (
    *(sms(body=body) for body in TL_BODIES),
    *(sms(to=number) for number in (*accounts.FAILING_RECIPIENTS.values(), TO[1:], "call", TO[:-1])),
    *(sms(**{"from": number}) for number in (accounts.INACTIVE_SENDER, accounts.FOREIGN_SENDER)),
    *(sms(mediaUrl=url, body=body) for url in (URL, "x", None) for body in ("a", "")),
    *(sms(idempotencyKey="key-of-20-characters-" + end) for end in ("a", "a", "b")),
    sms(idempotencyKey="k", body="one"),
    sms(idempotencyKey="k", body="two"),
    sms(body=accounts.UNSUPPORTED_BODY, **{"from": accounts.FOREIGN_SENDER}),
)
TL_KINDS = {
    "s": sms(),
    "m": sms(mediaUrl=URL),
    "k": sms(idempotencyKey="k"),
    "f": sms(to=accounts.FAILING_RECIPIENTS["unknown"]),
    "r": sms(body=""),
}
TL_WRONG_SECRETS: tuple[Callable[[str], str], ...] = (
    str.lower,
    lambda s: s[:-1],
    lambda s: "x" * 20,
)

TF_NUMBERS = (
    *("2025550123", "12025550123", "(202) 555-0123", "202-555-0123", "202 555 0123"),
    *("+1 (202) 555-0123", "22025550123", "202555012", "202555012a3", "call", ""),
)
TF_SENDERS = (
    *(accounts.SENDERS[1], "(312) 555-0141", accounts.FOREIGN_SENDER),
    *(accounts.INACTIVE_SENDER, "x", None),
)
TF_DOCUMENTS = (
    *(text(message=message) for message in TEXTS),
    *(text(message=message) for message in ("x" * 1600, "x" * 1601, "x" * 1602)),
    *(text(message=message) for message in ("é" * 1600, EMOJI * 1600)),
    *(text(to=number) for number in TF_NUMBERS),
    *(text(**{"from": number}) for number in TF_SENDERS),
    text(),
)
TF_WRONG_KEYS: tuple[Callable[[str], str], ...] = (
    str.lower,
    lambda s: s[:-1],
    lambda s: s + "x",
    lambda s: "x" * 20,
)


async def textingline_probe(start: Callable[[], Any], see: See) -> None:
    main, metered, direct = basic("main"), basic("metered"), start()
    await at_once(start(), see, [ask(sms(idempotencyKey="k"), main)] * 3)
    await at_once(start(), see, [ask(sms(), metered)] * 5)
    await each(direct, see, [ask(document, main) for document in TL_DOCUMENTS])
    await each(direct, see, raw_requests(main, sms()))
    await each(direct, see, [ask(sms(), basic("main", secret=wrong)) for wrong in TL_WRONG_SECRETS])
    await each(direct, see, [ask(sms(idempotencyKey="k", body="one"), metered)])
    for mix in ("sssssss", "mmsss", "smmmms", "ksksss", "ffffffff", "rsssssss"):
        await each(start(), see, [ask(TL_KINDS[kind], metered) for kind in mix])


async def textflow_probe(start: Callable[[], Any], see: See) -> None:
    main, limited, direct = key("main"), key("rate_limited"), start()
    await each(direct, see, [ask(document, main) for document in TF_DOCUMENTS])
    await each(direct, see, raw_requests(main, text()))
    await each(direct, see, [ask({}, key(role)) for role in ("daily_exhausted", "inactive")])
    await each(direct, see, [ask(text(), key(role)) for role in TF_KEYS])
    await each(direct, see, [ask(text(**{"from": accounts.SENDERS[1]}), key("test"))])
    await each(direct, see, [ask(text(), key("main", value=wrong)) for wrong in (*TF_WRONG_KEYS, lambda value: "")])
    await each(direct, see, [ask(text(), main)])
    direct = start()
    await each(direct, see, [ask(text(), limited)] * 7)
    direct.mock.clock.advance(60)
    await each(direct, see, [ask(text(), limited)] * 2)


PROBES: dict[Provider, Callable[..., Awaitable[None]]] = {
    "textingline": textingline_probe,
    "textflow": textflow_probe,
}
VARIANT_IDS = [(provider, variant.name) for provider in PROVIDERS for variant in VARIANTS[provider]]


@pytest.fixture(scope="module")
def faultless() -> dict[Provider, list[object]]:
    return {}


@pytest.fixture
def differs(
    faultless: dict[Provider, list[object]],
    start_direct: Callable[..., Any],
    run_async: Callable[..., Any],
) -> Callable[..., bool]:
    """Tell whether a mock is told apart from the faultless one, up to the first difference."""

    def probe(provider: Provider, see: See, **deviation: str) -> None:
        run_async(PROBES[provider](lambda: start_direct(provider, **deviation), see))

    def compare(provider: Provider, **deviation: str) -> bool:
        if provider not in faultless:
            probe(provider, faultless.setdefault(provider, []).append)
        expected = iter(faultless[provider])

        def see(answer: object) -> None:
            if answer != next(expected):
                raise DiffersError

        try:
            probe(provider, see, **deviation)
        except DiffersError:
            return True
        return False

    return compare


@pytest.mark.parametrize(("provider", "name"), [pair for pair in VARIANT_IDS if pair[1] not in LEAVES_TRACE_IN_TIME])
def test_variant_can_be_seen(differs: Callable[..., bool], provider: Provider, name: str) -> None:
    assert differs(provider, variant=name)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_faultless_mock_is_reproducible(differs: Callable[..., bool], provider: Provider) -> None:
    assert not differs(provider)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_slow_variant_takes_time(
    start_direct: Callable[..., Any], run_async: Callable[..., Any], provider: Provider
) -> None:
    async def timed() -> float:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await start_direct(provider, variant="slow").send({})
        return loop.time() - started

    assert run_async(timed()) >= 0.005


@pytest.mark.parametrize("provider", PROVIDERS)
def test_names_are_unique_and_described(provider: Provider) -> None:
    deviations = (*FAULTS[provider], *VARIANTS[provider])
    assert len({deviation.name for deviation in deviations}) == len(deviations)
    for deviation in deviations:
        assert deviation.name == deviation.name.lower()
        assert deviation.summary.endswith(".")
        assert deviation.provider in (provider, "both")


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("option", ["fault", "variant"])
def test_unknown_deviation_is_an_error(provider: Provider, option: str) -> None:
    deviation: dict[str, Any] = {option: "no-such"}
    with pytest.raises(LookupError, match="no fault or variant is named 'no-such'"):
        mock(provider, **deviation)


def test_race_shows_only_when_concurrent(start_direct: Callable[..., Any], run_async: Callable[..., Any]) -> None:
    async def ids(direct: Any, *, concurrent: bool) -> set[str]:
        seen: list[Any] = []
        sending = at_once if concurrent else each
        await sending(direct, seen.append, [ask(TL_KINDS["k"], basic("main"))] * 3)
        return {answer.json()["id"] for answer in seen}

    fault = "idempotency-races"
    assert len(run_async(ids(start_direct("textingline", fault=fault), concurrent=False))) == 1
    assert len(run_async(ids(start_direct("textingline", fault=fault), concurrent=True))) == 3


def test_failed_message_stays_without_sent_at_when_times_are_swapped(
    start_direct: Callable[..., Any], run_async: Callable[..., Any]
) -> None:
    send = start_direct("textingline", fault="sent-before-created").send
    assert "sentAt" not in run_async(send(TL_KINDS["f"], headers=basic("main"))).json()


def test_gzip_is_sent_only_to_who_accepts_it(start_direct: Callable[..., Any], run_async: Callable[..., Any]) -> None:
    async def probe() -> list[Any]:
        send = start_direct("textflow", variant="gzip").send
        return [await send({}), await send({}, headers={"accept-encoding": "identity"})]

    compressed, plain = run_async(probe())
    assert compressed.body[:2] == b"\x1f\x8b"
    assert plain.json()["success"] is False


def test_fault_and_variant_combine(start_direct: Callable[..., Any], run_async: Callable[..., Any]) -> None:
    send = start_direct("textflow", fault="success-as-text", variant="accepted-202").send
    answer = run_async(send(text(), headers=key("main")))
    assert (answer.status, answer.json()["success"]) == (202, "true")
