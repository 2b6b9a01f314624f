"""Reads a target profile: TOML and environment in, a `Profile` or one line of complaint out."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from sendproof.account import RateLimit
from sendproof.contract.packs import add_pack
from sendproof.contract.provider import Fixture, Provider
from sendproof.errors import UsageError
from sendproof.target.address import base_url
from sendproof.target.network import read_network
from sendproof.target.phone_numbers import masked, without_numbers
from sendproof.target.profile import KEY_KINDS, MAIN, Budget, Given, Profile, Secret
from sendproof.target.table import Table, got, hidden, kind, shortened, toml_text

TOP = (
    "provider",
    "pack",
    "base_url",
    "allow_http",
    "timeout_s",
    "credentials",
    "account",
    "network",
    "budget",
    "fixtures",
)
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "key": (),
    "rate_limit": ("limit_per_minute", "window_s"),
    "metered": ("balance",),
}
# Others may use a key of these kinds while the run lasts.
SHAREABLE = ("rate_limit", "metered")
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_HEADER_SAFE = re.compile(r"[!-~]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,19}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
# Redaction scrubs a secret wherever it occurs: a shorter one occurs by chance.
_SECRET_LENGTH = 6
WEEK_S, YEAR_S = 7 * 86_400.0, 366 * 86_400.0


class StandIns(dict[str, str]):
    """An environment in which each variable that is not set has a made-up value: for what sends nothing."""

    def get(self, name: str, default: object = None) -> str:  # noqa: ARG002 - a mapping's, but there is always a value
        """Return the value of a variable, or what stands in for it."""
        return super().get(name) or f"sk_unset_{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def load_profile(
    path: Path, providers: Mapping[str, Provider], environ: Mapping[str, str], *, with_secrets: bool = True
) -> Profile:
    """Read the profile in the TOML file `path`; its name is the file's, without the ending.

    Without secrets, a credential whose variable is not set has a made-up value.
    """
    where = str(path)
    try:
        data = tomllib.loads(_content(path))
    except FileNotFoundError as error:
        raise UsageError(
            f"{where}: expected a target profile, got no such file. Make one with `sendproof init`."
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{where}: expected a readable file, got {reason!r}. Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: expected TOML, got {_reason(error)}. Correct that line.") from error
    return parse_profile(
        data,
        where=where,
        name=path.stem,
        providers=providers,
        environ=environ,
        secrets=environ if with_secrets else StandIns(environ),
        folder=path.parent,
    )


def _content(path: Path) -> str:
    try:
        return toml_text(path.read_bytes())
    except ValueError as error:
        raise UsageError(f"{path}: expected TOML in UTF-8, got {error}. Save it as UTF-8.") from error


def exposure(path: Path, profile: Profile) -> str | None:
    """Return a warning where others can read a profile that holds a credential itself, or None."""
    secrets = (*(secret for parts in profile.keys.values() for secret in parts), *profile.network.secrets)
    plain = any(secret.env is None for secret in secrets)
    with suppress(OSError):
        if os.name == "posix" and plain and path.stat().st_mode & 0o077:
            return f"{path}: others can read this file, and it holds credentials. Make it yours: chmod 600 {path}"
    return None


def parse_profile(
    data: Mapping[str, Any],
    *,
    where: str,
    name: str,
    providers: Mapping[str, Provider],
    environ: Mapping[str, str],
    secrets: Mapping[str, str] | None = None,
    folder: Path = Path(),
) -> Profile:
    """Parse the content of a profile; `where` names its source in errors, `folder` is where its paths begin.

    `secrets` is the environment that credentials are read from, if that is another one.
    """
    top = Table(data, where=where)
    top.only(TOP)
    provider = _provider(top, providers, folder)
    allow_http = top.flag("allow_http", default=False)
    fixtures = _fixtures(top, provider, environ)
    account = _account(top, provider, environ)
    keys, limits, balances = _keys(
        top.table("credentials", required=True, private=True),
        fixtures,
        provider,
        environ if secrets is None else secrets,
    )
    url = base_url(top, allow_http=allow_http)
    profile = Profile(
        name=name,
        where=where,
        provider=provider.name,
        base_url=url,
        parts=provider.credential_parts,
        keys=keys,
        senders=_numbers(account, "senders"),
        recipients=_numbers(account, "recipients"),
        default_sender=_number(account, "default_sender") if "default_sender" in account else None,
        fixtures=MappingProxyType(dict(_givens(fixtures, provider))),
        failing_recipients=MappingProxyType(dict(_failing(fixtures, provider))),
        rate_limits=limits,
        balances=balances,
        network=read_network(
            top.table("network", private=True),
            url,
            provider=provider,
            folder=folder,
            environ=environ,
            secret=lambda table, key: _raw_secret(table, key, environ),
        ),
        mms_balances=_mms_balances(fixtures, provider),
        exclusive=_exclusive(fixtures, provider),
        budget=_budget(top.table("budget")),
        allow_http=allow_http,
        timeout_s=top.positive("timeout_s", default=10.0, at_most=3600.0),
    )
    values = (secret.value for secrets in keys.values() for secret in secrets)
    if any(value in profile.base_url for value in values if len(value) >= _SECRET_LENGTH):
        # It stands in every report. A shorter one occurs there by chance.
        raise top.error("base_url", "a URL without credentials", "some", "Move them to [credentials].")
    _refuse_contradictions(profile, account, fixtures)
    return profile


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "too many levels"
    # What stands before the place may be a key of the document.
    told, mark, place = str(error).rpartition(" (at ")
    return shortened(f"an error: {without_numbers(told)}{mark}{place}", 120).rstrip(".").replace("\n", " ")


def _provider(top: Table, providers: Mapping[str, Provider], folder: Path) -> Provider:
    """Return the facts of the profile's vendor: by its name, or of the pack in a folder from that of the profile on."""
    if "pack" in top:
        name = add_pack(folder / top.text("pack", "Write the path of a folder."))
        if "provider" in top and top.raw("provider") != name:
            raise top.error("provider", f"{name!r}, as the pack is called", got(top.raw("provider")), "Leave it out.")
        return providers[name]
    advice = f"Write one of {', '.join(sorted(providers))}."
    provider = providers.get(top.text("provider", advice))
    if provider is None:
        value = str(top.raw("provider"))
        shown = got(value) if _NAME.fullmatch(value) else kind(value)
        raise top.error("provider", "a known provider", shown, advice)
    return provider


