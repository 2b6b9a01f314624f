"""How a target is reached: the `[network]` of a profile, and else the usual variables of the environment."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from sendproof.contract.provider import Provider
from sendproof.errors import UsageError
from sendproof.target.address import is_loopback
from sendproof.target.profile import Network, Profile, Proxy, Secret
from sendproof.target.table import Table, kind
from sendproof.target.transport import EncryptedKey, bare, present_client, trusting

NAMES = ("proxy", "ca_file", "client_cert", "client_key", "headers")
_PORTS = {"http": 80, "https": 443}
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[!-~](?:[ -~\t]*[!-~])?")
# What frames a message, what the cases are about, and what lets a request in.
_OWN_FIELDS = frozenset(
    """accept accept-encoding authorization connection content-encoding content-length content-type expect host
    idempotency-key keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade
    user-agent""".split()  # noqa: SIM905 - a list would take twenty lines
)
_PROXY_ADVICE = "Write it as http://proxy.example.com:3128."
# Digits alone occur by chance in times and ids unless there are more of them than a time in nanoseconds has.
_DIGITS_BY_CHANCE = 20


SecretReader = Callable[[Table, str], Secret]
"""Reads a text that may stand in the environment."""


def read_network(
    table: Table, base_url: str, *, provider: Provider, folder: Path, environ: Mapping[str, str], secret: SecretReader
) -> Network:
    """Read how the target at `base_url` is reached; paths are relative to `folder`, the profile's.

    Every file is read here, so that what is wrong with one is reported before anything is sent.
    """
    table.only(NAMES)
    parts = urlsplit(base_url)
    proxy = _given_proxy(table, secret) if "proxy" in table else None
    # This machine is reached directly, whatever is set: a proxy would reach itself.
    if is_here(parts.hostname or ""):
        proxy = None
    elif proxy is None:
        proxy = _proxy_of_environment(parts, environ, table.where)
    encrypted = parts.scheme == "https" or (proxy is not None and proxy.scheme == "https")
    network = Network(
        proxy=proxy,
        ca_file=_path(table, "ca_file", folder),
        client_cert=_path(table, "client_cert", folder),
        client_key=_path(table, "client_key", folder),
        headers=tuple(_headers(table.table("headers"), provider, secret)),
    )
    if network.ca_file is not None:
        _check_authorities(network, lambda got: table.error("ca_file", "certificates in PEM", got, "Check the file."))
    elif encrypted:
        network = _with_authorities_of(environ, network, table.where)
    _check_client(network, table)
    return network


def is_here(host: str) -> bool:
    """Whether a host is this machine, however it is written: nothing sent to it may leave by a proxy."""
    name = host.lower().rstrip(".")
    if is_loopback(name) or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        try:
            # Short forms of IPv4, as 127.1, which name resolution takes.
            address = ip_address(socket.inet_aton(name))
        except (OSError, ValueError):
            return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_unspecified or address.is_loopback or bool(mapped and mapped.is_loopback)


def _given_proxy(table: Table, secret: SecretReader) -> Proxy:
    given = secret(table, "proxy")
    proxy = _proxy(given.value, "network.proxy", variable=given.env)
    if proxy is None:
        raise table.error("proxy", "the URL of an http or https proxy", _got(given.value), _PROXY_ADVICE)
    return proxy


def _proxy_of_environment(target: SplitResult, environ: Mapping[str, str], where: str) -> Proxy | None:
    """Return the proxy that the environment names for a target, as curl, urllib and httpx read it."""
    # The standard library reads the process' own environment alone, and no networks in NO_PROXY.
    if _is_direct(target, _variable("no_proxy", environ)[1]):
        return None
    for name in (f"{target.scheme}_proxy", "all_proxy"):
        variable, text = _variable(name, environ)
        if text:
            proxy = _proxy(text, variable, variable=variable)
            if proxy is None:
                raise UsageError(
                    f"{where}: environment variable {variable}: expected the URL of an http or https proxy, "
                    f"got {_got(text)}. Correct it, name {target.hostname} in NO_PROXY, or set network.proxy."
                )
            return proxy
    return None


def _variable(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the name and the value of a variable: in small letters it wins, also where it is empty."""
    spelled = name if name in environ else name.upper()
    return spelled, environ.get(spelled, "").strip()


def _proxy(text: str, source: str, *, variable: str | None) -> Proxy | None:
    text = text if "://" in text else f"http://{text}"
    if not text.isascii() or not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        return None
    login = None
    if parts.username is not None:
        user, password = (Secret(value=unquote(part or ""), env=variable) for part in (parts.username, parts.password))
        login = (user, password)
    return Proxy(scheme=parts.scheme, host=parts.hostname, port=port, source=source, login=login)


def _got(text: str) -> str:
    """Return what may be said of a URL that may hold credentials."""
    scheme = text.partition("://")[0].lower()
    return f"one of {scheme}" if scheme.startswith("socks") and scheme.isalnum() else kind(text)


def _is_direct(target: SplitResult, excepted: str) -> bool:
    """Whether a target is excepted from proxies: `*`, a domain, a host with a port, an address, a network."""
    host = (target.hostname or "").rstrip(".")
    port = target.port or _PORTS.get(target.scheme)
    return any(_is_excepted(host, port, entry.lower()) for entry in re.split(r"[,\s]+", excepted) if entry)


def _is_excepted(host: str, port: int | None, entry: str) -> bool:
    if entry == "*":
        return True
    try:
        network = ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name, colon, number = entry.rpartition(":")
        if colon and number.isascii() and number.isdigit():
            return int(number) == port and _is_excepted(host, port, name)
        name = entry.removeprefix("*").strip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return ip_address(host) in network
    except ValueError:
        return False


