"""The base URL of a target: absolute, encrypted or loopback, without anything to hide."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import httpx

from sendproof.target.table import Table, got, kind

_ADVICE = "Write it as https://api.example.com."


def base_url(top: Table, *, allow_http: bool) -> str:
    """Return the base URL of a profile, without a slash at its end."""
    text = top.text("base_url", _ADVICE)
    parts = _split(text)
    if parts is None:
        raise top.error("base_url", "an absolute http or https URL", _shown(text), _ADVICE)
    if parts.username is not None or parts.password is not None:
        raise top.error("base_url", "a URL without credentials", "some", "Move them to [credentials].")
    if "?" in text or "#" in text:
        raise top.error("base_url", "a URL without query or fragment", "one with such", "Remove them.")
    if parts.scheme == "http" and not allow_http and not is_loopback(parts.hostname or ""):
        raise top.error(
            "base_url", "https", got(text), "Write https, or set allow_http = true to send keys in the clear."
        )
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by name or by address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback_url(url: str) -> bool:
    """Tell whether a URL is of this machine."""
    return is_loopback(urlsplit(url).hostname or "")


def _split(text: str) -> SplitResult | None:
    """Return the parts of an absolute URL of HTTP, or None. (urlsplit drops line ends in silence.)."""
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        return parts if sound and httpx.URL(text).host else None
    except (ValueError, httpx.InvalidURL):
        return None


def _shown(text: str) -> str:
    """Return a text that is no URL, unless it may be something else that went astray."""
    if "@" in text or "?" in text:
        return "a URL that cannot be read"
    return got(text) if "." in text else kind(text)