def _account(top: Table, provider: Provider, environ: Mapping[str, str]) -> Table:
    account = top.table("account", required=True, private=True)
    account.only(("senders", "recipients", *(("default_sender",) if provider.has_default_sender else ())))
    return _looked_up(account, dict.fromkeys(account.names, "number"), environ)


def _fixtures(top: Table, provider: Provider, environ: Mapping[str, str]) -> Table:
    fixtures = top.table("fixtures", private=True)
    fixtures.only(provider.fixtures)
    kinds = {name: provider.fixtures[name].kind for name in fixtures.names}
    values = {name: "number" if kind == "sender" else "text" for name, kind in kinds.items() if kind in _GIVEN}
    fixtures = _looked_up(fixtures, values, environ)
    failing = {name: fixtures.table(name) for name, kind in kinds.items() if kind == "recipients"}
    return fixtures.with_values(
        {
            name: _looked_up(table, dict.fromkeys(table.names, "number"), environ).values
            for name, table in failing.items()
        }
    )


def _looked_up(table: Table, nouns: Mapping[str, str], environ: Mapping[str, str]) -> Table:
    """Return a table in which no reference to the environment is left among the values, or lists, of `nouns`."""
    return table.with_values({name: _value(table, name, noun, environ) for name, noun in nouns.items()})


def _value(table: Table, name: str, noun: str, environ: Mapping[str, str]) -> Any:
    value = table.raw(name)
    if isinstance(value, list | tuple):
        items = table.with_values({f"{name}[{index}]": item for index, item in enumerate(value)})
        return [_value(items, f"{name}[{index}]", noun, environ) for index in range(len(value))]
    return _from_environment(table, name, environ, noun).value if isinstance(value, Mapping) else value


def _budget(table: Table) -> Budget:
    standard = Budget()
    names = tuple(name for name in Budget.__slots__ if name != "stated")
    table.only(names)
    return Budget(
        max_requests=table.whole("max_requests", default=standard.max_requests, at_least=1),
        max_accepted=table.whole("max_accepted", default=standard.max_accepted, at_least=1),
        max_credits=table.whole("max_credits", default=None, at_least=0) if "max_credits" in table else None,
        max_duration_s=table.positive("max_duration_s", default=standard.max_duration_s, at_most=WEEK_S),
        requests_per_second=table.positive(
            "requests_per_second", default=standard.requests_per_second, at_most=10_000.0
        ),
        retry_after_s=table.positive("retry_after_s", default=standard.retry_after_s, at_most=86_400.0),
        stated=frozenset(name for name in names if name in table),
    )


