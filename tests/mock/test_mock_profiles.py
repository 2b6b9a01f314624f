"""Profiles that describe a mock, and the tables they are made of."""

import re
import tomllib
from typing import Any

import pytest

from sendproof.mock import accounts
from sendproof.mock.accounts import PROVIDERS, Provider, Settings
from sendproof.mock.profiles import profile, profile_toml

FIXTURES = {
    "textflow": {
        "test_key", "inactive_key", "no_numbers_key", "daily_exhausted_key", "unknown_sender",
        "inactive_sender", "rate_limited",
    },
    "textingline": {
        "inactive_sender", "unassigned_sender", "noncompliant_body", "unsupported_body",
        "media_url", "no_credits", "metered", "failing_recipients",
    },
}  # fmt: skip


@pytest.mark.parametrize("provider", PROVIDERS)
def test_profile_survives_toml(provider: Provider) -> None:
    settings = Settings(metered_balance=9, limit_per_minute=2, window_s=0.5)
    document = profile_toml(provider, "http://127.0.0.1:1", settings)
    assert tomllib.loads(document) == profile(provider, "http://127.0.0.1:1", settings)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_profile_has_every_fixture(provider: Provider) -> None:
    described: dict[str, Any] = profile(provider, "http://127.0.0.1:1")
    assert set(described) == {"provider", "base_url", "credentials", "account", "budget", "fixtures"}
    assert set(described["fixtures"]) == FIXTURES[provider]


def test_profile_has_the_quantities_of_its_settings() -> None:
    textingline: dict[str, Any] = profile("textingline", "", Settings(metered_balance=9))
    textflow: dict[str, Any] = profile("textflow", "")
    assert textingline["fixtures"]["metered"]["balance"] == {"credits": 9}
    assert textflow["fixtures"]["rate_limited"]["limit_per_minute"] == 5
    assert textflow["fixtures"]["rate_limited"]["window_s"] == 60.0


def test_profile_has_a_number_for_each_error_type() -> None:
    described: dict[str, Any] = profile("textingline", "")
    assert tuple(described["fixtures"]["failing_recipients"]) == accounts.ERROR_TYPES


def test_numbers_are_fictional_and_serve_one_purpose() -> None:
    numbers = [
        *accounts.RECIPIENTS, *accounts.SENDERS, accounts.INACTIVE_SENDER, accounts.FOREIGN_SENDER,
        *accounts.FAILING_RECIPIENTS.values(),
    ]  # fmt: skip
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\+1[2-9]\d\d55501\d\d", number) for number in numbers)


def test_secrets_are_long_mixed_and_no_prefix_of_each_other() -> None:
    secrets = [
        *(key.value for key in accounts.textflow_keys(Settings()).values()),
        *(
            secret
            for account in accounts.textingline_accounts(Settings()).values()
            for secret in (account.key_id, account.key_secret)
        ),
    ]
    for secret in secrets:
        assert len(secret) >= 20
        assert re.search("[a-z]", secret)
        assert re.search("[A-Z]", secret)
        assert re.search("[0-9]", secret)
        assert [other for other in secrets if other.startswith(secret)] == [secret]
