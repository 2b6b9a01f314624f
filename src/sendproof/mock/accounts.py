"""The accounts, keys, numbers and texts a mock knows. Every number is fictional."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Provider = Literal["textingline", "textflow"]
PROVIDERS: Final[tuple[Provider, ...]] = ("textingline", "textflow")

ERROR_TYPES: Final = (
    "unknown",
    "platform_error",
    "provider_error",
    "invalid_destination",
    "invalid_sender",
    "destination_blocked",
    "opted_out",
    "invalid_content",
    "routing_error",
    "geographic_restriction",
    "service_restricted",
)

RECIPIENTS: Final = ("+12025550123", "+12025550124", "+12025550125")
SENDERS: Final = ("+13125550140", "+13125550141")
DEFAULT_SENDER: Final = SENDERS[0]
INACTIVE_SENDER: Final = "+13125550149"
FOREIGN_SENDER: Final = "+14155550170"
FAILING_RECIPIENTS: Final[Mapping[str, str]] = {
    error_type: f"+121255501{index:02}" for index, error_type in enumerate(ERROR_TYPES, start=30)
}

UNSUPPORTED_BODY: Final = "Mock text in runes that no carrier takes: ᚠᚢᚦ"
MEDIA_URL: Final = "https://example.com/images/promo.jpg"
NONCOMPLIANT_BODY: Final = "Mock text against the rules: free chips tonight, no way to opt out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The quantities a mock can be started with."""

    metered_balance: int = 14
    limit_per_minute: int = 5
    window_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextinglineAccount:
    """One TextingLine account: its credentials, numbers by activity, credits (None: unlimited)."""

    key_id: str
    key_secret: str
    numbers: Mapping[str, bool]
    credits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextflowKey:
    """One TextFlow key, its account's numbers by activity, and its limits (None: unlimited)."""

    value: str
    numbers: Mapping[str, bool]
    default: str | None
    active: bool = True
    limit_per_window: int | None = None
    window_s: float = 60.0
    daily_limit: int | None = None


_NUMBERS: Final[Mapping[str, bool]] = {**dict.fromkeys(SENDERS, True), INACTIVE_SENDER: False}


def textingline_accounts(settings: Settings) -> Mapping[str, TextinglineAccount]:
    """Return the TextingLine accounts by the role that a profile gives them."""
    return {
        "main": TextinglineAccount(
            key_id="mockKeyMain7Qz3Tb9Lp2Vd",
            key_secret="mockSecretMain4Hx8Rw1Nc6Ym",
            numbers=_NUMBERS,
        ),
        "no_credits": TextinglineAccount(
            key_id="mockKeyNoCredits5Gk2Ws8Jf",
            key_secret="mockSecretNoCredits9Bt3Xe7Pa",
            numbers=_NUMBERS,
            credits=0,
        ),
        "metered": TextinglineAccount(
            key_id="mockKeyMetered6Dn1Cz4Ru",
            key_secret="mockSecretMetered2Lv5Kq8Hs",
            numbers=_NUMBERS,
            credits=settings.metered_balance,
        ),
    }


def textflow_keys(settings: Settings) -> Mapping[str, TextflowKey]:
    """Return the TextFlow keys by the role that a profile gives them."""
    return {
        "main": _textflow_key("sk_live_mockMain7Qz3Tb9Lp2VdXw"),
        "test": _textflow_key("sk_test_mockTest4Hx8Rw1Nc6YmFj"),
        "inactive": _textflow_key("sk_live_mockInactive5Gk2Ws8Jf", active=False),
        "no_numbers": TextflowKey(
            value="sk_live_mockNoNumbers9Bt3Xe7Pa", numbers={INACTIVE_SENDER: False}, default=None
        ),
        "daily_exhausted": _textflow_key("sk_live_mockDaily6Dn1Cz4RuTb", daily_limit=0),
        "rate_limited": _textflow_key(
            "sk_live_mockLimited2Lv5Kq8HsEy",
            limit_per_window=settings.limit_per_minute,
            window_s=settings.window_s,
        ),
    }


def _textflow_key(
    value: str,
    *,
    active: bool = True,
    limit_per_window: int | None = None,
    window_s: float = 60.0,
    daily_limit: int | None = None,
) -> TextflowKey:
    return TextflowKey(
        value=value,
        numbers=_NUMBERS,
        default=DEFAULT_SENDER,
        active=active,
        limit_per_window=limit_per_window,
        window_s=window_s,
        daily_limit=daily_limit,
    )