def _path(table: Table, name: str, folder: Path) -> Path | None:
    """Return the path of a file that can be read, None where none is named."""
    if name not in table:
        return None
    text = table.text(name, "Write the path of a file in PEM.")
    try:
        path = folder / Path(text).expanduser()
        path.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        raise table.error(name, "a file that can be read", _reason(error, text), "Check the path.") from error
    return path


def _reason(error: Exception, text: str) -> str:
    reason = "no such file" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None)
    return f"{reason or type(error).__name__}: {text[:100]!r}"


def _with_authorities_of(environ: Mapping[str, str], network: Network, where: str) -> Network:
    """Return the network with the authorities that the environment names, as OpenSSL and curl read it."""
    named = {name: text for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if (text := environ.get(name, ""))}
    if not named:
        return network
    file = named.get("SSL_CERT_FILE")
    found = replace(network, ca_file=Path(file) if file else None, ca_folders=named.get("SSL_CERT_DIR"))
    _check_authorities(
        found,
        lambda got: UsageError(
            f"{where}: environment variable {' or '.join(named)}: expected certificates in PEM, got {got}. "
            "Correct it, or set network.ca_file."
        ),
    )
    return found


def _check_authorities(network: Network, complaint: Callable[[str], UsageError]) -> None:
    folders = network.ca_folders
    if folders is not None and not any(Path(folder).is_dir() for folder in folders.split(os.pathsep)):
        raise complaint(f"no such folder: {folders[:100]!r}")
    try:
        trusting(network)
    except FileNotFoundError as error:
        raise complaint(f"no such file: {str(network.ca_file)[:100]!r}") from error
    except ssl.SSLError as error:
        raise complaint(f"none: {str(network.ca_file)[:100]!r}") from error
    except OSError as error:
        raise complaint(f"{error.strerror}: {str(network.ca_file)[:100]!r}") from error


def _check_client(network: Network, table: Table) -> None:
    """Refuse a certificate that cannot be shown to anybody."""
    certificate, key = network.client_cert, network.client_key or network.client_cert
    if certificate is None or key is None:
        if network.client_key is not None:
            raise table.error("client_cert", "the certificate of client_key", "nothing", "Add it.")
        return
    of_key = "client_key" if network.client_key else "client_cert"
    if b"-----BEGIN CERTIFICATE-----" not in certificate.read_bytes():
        raise table.error("client_cert", "a certificate in PEM", f"another file: {certificate.name!r}", "Convert it.")
    if b"PRIVATE KEY-----" not in key.read_bytes():
        advice = "Name the file of the key as client_key." if key is certificate else "Convert it."
        raise table.error(of_key, "a private key in PEM", f"another file: {key.name!r}", advice)
    try:
        present_client(bare(), network)
    except EncryptedKey as error:
        advice = "Write it without: openssl pkey -in KEY -out PLAIN."
        raise table.error(of_key, "a key without a password", f"one with: {key.name!r}", advice) from error
    except ssl.SSLError as error:
        mismatch = "MISMATCH" in (error.reason or "")
        expected = f"the key of the certificate {certificate.name!r}" if mismatch else "a certificate and its key"
        got = f"another: {key.name!r}" if mismatch else f"what cannot be read: {key.name!r}"
        raise table.error(of_key, expected, got, "Check both files.") from error


def _headers(table: Table, provider: Provider, secret: SecretReader) -> Iterator[tuple[str, Secret]]:
    """Yield the header fields that go with every request."""
    own = _OWN_FIELDS | {provider.credential_header.lower()}
    seen: set[str] = set()
    for name in table.names:
        lower = name.lower()
        if not _FIELD_NAME.fullmatch(name):
            raise table.error(ascii(name), "the name of a header field", "another text", "Correct the name.")
        if lower in own:
            raise table.error(
                name, "a field that requests do not have yet", "one that sendproof writes itself", "Remove it."
            )
        if lower in seen:
            raise table.error(name, "each field once", "the same name twice", "Remove one.")
        seen.add(lower)
        value = secret(table, name)
        if not _FIELD_VALUE.fullmatch(value.value):
            expected = "visible ASCII characters, with spaces at most between them"
            raise table.error(name, expected, kind(value.value), "Correct the value.")
        yield name, value


def network_secrets(profile: Profile, provider: Provider) -> Mapping[str, tuple[Secret, ...]]:
    """Return what of the network must not be kept, in the shape of keys, for the redactor.

    A word that every request has by itself is no secret: taking it out would change what is judged.
    """
    found: dict[str, tuple[Secret, ...]] = {}
    login = profile.network.proxy.login if profile.network.proxy else None
    if login is not None:
        user, password = login
        # The user alone may be any word.
        found["network.proxy"] = (Secret(value=f"{user.value}:{password.value}"), password)
    found |= {f"network.headers.{name}": (value,) for name, value in profile.network.headers}
    sent = f"sendproof {provider!r} {provider.number_plan} {' '.join(_words(profile))}".casefold()
    return {
        name: kept
        for name, values in found.items()
        if (kept := tuple(value for value in values if not _is_by_chance(value.value, sent)))
    }


def _words(profile: Profile) -> Iterable[str]:
    yield profile.base_url
    yield from (*profile.senders, *profile.recipients, *profile.failing_recipients.values())
    yield from (given.value for given in profile.fixtures.values())


def _is_by_chance(value: str, sent: str) -> bool:
    return value.casefold() in sent or (value.isdigit() and len(value) < _DIGITS_BY_CHANCE)
