"""Sample texts with a serial number: carriers filter what is sent twice, so no two cases share a text."""

from __future__ import annotations

import re
import zlib

_SERIAL = re.compile(r" No\. \d{4}\Z", re.ASCII)


def with_serial(text: str, of: str) -> str:
    """Return a text with the serial number of what is called `of`: four digits, always the same ones."""
    return f"{without_serial(text)} No. {zlib.crc32(of.encode()) % 10_000:04d}"


def without_serial(text: str) -> str:
    """Return a text without its serial number: what differs in that alone is the same message to whoever judges."""
    return _SERIAL.sub("", text)
