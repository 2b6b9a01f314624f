"""Hold the numbers, keys and balances that the two servers know."""

from dataclasses import dataclass
from typing import Final

LINE_SENDERS: Final = ("+13125550101", "+13125550102")
LINE_INACTIVE_SENDER: Final = "+13125550103"
LINE_UNASSIGNED_SENDER: Final = "+14155550199"
LINE_RECIPIENTS: Final = ("+12125550142", "+12125550143", "+16465550144", "+19175550145")
LINE_NONCOMPLIANT_PHRASE: Final = "guaranteed casino winnings"
LINE_NONCOMPLIANT_BODY: Final = "Last call: Guaranteed casino winnings tonight!"
LINE_UNSUPPORTED_BODY: Final = "Your table \ue0a1 is ready"

LINE_FAILING: Final[dict[str, tuple[str, str]]] = {
    "+12025550110": ("unknown", "The message could not be processed."),
    "+12025550111": ("platform_error", "The platform could not hand the message over."),
    "+12025550112": ("provider_error", "The upstream provider failed to process the message."),
    "+12025550113": ("invalid_destination", "The destination is not a reachable mobile number."),
    "+12025550114": ("invalid_sender", "The sender identity is not authorized for this route."),
    "+12025550115": ("destination_blocked", "The destination is blocked from receiving messages."),
    "+12025550116": ("opted_out", "The recipient has opted out from receiving messages from this sender."),
    "+12025550117": ("invalid_content", "The provider did not accept the content of the message."),
    "+12025550118": ("routing_error", "No route to the destination was found."),
    "+12025550119": ("geographic_restriction", "Messages to this region are blocked."),
    "+12025550120": ("service_restricted", "The destination does not support this service."),
}
"""Recipient to errorType and errorMessage."""


@dataclass(slots=True, kw_only=True)
class Wallet:
    """Keep one TextingLine key with the credits left on it."""

    key_id: str
    key_secret: str
    credits: int


LINE_MAIN: Final = ("kid_Quillwort7", "Ks-9fTq:Zr4uVb2Lm8")
LINE_METERED: Final = ("kid_Meadowrue3", "Ks-Mt3rEdWx61pYh")
LINE_EMPTY: Final = ("kid_Saltbush5", "Ks-NoCr3DitsJg70d")
LINE_METERED_BALANCE: Final = 10


def wallets() -> dict[bytes, Wallet]:
    """Open the TextingLine keys with their first balances, by key id."""
    balances = ((LINE_MAIN, 5_000_000), (LINE_METERED, LINE_METERED_BALANCE), (LINE_EMPTY, 0))
    return {
        key_id.encode(): Wallet(key_id=key_id, key_secret=secret, credits=balance)
        for (key_id, secret), balance in balances
    }


FLOW_SENDERS: Final = ("+17205550161", "+17205550162", "+13035550163")
FLOW_DEFAULT_SENDER: Final = "+17205550162"
FLOW_INACTIVE_SENDER: Final = "+17205550164"
FLOW_UNKNOWN_SENDER: Final = "+15055550165"
FLOW_RECIPIENTS: Final = ("+12065550171", "+12065550172", "+15035550173")
FLOW_LIMIT_PER_MINUTE: Final = 4
FLOW_WINDOW_S: Final = 1.0

FLOW_MAIN: Final = "sk_live_Jq2VtaRow8nKe4mZ"
FLOW_TEST: Final = "sk_test_Pb6HyuLid1sXc9gF"
FLOW_INACTIVE: Final = "sk_live_Dn5CalmWk3oTj7rB"
FLOW_NO_NUMBERS: Final = "sk_live_Ev0NudeYs8qGi2hM"
FLOW_DAILY_EXHAUSTED: Final = "sk_live_Lx4DuskAf6zRp1uC"
FLOW_RATE_LIMITED: Final = "sk_live_Tg7SlowOb9wNv3kQ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Say what one TextFlow key may do."""

    key: str
    is_active: bool = True
    has_numbers: bool = True
    daily_limit: int = 1_000_000
    limit_per_minute: int | None = None


FLOW_PLANS: Final = (
    Plan(key=FLOW_MAIN),
    Plan(key=FLOW_TEST),
    Plan(key=FLOW_INACTIVE, is_active=False),
    Plan(key=FLOW_NO_NUMBERS, has_numbers=False),
    Plan(key=FLOW_DAILY_EXHAUSTED, daily_limit=0),
    Plan(key=FLOW_RATE_LIMITED, limit_per_minute=FLOW_LIMIT_PER_MINUTE),
)
