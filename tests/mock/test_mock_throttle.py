"""The windows in which a key may ask."""

from dataclasses import replace

from sendproof.mock import accounts
from sendproof.mock.accounts import Settings
from sendproof.mock.throttle import FixedWindow

KEY = accounts.textflow_keys(Settings(limit_per_minute=2))["rate_limited"]


def test_window_opens_with_the_first_request() -> None:
    throttle = FixedWindow()
    assert [throttle.admit(KEY, now) for now in (100.0, 159.0, 159.5)] == [None, None, 0.5]
    assert throttle.admit(KEY, 160.0) is None


def test_keys_are_counted_apart() -> None:
    throttle, other = FixedWindow(), replace(KEY, value="other")
    assert [throttle.admit(key, 0.0) for key in (KEY, other, KEY, other)] == [None] * 4


def test_unlimited_key_is_always_admitted() -> None:
    throttle = FixedWindow()
    assert {throttle.admit(replace(KEY, limit_per_window=None), 0.0) for _ in range(9)} == {None}