def _numbers(table: Table, name: str) -> tuple[str, ...]:
    numbers = table.texts(name, "number in E.164")
    for index, number in enumerate(numbers):
        _check_number(table, f"{name}[{index}]", number)
    return numbers


def _number(table: Table, name: str) -> str:
    return _check_number(table, name, table.text(name, "Write it as +15551234567."))


def _check_number(table: Table, name: str, number: str) -> str:
    if not E164.fullmatch(number):
        raise table.error(name, "a number in E.164", hidden(number), "Write it as +15551234567.")
    return number


def _givens(fixtures: Table, provider: Provider) -> Iterator[tuple[str, Given]]:
    for name, fixture in provider.fixtures.items():
        if name in fixtures and fixture.kind in _GIVEN:
            value = _GIVEN[fixture.kind](fixtures, name)
            yield name, Given(kind=fixture.kind, state=fixture.state or name, value=value)


def _text(fixtures: Table, name: str) -> str:
    return fixtures.text(name, "Write it as a string.")


def _media(fixtures: Table, name: str) -> str:
    """Return the URL of something that the vendor can fetch."""
    value, advice = _text(fixtures, name), "Write one that anybody can open."
    try:
        parts = urlsplit(value)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and value.isprintable() and " " not in value
    except ValueError:
        sound = False
    if not sound:
        raise fixtures.error(name, "an http or https URL", fixtures.got(value), advice)
    return value


_GIVEN: Mapping[str, Callable[[Table, str], str]] = {"sender": _number, "text": _text, "media": _media}


def _failing(fixtures: Table, provider: Provider) -> Iterator[tuple[str, str]]:
    for name, fixture in provider.fixtures.items():
        if fixture.kind == "recipients":
            table = fixtures.table(name)
            table.only(fixture.causes)
            yield from ((cause, _number(table, cause)) for cause in fixture.causes if cause in table)


_Keys = tuple[Mapping[str, tuple[Secret, ...]], Mapping[str, RateLimit], Mapping[str, int]]


def _keys(credentials: Table, fixtures: Table, provider: Provider, environ: Mapping[str, str]) -> _Keys:
    credentials.only(provider.credential_parts)
    keys = {MAIN: _secrets(credentials, provider, environ)}
    limits: dict[str, RateLimit] = {}
    balances: dict[str, int] = {}
    for name, fixture in provider.fixtures.items():
        if name not in fixtures or fixture.kind not in KEY_KINDS:
            continue
        state = fixture.state or name
        if _is_plain(fixtures.raw(name), fixture, provider):
            secrets: tuple[Secret, ...] = (_secret(fixtures, name, provider, environ),)
        else:
            table = _key_table(fixtures, name, fixture, provider)
            secrets = _secrets(table, provider, environ)
            if fixture.kind == "rate_limit":
                limits[state] = _rate_limit(table)
            elif fixture.kind == "metered":
                balances[state] = _balance(table)[0]
        if any(_values(secrets) == _values(other) for other in keys.values()):
            raise fixtures.error(name, "a key of its own", "another key's value", "Remove it or correct it.")
        keys[state] = secrets
    return MappingProxyType(keys), MappingProxyType(limits), MappingProxyType(balances)


def _is_plain(value: object, fixture: Fixture, provider: Provider) -> bool:
    """Tell whether a fixture is the key itself: a text, or a reference to the environment."""
    single = len(provider.credential_parts) == 1 and not EXTRAS[fixture.kind]
    return single and (not isinstance(value, Mapping) or set(value) == {"env"})


def _key_table(fixtures: Table, name: str, fixture: Fixture, provider: Provider) -> Table:
    wanted = (*provider.credential_parts, *EXTRAS[fixture.kind])
    value = fixtures.raw(name)
    if not isinstance(value, Mapping):
        example = ", ".join(f"{item} = ..." for item in wanted)
        raise fixtures.error(name, f"a table of {', '.join(wanted)}", kind(value), f"Write it as {{ {example} }}.")
    table = fixtures.table(name)
    table.only((*wanted, *(("exclusive",) if fixture.kind in SHAREABLE else ())))
    return table


def _balance(table: Table) -> tuple[int, Mapping[str, int | None]]:
    """Return the credits of a key and, under "mms", those kept apart for MMS: None where there are none apart."""
    if not isinstance(table.raw("balance"), Mapping):
        return table.whole("balance", default=None, at_least=0), {}
    balance = table.table("balance")
    if "credits" in balance:
        balance.only(("credits",))
        return balance.whole("credits", default=None, at_least=0), {"mms": None}
    balance.only(("sms", "mms"))
    credits_ = balance.whole("sms", default=None, at_least=0)
    return credits_, {"mms": balance.whole("mms", default=None, at_least=0)}


