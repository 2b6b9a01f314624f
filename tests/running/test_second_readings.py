"""Servers written from the documents alone: green when right, red under the right clause when not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running.support import run_target, with_verdict
from tests.second_reading import profile, serve_in_thread

pytestmark = pytest.mark.slow

FAULTS = {
    "line-secret-any-case": "tl.auth.secret-case",
    "line-secret-of-any-key": "tl.auth.wrong-secret",
    "line-limit-in-bytes": "tl.requests.body-characters-not-bytes",
    "line-caption-unlimited": "tl.requests.media-body-max-refused",
    "line-trailing-newline": "tl.requests.to-e164",
    "line-sender-unchecked-mms": "tl.requests.from-unassigned",
    "line-non-bmp-mangled": "tl.responses.body-echo",
    "line-failed-sent-at-null": "tl.delivery.sent-at-absent",
    "line-blocked-is-opted-out": "tl.delivery.cause-destination-blocked",
    "line-credits-code": "tl.errors.code-credits",
    "line-retry-race": "tl.idempotency.concurrent-same-id",
    "line-key-first-32": "tl.idempotency.distinct-keys",
    "line-sms-price": "tl.credits.",
    "line-overdraft-race": "tl.credits.",
    "line-null-body": "http.robustness.no-server-error",
    "flow-key-prefix": "tf.auth.key-extended",
    "flow-inactive-key": "tf.auth.inactive-key",
    "flow-no-emoji": "tf.requests.message-emoji",
    "flow-first-sender": "tf.responses.from-default",
    "flow-success-string": "tf.responses.success",
    "flow-id-race": "tf.responses.message-id-unique",
    "flow-no-parentheses": "tf.normalization.",
    "flow-missing-key-html": "tf.errors.json-object",
    "flow-format-text": "tf.errors.to-format-text",
    "flow-no-numbers-status": "tf.errors.no-numbers-status",
    "flow-daily-text": "tf.rate_limits.daily-text",
    "flow-rate-early": "tf.rate_limits.not-early",
    "flow-rate-never-recovers": "tf.rate_limits.recovers",
    "flow-invalid-utf8": "http.robustness.no-server-error",
}
NAMES = {"line": "textingline", "flow": "textflow"}


@pytest.mark.parametrize("provider", ["textingline", "textflow"])
def test_second_reading_that_is_right_is_green(provider: str, tmp_path: Path) -> None:
    with serve_in_thread(provider) as base_url:
        code, results = run_target(tmp_path, profile(provider, base_url))
    assert with_verdict(results, "fail") | with_verdict(results, "inconclusive") == set()
    assert code == 0


@pytest.mark.parametrize(("fault", "clause"), FAULTS.items())
def test_second_reading_that_breaks_a_promise_is_red_under_its_clause(fault: str, clause: str, tmp_path: Path) -> None:
    provider, concern = NAMES[fault.split("-", maxsplit=1)[0]], clause.split(".")[1]
    with serve_in_thread(provider, fault) as base_url:
        code, results = run_target(tmp_path, profile(provider, base_url), "--concern", concern)
    failed = with_verdict(results, "fail")
    assert code == 1
    assert failed
    assert all(item.startswith(clause) for item in failed)
