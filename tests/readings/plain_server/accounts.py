"""The accounts, keys and numbers every fresh database begins with."""

from dataclasses import dataclass
from typing import Final

UNLIMITED: Final = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One pair of credentials; `secret` is empty where the interface knows one word only."""

    name: str
    secret: str = ""
    account: str = "main"
    active: bool = True
    balance: int | None = UNLIMITED
    per_window: int | None = UNLIMITED
    per_day: int | None = UNLIMITED
    used_today: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One sender of an account."""

    number: str
    account: str = "main"
    active: bool = True
    default: bool = False


WINDOW_S: Final = 1.0

TL_MAIN: Final = Key(name="tlk_Qf7XbN2mRz", secret="Zk4vHq9TtBwLx2sMd8RcYe6P")
TL_EMPTY: Final = Key(name="tlk_Empty5WcVa", secret="nB3gJr7UyQpKf5hXa1ZtWo9E", balance=0)
TL_METERED: Final = Key(name="tlk_Meter8KdLs", secret="Vx6cDn1GiMuSj0lTb4HyRq7A", balance=13)
TL_OTHER: Final = Key(name="tlk_Other3PoQw", secret="Ew8fUk5LoCzGv7jNs2BxTi4D", account="other")
TL_KEYS: Final = (TL_MAIN, TL_EMPTY, TL_METERED, TL_OTHER)

TL_SENDERS: Final = (Number(number="+12065550110"), Number(number="+12065550111"))
TL_INACTIVE: Final = Number(number="+12065550119", active=False)
TL_UNASSIGNED: Final = Number(number="+12065550177", account="other")
TL_NUMBERS: Final = (*TL_SENDERS, TL_INACTIVE, TL_UNASSIGNED)
TL_RECIPIENTS: Final = ("+13035550121", "+13035550122", "+13035550123", "+13035550124")

# errorType: (the recipient that meets it, errorMessage)
TL_FAILING: Final = {
    "unknown": ("+14045550101", "Something went wrong while the message was processed."),
    "platform_error": ("+14045550102", "The platform could not send the message."),
    "provider_error": ("+14045550103", "The carrier's gateway reported an internal error."),
    "invalid_destination": ("+14045550104", "The recipient's number is not in service."),
    "invalid_sender": ("+14045550105", "The carrier does not authorize this sender."),
    "destination_blocked": ("+14045550106", "The recipient's number is blocked."),
    "opted_out": ("+14045550107", "The recipient has opted out from receiving messages from this sender."),
    "invalid_content": ("+14045550108", "The carrier refused the content of the message."),
    "routing_error": ("+14045550109", "No route to the recipient was found."),
    "geographic_restriction": ("+14045550110", "Messages to the recipient's region are not permitted."),
    "service_restricted": ("+14045550111", "The recipient's carrier does not offer this service."),
}
TL_UNSUPPORTED_BODY: Final = "Your logo \ue000 is ready"
TL_NONCOMPLIANT_PHRASE: Final = "guaranteed payday loan"
TL_NONCOMPLIANT_BODY: Final = "Act now for a Guaranteed Payday Loan!"

TF_MAIN: Final = Key(name="sk_live_Hd7QmXa2VrTk9LwZp4Nc")
TF_TEST: Final = Key(name="sk_test_Bw5GyJf8UoEs1RxKt6Mi")
TF_INACTIVE: Final = Key(name="sk_live_Qz3LnPv7CdYh0FaSj2Wg", active=False)
TF_NO_NUMBERS: Final = Key(name="sk_live_Ue9TkRb4MxOi6ZcVq1Dp", account="bare")
TF_EXHAUSTED: Final = Key(name="sk_live_Ng2HsWl8JyKe5QtAf7Xo", per_day=25, used_today=25)
TF_LIMITED: Final = Key(name="sk_live_Yc6VdFz1PuGm3BjRn8Ti", per_window=4)
TF_OTHER: Final = Key(name="sk_live_Ia4KoEq0SxLt7HwUb5Jv", account="other")
TF_KEYS: Final = (TF_MAIN, TF_TEST, TF_INACTIVE, TF_NO_NUMBERS, TF_EXHAUSTED, TF_LIMITED, TF_OTHER)

TF_SENDERS: Final = (Number(number="+15035550131"), Number(number="+15035550132", default=True))
TF_INACTIVE_SENDER: Final = Number(number="+15035550139", active=False)
TF_UNKNOWN_SENDER: Final = Number(number="+15035550188", account="other", default=True)
TF_BARE_SENDER: Final = Number(number="+15035550199", account="bare", active=False, default=True)
TF_NUMBERS: Final = (*TF_SENDERS, TF_INACTIVE_SENDER, TF_UNKNOWN_SENDER, TF_BARE_SENDER)
TF_RECIPIENTS: Final = ("+16175550141", "+16175550142", "+16175550143")