def _mms_balances(fixtures: Table, provider: Provider) -> Mapping[str, int | None]:
    """Return, by key name, the credits that are kept apart for MMS, where a profile tells of them."""
    found = {state: _balance(table)[1] for state, table in _counted(fixtures, provider, "metered")}
    return MappingProxyType({state: told["mms"] for state, told in found.items() if told})


def _exclusive(fixtures: Table, provider: Provider) -> Mapping[str, bool]:
    """Return, by key name, whether the run alone uses a key, where a profile tells of it."""
    tables = _counted(fixtures, provider, *SHAREABLE)
    return MappingProxyType(
        {state: table.flag("exclusive", default=True) for state, table in tables if "exclusive" in table}
    )


def _counted(fixtures: Table, provider: Provider, *kinds: str) -> Iterator[tuple[str, Table]]:
    for name, fixture in provider.fixtures.items():
        if name in fixtures and fixture.kind in kinds:
            yield fixture.state or name, fixtures.table(name)


def _rate_limit(table: Table) -> RateLimit:
    return RateLimit(
        limit=table.whole("limit_per_minute", default=None, at_least=1),
        window_s=table.positive("window_s", default=60.0, at_most=YEAR_S),
    )


def _secrets(table: Table, provider: Provider, environ: Mapping[str, str]) -> tuple[Secret, ...]:
    return tuple(_secret(table, part, provider, environ) for part in provider.credential_parts)


def _values(secrets: tuple[Secret, ...]) -> tuple[str, ...]:
    return tuple(secret.value for secret in secrets)


def _secret(table: Table, name: str, provider: Provider, environ: Mapping[str, str]) -> Secret:
    secret = _raw_secret(table, name, environ)
    problem = _problem(
        secret.value, provider, is_last=name == provider.credential_parts[-1] or name in provider.fixtures
    )
    if problem:
        raise table.error(name, problem, kind(secret.value), "Correct the value.")
    return secret


def _raw_secret(table: Table, name: str, environ: Mapping[str, str]) -> Secret:
    """Return a text that stands in the profile or in the environment, whatever it is."""
    value, advice = table.raw(name), 'Write it as a string, or as { env = "NAME" }.'
    if isinstance(value, Mapping):
        return _from_environment(table, name, environ, "key")
    if isinstance(value, str) and value:
        return Secret(value=value)
    raise table.error(name, 'a text or { env = "NAME" }', kind(value), advice)


def _from_environment(table: Table, name: str, environ: Mapping[str, str], noun: str) -> Secret:
    """Return the value of the variable that a table names, in the place of a `noun` that could stand there itself."""
    reference = table.table(name)
    reference.only(("env",))
    variable = reference.text("env", "Name an environment variable.")
    # A key pasted where a name belongs must not be printed.
    shown = variable if _VARIABLE.fullmatch(variable) else f"{variable[:4]}..."
    value = environ.get(variable, "")
    if not value:
        state = "empty" if variable in environ else "not set"
        raise UsageError(
            f"{table.where}: {table.key(name)}: environment variable {shown} is {state}. "
            f"Export it, or write the {noun} as a string."
        )
    return Secret(value=value, env=variable)


def _problem(value: str, provider: Provider, *, is_last: bool) -> str | None:
    """Return what a value had to be in order to be sent, or None."""
    if provider.credential_scheme != "basic" and not _HEADER_SAFE.fullmatch(value):
        return "visible ASCII characters alone"
    if not value.isprintable():
        return "printable characters alone"
    if not is_last and ":" in value:
        return "no colon (RFC 7617, 2)"
    if is_last and len(value) < _SECRET_LENGTH:
        return f"at least {_SECRET_LENGTH} characters"
    return None


def _refuse_contradictions(profile: Profile, account: Table, fixtures: Table) -> None:
    if profile.default_sender not in (None, *profile.senders):
        raise account.error(
            "default_sender", "one of account.senders", masked(profile.default_sender or ""), "Add it to the senders."
        )
    for name, given in profile.fixtures.items():
        if given.kind == "sender" and given.value in profile.senders:
            raise fixtures.error(name, "a number that is no active sender", masked(given.value), "Remove one of them.")
    failing = tuple(profile.failing_recipients.values())
    for number in failing:
        if number in profile.recipients or failing.count(number) > 1:
            raise fixtures.error(
                "failing_recipients", "numbers that are named once", masked(number), "Remove one of them."
            )
