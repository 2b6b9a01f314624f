"""The commented profile that `sendproof init` prints, made from a provider's facts."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from urllib.parse import urlsplit

from sendproof.contract.provider import Fixture, Provider
from sendproof.target.profile import KEY_KINDS, MAIN, Budget, Profile, conventional_name

_WIDTH = 100


def init_text(provider: Provider) -> str:
    """Return a commented target profile in TOML: secrets by environment variable.

    The numbers are reserved for fiction (NANP 555-0100 to 555-0199). A line that begins
    with `#` and no space is a setting that only needs its `#` removed.
    """
    return (
        "\n".join([*_head(provider), *_account(provider), *_network(), *_budget(provider), *_fixtures(provider)]) + "\n"
    )


def _head(provider: Provider) -> Iterator[str]:
    file = f"{provider.name}.schema.json"
    yield f"#:schema {file}"
    yield f"# For editors that read the line above: sendproof init {provider.name} --schema > {file}"
    yield f"# A target profile for {provider.title}. Secrets: from the environment, or as strings."
    if provider.standing:
        yield f"# The pack was {provider.standing}."
    yield f"provider = {_quoted(provider.name)}"
    yield f"base_url = {_quoted(provider.base_url)}  # plain http only for loopback, unless allow_http = true"
    yield "#timeout_s = 10.0  # for the whole of a request and its answer"
    yield ""
    yield "[credentials]"
    for part in provider.credential_parts:
        yield f"{part} = {_reference(provider, MAIN, part)}"


def _account(provider: Provider) -> Iterator[str]:
    yield ""
    yield "[account]"
    yield '# A number may come from the environment, too: senders = [{ env = "SMS_SENDER" }].'
    yield f"senders = [{_number(10)}, {_number(11)}]  # active numbers of the account"
    if provider.has_default_sender:
        yield f"default_sender = {_number(10)}  # the one that sends when a request names none"
    yield f"recipients = [{_number(20)}]  # the only numbers that may receive a message: use your own"


def _network() -> Iterator[str]:
    yield ""
    yield "# Only where HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and the system's trust store do not say it already."
    yield "#[network]"
    yield '#proxy = "http://proxy.example.com:3128"  # or { env = "NAME" }; loopback is never reached through one'
    yield "# Files in PEM, from the folder of this profile on:"
    yield '# ca_file = "ca.pem"  # authorities to trust, and no others'
    yield '# client_cert = "client.pem"  # what the service asks this client for, with its key'
    yield '# client_key = "client.key"'
    yield "#[network.headers]  # what a gateway before the API wants; kept nowhere"
    yield '#X-Gateway-Key = { env = "GATEWAY_KEY" }'


def _budget(provider: Provider) -> Iterator[str]:
    standard = Budget()
    yield ""
    yield "[budget]"
    yield "# What is stated is never exceeded; without it, `--effort` says how much."
    yield f"#max_requests = {standard.max_requests}"
    yield f"#max_accepted = {standard.max_accepted}  # messages that the target may accept, and charge for"
    if provider.prices:
        yield "#max_credits = 150  # what the accepted messages may cost in all, at the contract's prices"
    yield f"max_duration_s = {standard.max_duration_s}  # waits included; then what is known is judged"
    yield f"requests_per_second = {standard.requests_per_second}"
    yield f"retry_after_s = {standard.retry_after_s}  # the wait after an unexpected 429 that names no time"


def _fixtures(provider: Provider) -> Iterator[str]:
    if not provider.fixtures:
        return
    yield ""
    yield "# Each fixture is optional and unlocks clauses: remove the # before its name."
    yield "[fixtures]"
    ordered = sorted(provider.fixtures.values(), key=lambda fixture: fixture.kind == "recipients")
    for index, fixture in enumerate(ordered):
        text = f"{fixture.name}: unlocks {', '.join(fixture.unlocks)}."
        yield from textwrap.wrap(
            text, _WIDTH, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False, break_long_words=False
        )
        yield from _fixture(provider, fixture, 30 + index)


def _fixture(provider: Provider, fixture: Fixture, number: int) -> Iterator[str]:
    if fixture.kind == "recipients":
        yield f"#[fixtures.{fixture.name}]"
        for index, cause in enumerate(fixture.causes):
            yield f"#{cause} = {_number(number + index)}"
    elif fixture.kind in KEY_KINDS:
        yield f"#{fixture.name} = {_key(provider, fixture)}"
    elif fixture.kind == "sender":
        yield f"#{fixture.name} = {_number(number)}"
    elif fixture.kind == "media":
        yield f"#{fixture.name} = {_quoted('https://example.com/images/promo.jpg')}  # that the vendor can fetch"
    else:
        yield f"#{fixture.name} = {_quoted(f'a text that is {fixture.state}')}"


def _key(provider: Provider, fixture: Fixture) -> str:
    parts = [(part, _reference(provider, fixture.state or fixture.name, part)) for part in provider.credential_parts]
    extras = {
        "rate_limit": [("limit_per_minute", "5"), ("window_s", "60.0")],
        "metered": [("balance", "{ credits = 14 }")],
    }.get(fixture.kind, [])
    if len(parts) == 1 and not extras:
        return parts[0][1]
    return "{ " + ", ".join(f"{name} = {value}" for name, value in parts + extras) + " }"


def _reference(provider: Provider, key: str, part: str) -> str:
    return f"{{ env = {_quoted(conventional_name(provider.name, key, part))} }}"


def _number(line: int) -> str:
    return f'"+1202555{100 + line:04}"'


_PLACEHOLDER = re.compile(r"\+120255501\d\d")
"""The numbers above: reserved for fiction, so nobody has one, and no account either."""


def placeholders(profile: Profile, provider: Provider) -> tuple[str, ...]:
    """Return the settings that are still as a fresh profile has them, and cannot be true at the vendor's own service.

    Elsewhere a mock may have any number.
    """
    if urlsplit(profile.base_url).hostname != urlsplit(provider.base_url).hostname:
        return ()
    groups = {"account.senders": profile.senders, "account.recipients": profile.recipients}
    return tuple(name for name, numbers in groups.items() if numbers and all(map(_PLACEHOLDER.fullmatch, numbers)))


def _quoted(text: str) -> str:
    """Return a basic string of TOML, which is JSON's."""
    return json.dumps(text)
