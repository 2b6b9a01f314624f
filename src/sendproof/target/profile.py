"""Target profiles as values: what the user says of the service under test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from sendproof.account import Account, RateLimit
from sendproof.contract.provider import Provider
from sendproof.exchange import REDACTED

MAIN = "main"
KEY_KINDS = frozenset({"key", "rate_limit", "metered"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Secret:
    """A part of a credential; neither `repr` nor `str` shows its value.

    `env` names the environment variable that it came from, if any.
    """

    value: str
    env: str | None = None

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __str__(self) -> str:
        return REDACTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a run may spend. Without `max_credits` the messages alone bound the credits.

    `max_duration_s` is real time, waits included; what is on its way then is still waited for.

    `stated` names what the profile says itself; the rest are defaults, which an effort may change.
    """

    max_requests: int = 400
    max_accepted: int = 60
    max_credits: int | None = None
    # A run waits up to four windows of a minute for each rate limit, and takes seconds else: this leaves as much
    # again for a slow service, and keeps a job of CI within a quarter of an hour.
    max_duration_s: float = 900.0
    requests_per_second: float = 20.0
    retry_after_s: float = 60.0
    stated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a fixture of kind "sender", "text" or "media" is, and its state; `repr` does not show it."""

    kind: str
    state: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy of HTTP. `source` is the setting or the variable that names it, `login` a user and a password."""

    scheme: str
    host: str
    port: int
    source: str
    login: tuple[Secret, Secret] | None = None

    @property
    def url(self) -> str:
        """The URL, without credentials: it may be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The way to a target. Without `ca_file` and `ca_folders` the system's authorities are trusted.

    `ca_folders` are folders as OpenSSL reads them, `headers` go with every request.
    """

    proxy: Proxy | None = None
    ca_file: Path | None = None
    ca_folders: str | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    headers: tuple[tuple[str, Secret], ...] = ()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What nobody else may see."""
        login = self.proxy.login if self.proxy and self.proxy.login else ()
        return (*login, *(value for _, value in self.headers))


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Profile:
    """A target: where it is, with which credentials, and what may be sent to whom.

    `keys` maps "main" and the state of each fixture that is a key ("inactive",
    "metered", ...) to the values of `parts`, in that order. `fixtures` holds the fixtures
    that are a number or a text, `failing_recipients` maps an error type to a number. All numbers
    are in E.164. `rate_limits`, `balances`, `mms_balances` and `exclusive` are by key name, as in `Account`.
    """

    name: str
    where: str
    provider: str
    base_url: str
    parts: tuple[str, ...]
    keys: Mapping[str, tuple[Secret, ...]]
    senders: tuple[str, ...]
    recipients: tuple[str, ...]
    default_sender: str | None = None
    fixtures: Mapping[str, Given] = field(default_factory=lambda: MappingProxyType({}))
    failing_recipients: Mapping[str, str] = field(default_factory=_nothing)
    rate_limits: Mapping[str, RateLimit] = field(default_factory=lambda: MappingProxyType({}))
    balances: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    network: Network = Network()
    mms_balances: Mapping[str, int | None] = field(default_factory=lambda: MappingProxyType({}))
    exclusive: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    budget: Budget = Budget()
    allow_http: bool = False
    timeout_s: float = 10.0

    def __repr__(self) -> str:
        """Show which profile it is, and nothing that it holds: what fails prints its values."""
        return f"Profile({self.name!r}, {self.provider!r})"

    @property
    def reachable(self) -> frozenset[str]:
        """Return the numbers that may be sent to, the failing ones among them."""
        return frozenset((*self.recipients, *self.failing_recipients.values()))

    def account(self) -> Account:
        """Return what the profile says of the account, for the judge."""
        given = self.fixtures.values()
        return Account(
            keys=MappingProxyType({name: "active" if name == MAIN else name for name in self.keys}),
            senders=MappingProxyType(
                dict.fromkeys(self.senders, "active")
                | {item.value: item.state for item in given if item.kind == "sender"}
            ),
            recipients=MappingProxyType(
                dict.fromkeys(self.recipients, "deliverable")
                | {number: cause for cause, number in self.failing_recipients.items()}
            ),
            texts=MappingProxyType({item.value: item.state for item in given if item.kind == "text"}),
            media_urls=frozenset(item.value for item in given if item.kind == "media"),
            balances=self.balances,
            mms_balances=self.mms_balances,
            exclusive=self.exclusive,
            rate_limits=self.rate_limits,
            default_sender=self.default_sender,
        )

    def missing_fixtures(self, provider: Provider) -> tuple[str, ...]:
        """Return the names of the fixtures that `provider` knows and the profile lacks.

        One cause of failing recipients is named `failing_recipients.CAUSE`, beside
        `failing_recipients` where none is given.
        """
        missing: list[str] = []
        for name, fixture in provider.fixtures.items():
            if fixture.kind == "recipients":
                missing += [] if self.failing_recipients else [name]
                missing += [f"{name}.{cause}" for cause in fixture.causes if cause not in self.failing_recipients]
            elif (fixture.state not in self.keys) if fixture.kind in KEY_KINDS else (name not in self.fixtures):
                missing.append(name)
        return tuple(missing)


def environment_names(profile: Profile) -> Mapping[str, tuple[str, ...]]:
    """Return, by key name, the environment variable that stands for each part of the key.

    It is the one that the profile reads, or else a conventional name such as
    `TEXTFLOW_API_KEY`, `TEXTFLOW_TEST_KEY` or `TEXTINGLINE_METERED_KEY_SECRET`.
    """
    return MappingProxyType(
        {
            key: tuple(
                secret.env or conventional_name(profile.provider, key, part)
                for part, secret in zip(profile.parts, secrets, strict=True)
            )
            for key, secrets in profile.keys.items()
        }
    )


def conventional_name(provider: str, key: str, part: str) -> str:
    """Return the conventional environment variable of one part of a key."""
    words = (provider, part) if key == MAIN else (provider, key, part.removeprefix("api_"))
    return "_".join(words).upper().replace("-", "_")
