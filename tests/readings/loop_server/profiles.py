"""Describe each provider's account as a target profile."""

from __future__ import annotations

from . import textflow, textingline_rules

BUDGET = {"max_requests": 2000, "max_accepted": 600, "requests_per_second": 400.0, "retry_after_s": 1.0}


def textingline_profile(base_url: str) -> dict[str, object]:
    """Return the profile of TextingLine at *base_url*."""
    main, empty, metered = textingline_rules.KEYS
    return {
        "provider": "textingline",
        "base_url": base_url,
        "credentials": {"key_id": main[0], "key_secret": main[1]},
        "account": {
            "senders": list(textingline_rules.SENDERS),
            "recipients": list(textingline_rules.RECIPIENTS),
        },
        "budget": dict(BUDGET),
        "fixtures": {
            "inactive_sender": textingline_rules.INACTIVE_SENDER,
            "unassigned_sender": textingline_rules.UNASSIGNED_SENDER,
            "noncompliant_body": textingline_rules.NONCOMPLIANT_BODY,
            "media_url": "https://example.com/images/promo.jpg",
            "unsupported_body": textingline_rules.UNSUPPORTED_BODY,
            "no_credits": {"key_id": empty[0], "key_secret": empty[1]},
            "metered": {"key_id": metered[0], "key_secret": metered[1], "balance": {"credits": metered[2]}},
            "failing_recipients": {name: number for number, (name, _) in textingline_rules.FAILURES.items()},
        },
    }


def textflow_profile(base_url: str) -> dict[str, object]:
    """Return the profile of TextFlow at *base_url*."""
    return {
        "provider": "textflow",
        "base_url": base_url,
        "credentials": {"api_key": textflow.LIVE_KEY},
        "account": {
            "senders": list(textflow.SENDERS),
            "default_sender": textflow.DEFAULT_SENDER,
            "recipients": list(textflow.RECIPIENTS),
        },
        "budget": dict(BUDGET),
        "fixtures": {
            "test_key": textflow.TEST_KEY,
            "inactive_key": textflow.INACTIVE_KEY,
            "no_numbers_key": textflow.NO_NUMBERS_KEY,
            "daily_exhausted_key": textflow.EXHAUSTED_KEY,
            "unknown_sender": textflow.UNKNOWN_SENDER,
            "inactive_sender": textflow.INACTIVE_SENDER,
            "rate_limited": {
                "api_key": textflow.LIMITED_KEY,
                "limit_per_minute": textflow.LIMIT,
                "window_s": textflow.WINDOW_S,
            },
        },
    }
