"""What went over the wire: a request with its response, and the credential that it presented."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Headers = tuple[tuple[str, str], ...]
REDACTED = "[redacted]"
"""What stands in the place of a secret in an exchange, as it is kept and judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a request presented as a credential, named and without its secret.

    `key` is the name that the account gives to the key ("main", "test", "inactive",
    ...) when the presented value is exactly that key. Otherwise `fault` says what is
    wrong with it: "missing", "empty", "unknown", "unknown_id", "wrong_secret",
    "empty_secret", "case", "prefix", "extended", "prepended", "white_space" (the last five of an identity
    with "id_" before), "scheme" (another one), "malformed" or "elsewhere" (in the query string or as Bearer
    only), the two with "_wrong" behind where the key is no known one. Both are None where the account is unknown.
    `carrier` is the header's name as it was spelled.
    """

    key: str | None = None
    fault: str | None = None
    carrier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it was sent, credentials removed. `path` includes the query."""

    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response as it was received, content decoded, secrets removed."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of the field `name`, in any case, or None."""
        return field_value(self.headers, name)


class TransportFailure(StrEnum):
    """Why a request has no response."""

    TIMEOUT = "timeout"
    DROPPED = "dropped"
    PROTOCOL = "protocol"
    CONNECT = "connect"
    NAME = "name"
    TLS = "tls"
    TLS_EXPIRED = "tls_expired"
    TLS_HOST = "tls_host"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_CLIENT = "tls_client"
    PROXY = "proxy"
    PROXY_LOGIN = "proxy_login"
    PROXY_FORBIDS = "proxy_forbids"
    PROXY_GATEWAY = "proxy_gateway"


OF_A_PROXY = frozenset(failure for failure in TransportFailure if failure.startswith("proxy"))
"""Failures of a proxy on this side: out of reach, without its credentials, forbidding the host, not reaching it."""


NEVER_SENT = frozenset(TransportFailure) - {
    TransportFailure.TIMEOUT,
    TransportFailure.DROPPED,
    TransportFailure.PROTOCOL,
}
"""Failures before a request was sent: of a proxy, the connection, the host's name, of TLS and its certificates."""


MAYBE_SERVED = frozenset({502, 504, 520, 524, 527})
"""Status codes of a gateway that do not tell whether what stands behind it has served the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request with its response, or with the reason why there is none.

    `started_s` is on the clock of the run (moved where the target's clock was moved),
    in seconds; `elapsed_s` is real time. `case` names what was asked, `tags` what the
    scenario says of it (the idempotency attempt, the burst, ...).
    """

    id: str
    request: Request
    response: Response | None
    credential: Credential
    started_s: float
    elapsed_s: float
    failure: TransportFailure | None = None
    case: str | None = None
    tags: tuple[str, ...] = ()


def field_value(headers: Headers, name: str) -> str | None:
    """Return the first value of the field `name`, in any case, or None."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
