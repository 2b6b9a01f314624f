"""Servers written from the documents alone: quiet when right, reported under the right clause when not."""

from __future__ import annotations

from types import ModuleType

import pytest

from sendproof.judge.verdicts import FAIL
from tests import second_reading
from tests.readings import late_server, loop_server, plain_server
from tests.readings.judging import alarms, judged_reading, with_verdict

pytestmark = pytest.mark.slow

PROVIDERS = ("textingline", "textflow")
READINGS: dict[str, ModuleType] = {
    "second_reading": second_reading,
    "loop_server": loop_server,
    "late_server": late_server,
    "plain_server": plain_server,
}
EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "second_reading": {
        "line-secret-any-case": ("tl.auth.secret-case",),
        "line-secret-of-any-key": ("tl.auth.wrong-secret",),
        "line-limit-in-bytes": ("tl.requests.body-characters-not-bytes",),
        "line-caption-unlimited": ("tl.requests.media-body-max-refused",),
        "line-trailing-newline": ("tl.requests.to-spelling",),
        "line-sender-unchecked-mms": ("tl.requests.from-unassigned",),
        "line-non-bmp-mangled": ("tl.responses.body-echo",),
        "line-failed-sent-at-null": ("tl.delivery.sent-at-null",),
        "line-blocked-is-opted-out": ("tl.delivery.cause-destination-blocked",),
        "line-credits-code": ("tl.errors.code-credits",),
        "line-retry-race": ("tl.idempotency.concurrent-same-id",),
        "line-key-first-32": ("tl.idempotency.distinct-keys",),
        "line-sms-price": ("tl.credits.sms-price",),
        "line-overdraft-race": ("tl.credits.boundary",),
        "line-null-body": ("http.robustness.no-server-error",),
        "flow-key-prefix": ("tf.auth.key-extended",),
        "flow-inactive-key": ("tf.auth.inactive-key",),
        "flow-no-emoji": ("tf.requests.message-emoji",),
        "flow-first-sender": ("tf.responses.from-default",),
        "flow-success-string": ("tf.responses.success",),
        "flow-id-race": ("tf.responses.message-id-unique",),
        "flow-no-parentheses": ("tf.normalization.to-formatted", "tf.normalization.from-formatted"),
        "flow-missing-key-html": ("tf.errors.json-object",),
        "flow-format-text": ("tf.errors.to-format-text",),
        "flow-no-numbers-status": ("tf.errors.no-numbers-status",),
        "flow-daily-text": ("tf.rate_limits.daily-text",),
        "flow-rate-early": ("tf.rate_limits.not-early",),
        "flow-rate-never-recovers": ("tf.rate_limits.recovers",),
        "flow-invalid-utf8": ("http.robustness.no-server-error",),
    },
    "loop_server": {
        "tl-key-id-alone": ("tl.auth.wrong-secret",),
        "tl-mms-body-unlimited": ("tl.requests.media-body-max-refused",),
        "tl-e164-loose-digits": ("tl.requests.to-spelling",),
        "tl-echo-trimmed": ("tl.responses.body-exact",),
        "tl-routing-neighbour": ("tl.delivery.cause-routing-error",),
        "tl-compliance-mms": ("tl.requests.body-noncompliant",),
        "tl-idempotency-race": ("tl.idempotency.concurrent-same-id",),
        "tl-idempotency-sms-only": ("tl.idempotency.replay-same-id",),
        "tl-credits-boundary": ("tl.credits.boundary",),
        "tf-key-suffix": ("tf.auth.key-extended",),
        "tf-limit-ten-segments": ("tf.requests.message-characters-not-bytes",),
        "tf-last-ten-digits": ("tf.requests.to-digits",),
        "tf-success-text": ("tf.responses.success",),
        "tf-from-verbatim": ("tf.normalization.from-eleven-digits", "tf.normalization.from-ten-digits"),
        "tf-window-never-ends": ("tf.rate_limits.recovers",),
        "tf-number-to-500": ("http.robustness.no-server-error",),
    },
    "late_server": {
        "secret-compared-by-zip": ("tl.auth.secret-prefix",),
        "body-limit-early": ("tl.requests.body-max-accepted", "tl.requests.media-body-max-accepted"),
        "mms-body-required": ("tl.requests.media-alone",),
        "body-html-escaped": ("tl.responses.body-echo",),
        "geographic-as-http-error": ("tl.delivery.cause-geographic-restriction",),
        "idempotency-race": ("tl.idempotency.concurrent-same-id",),
        "credits-race": ("tl.credits.boundary",),
        "emoji-as-bytes": ("tf.requests.message-characters-not-bytes",),
        "sender-left-as-given": ("tf.normalization.from-eleven-digits", "tf.normalization.from-ten-digits"),
        "extra-digits-trimmed": ("tf.requests.to-digits",),
        "rate-limit-early": ("tf.rate_limits.not-early",),
        "html-for-bad-json": ("tf.errors.json-object",),
        "flow-surrogate-crash": ("http.robustness.no-server-error",),
    },
    "plain_server": {
        "tl-secret-varchar": ("tl.auth.secret-prefix",),
        "tl-mms-needs-body": ("tl.requests.media-alone",),
        "tl-body-varchar-600": ("tl.responses.body-echo",),
        "tl-error-type-varchar-20": ("tl.delivery.error-type",),
        "tl-idempotency-like": ("tl.idempotency.distinct-keys",),
        "tl-idempotency-varchar": ("tl.idempotency.distinct-keys",),
        "tl-credits-mms-as-sms": ("tl.credits.mms-price",),
        "tl-compliance-as-characters": ("tl.errors.code-compliance",),
        "tf-key-like": ("tf.auth.key-case",),
        "tf-message-utf8mb3": ("http.robustness.no-server-error",),
        "tf-default-from-null": ("tf.responses.from",),
        "tf-to-as-given": ("tf.normalization.to-eleven-digits", "tf.normalization.to-ten-digits"),
        "tf-plus-one-twice": ("tf.normalization.to-eleven-digits",),
        "tf-minute-one-late": ("tf.rate_limits.enforced",),
        "tf-minute-success-missing": ("tf.rate_limits.envelope",),
        "tf-array-500": ("http.robustness.no-server-error",),
    },
}


def provider_of(reading: str, fault: str) -> str:
    if reading == "second_reading":
        return {"line": "textingline", "flow": "textflow"}[fault.partition("-")[0]]
    provider: str = READINGS[reading].FAULTS[fault][0]
    return provider


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("reading", READINGS)
def test_reading_that_is_right_is_quiet(reading: str, provider: str) -> None:
    module = READINGS[reading]
    assert alarms(judged_reading(module.serve, module.profile, provider)) == set()


@pytest.mark.parametrize(
    ("reading", "fault", "clauses"),
    [(reading, fault, clauses) for reading, faults in EXPECTED.items() for fault, clauses in faults.items()],
)
def test_reading_that_breaks_a_promise_fails_its_clauses_and_no_others(
    reading: str, fault: str, clauses: tuple[str, ...]
) -> None:
    module = READINGS[reading]
    found = judged_reading(module.serve, module.profile, provider_of(reading, fault), fault, clauses)
    required, advised = (with_verdict(found, FAIL, levels=(level,)) for level in ("required", "recommended"))
    assert required == set(clauses) - advised
    assert set(clauses) <= required | advised
