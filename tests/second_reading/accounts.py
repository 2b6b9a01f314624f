"""The fictional accounts that the two vendors know. Every number is from a 555-01XX range."""

from dataclasses import dataclass

WINDOW_S = 1.0
LIMIT_PER_WINDOW = 5
METERED_BALANCE = 7


@dataclass
class LineAccount:
    """A TextingLine key pair; a balance of None is never exhausted."""

    key_id: str
    key_secret: str
    balance: int | None = None


@dataclass(frozen=True)
class FlowKey:
    """A TextFlow API key and what its plan allows."""

    value: str
    active: bool = True
    has_numbers: bool = True
    daily_exhausted: bool = False
    limit: int | None = None


LINE_SENDERS = ["+14155550171", "+14155550172"]
LINE_INACTIVE_SENDER = "+14155550173"
LINE_UNASSIGNED_SENDER = "+14155550174"
LINE_RECIPIENTS = ["+12065550111", "+12065550112", "+12065550113", "+12065550114"]
LINE_QUEUED_RECIPIENTS = {"+12065550112", "+12065550114"}
LINE_FAILING = {
    "unknown": "+13035550120",
    "platform_error": "+13035550121",
    "provider_error": "+13035550122",
    "invalid_destination": "+13035550123",
    "invalid_sender": "+13035550124",
    "destination_blocked": "+13035550125",
    "opted_out": "+13035550126",
    "invalid_content": "+13035550127",
    "routing_error": "+13035550128",
    "geographic_restriction": "+13035550129",
    "service_restricted": "+13035550130",
}
LINE_BANNED_PHRASE = "guaranteed loan approval"
LINE_NONCOMPLIANT_BODY = "Act now: guaranteed loan approval, no questions asked."
LINE_UNSUPPORTED_BODY = "Your pickup code is \ue0a3 4471"
LINE_MAIN = ("keyMain7Q2w9Rt4Zp81Xc", "Mn5Harbor8Lantern2Quarry6")
LINE_NO_CREDITS = ("keyDry3Vb6Nm1Lk90Jh", "Dr9Pebble4Thicket7Saddle1")
LINE_METERED = ("keyMeter5Gf8Ds2Aq63We", "Mt3Walnut6Compass1Ribbon8")

FLOW_SENDERS = ["+16465550181", "+16465550182"]
FLOW_DEFAULT_SENDER = "+16465550182"
FLOW_INACTIVE_SENDER = "+16465550183"
FLOW_UNKNOWN_SENDER = "+16465550184"
FLOW_RECIPIENTS = ["+17185550141", "+17185550142", "+17185550143"]
FLOW_MAIN = "sk_live_Orchard_4Tk8_Velvet_2Mx6"
FLOW_TEST = "sk_test_Meadow_7Rp3_Copper_9Lz5"
FLOW_INACTIVE = "sk_live_Gravel_1Hn5_Sunset_8Bq2"
FLOW_NO_NUMBERS = "sk_live_Timber_6Wd9_Violet_3Cy7"
FLOW_DAILY_EXHAUSTED = "sk_live_Marble_2Jf4_Breeze_5Ns8"
FLOW_RATE_LIMITED = "sk_live_Canyon_9Xg1_Feather_6Va3"


def line_accounts() -> dict[str, LineAccount]:
    """Fresh TextingLine accounts by key id."""
    accounts = [
        LineAccount(*LINE_MAIN),
        LineAccount(*LINE_NO_CREDITS, balance=0),
        LineAccount(*LINE_METERED, balance=METERED_BALANCE),
    ]
    return {account.key_id: account for account in accounts}


def flow_keys() -> list[FlowKey]:
    """Every TextFlow key."""
    return [
        FlowKey(FLOW_MAIN),
        FlowKey(FLOW_TEST),
        FlowKey(FLOW_INACTIVE, active=False),
        FlowKey(FLOW_NO_NUMBERS, has_numbers=False),
        FlowKey(FLOW_DAILY_EXHAUSTED, daily_exhausted=True),
        FlowKey(FLOW_RATE_LIMITED, limit=LIMIT_PER_WINDOW),
    ]


def profile(provider: str, base_url: str) -> dict[str, object]:
    """A target profile with every fixture of the provider."""
    sections = {"textingline": line_sections, "textflow": flow_sections}[provider]()
    return {"provider": provider, "base_url": base_url, **sections}


def budget() -> dict[str, object]:
    """Generous, because the target is a thread of the same process."""
    return {
        "max_requests": 2000,
        "max_accepted": 600,
        "requests_per_second": 200.0,
        "retry_after_s": WINDOW_S,
    }


def key_pair(pair: tuple[str, str]) -> dict[str, object]:
    """A key pair as a profile writes it."""
    return {"key_id": pair[0], "key_secret": pair[1]}


def line_sections() -> dict[str, object]:
    """The sections of a TextingLine profile."""
    return {
        "credentials": key_pair(LINE_MAIN),
        "account": {"senders": list(LINE_SENDERS), "recipients": list(LINE_RECIPIENTS)},
        "budget": budget(),
        "fixtures": {
            "inactive_sender": LINE_INACTIVE_SENDER,
            "unassigned_sender": LINE_UNASSIGNED_SENDER,
            "noncompliant_body": LINE_NONCOMPLIANT_BODY,
            "media_url": "https://example.com/images/promo.jpg",
            "unsupported_body": LINE_UNSUPPORTED_BODY,
            "no_credits": key_pair(LINE_NO_CREDITS),
            "metered": {**key_pair(LINE_METERED), "balance": {"credits": METERED_BALANCE}},
            "failing_recipients": dict(LINE_FAILING),
        },
    }


def flow_sections() -> dict[str, object]:
    """The sections of a TextFlow profile."""
    return {
        "credentials": {"api_key": FLOW_MAIN},
        "account": {
            "senders": list(FLOW_SENDERS),
            "default_sender": FLOW_DEFAULT_SENDER,
            "recipients": list(FLOW_RECIPIENTS),
        },
        "budget": budget(),
        "fixtures": {
            "test_key": FLOW_TEST,
            "inactive_key": FLOW_INACTIVE,
            "no_numbers_key": FLOW_NO_NUMBERS,
            "daily_exhausted_key": FLOW_DAILY_EXHAUSTED,
            "unknown_sender": FLOW_UNKNOWN_SENDER,
            "inactive_sender": FLOW_INACTIVE_SENDER,
            "rate_limited": {
                "api_key": FLOW_RATE_LIMITED,
                "limit_per_minute": LIMIT_PER_WINDOW,
                "window_s": WINDOW_S,
            },
        },
    }
