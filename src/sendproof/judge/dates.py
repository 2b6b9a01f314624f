"""Dates of HTTP (RFC 9110, 5.6.7)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def http_date(value: str | None) -> datetime | None:
    """Return the moment that a field value names, or None. Never raises."""
    try:
        date = parsedate_to_datetime(value) if value else None
    except (ValueError, OverflowError):
        return None
    # A zone of -0000 gives a naive time, which cannot be compared with others.
    return date.replace(tzinfo=UTC) if date is not None and date.tzinfo is None else date
