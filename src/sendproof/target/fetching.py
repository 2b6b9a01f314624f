"""Fetches one page of a vendor's documentation, for `sendproof drift --url`."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from sendproof.errors import TargetError, UsageError
from sendproof.target.address import is_loopback
from sendproof.target.profile import Network
from sendproof.target.transport import client_context, trusting

TIMEOUT_S = 30.0
"""For the page as a whole: one that takes longer is read by nobody either."""
MOST_BYTES = 32 << 20
"""No page of documentation is as large; the largest public OpenAPI documents of SMS vendors have 2 MB."""


def fetch_page(url: str, network: Network | None = None) -> tuple[bytes, str]:
    """Return the content of a page and its media type. One GET: no redirect is followed, nothing is repeated.

    Without a `network` of a profile, the usual variables of the environment name the proxy, and the system's
    authorities are trusted. UsageError for an address that is none, TargetError for an answer that is no page.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--url: expected an address that begins with https://, got {url[:100]!r}. Write it in full.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise UsageError(f"--url: expected https, got http for {parts.hostname}. Anybody on the way could change it.")
    try:
        with _client(network) as client, client.stream("GET", url) as response:
            if response.status_code != 200:
                raise TargetError(_refusal(url, response))
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise TargetError(
                        f"{url}: expected at most {MOST_BYTES >> 20} MB, got more. Save the page instead."
                    )
            return bytes(content), response.headers.get("Content-Type", "")
    except httpx.HTTPError as error:
        raise TargetError(f"{url}: expected a page, got {type(error).__name__}: {error}. Or save it.") from error


def _client(network: Network | None) -> httpx.Client:
    if network is None:
        return httpx.Client(verify=trusting(Network()), timeout=TIMEOUT_S)
    proxy = None
    if network.proxy is not None:
        login = tuple(secret.value for secret in network.proxy.login) if network.proxy.login else None
        proxy = httpx.Proxy(network.proxy.url, auth=(login[0], login[1]) if login else None)
    return httpx.Client(proxy=proxy, verify=client_context(network), trust_env=False, timeout=TIMEOUT_S)


def _refusal(url: str, response: httpx.Response) -> str:
    where = response.headers.get("Location")
    advice = f"It moved to {where[:200]!r}: name that." if where and response.is_redirect else "Save the page instead."
    return f"{url}: expected 200, got {response.status_code}. {advice}"
