"""Words and bytes for a POSIX shell, in plain visible characters on one line."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from sendproof.reports.text import is_plain

LONG_BYTES = 4096
_SAFE = re.compile(r"[A-Za-z0-9_%+=:,./-]+")
_RUN = re.compile(rb"(.{1,12}?)\1{63,}", re.DOTALL)
_KEPT = frozenset(range(0x20, 0x7F)) - frozenset(b"'%\\")


def word(text: str) -> str:
    """Return a text as one word: bare, single-quoted, or made by printf where it cannot be shown."""
    if _SAFE.fullmatch(text):
        return text
    if is_plain(text):
        return _quoted(text)
    return f'"$({_printf(_to_bytes(text))})"'


def literal(data: bytes) -> str | None:
    """Return bytes as one single-quoted word, or None where they cannot be shown so."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return _quoted(text) if len(data) <= LONG_BYTES and is_plain(text) else None


def producer(data: bytes) -> str:
    """Return a command that writes the bytes to its standard output.

    Short ones by printf, long ones as what is repeated in them, or else by base64.
    """
    if len(data) <= LONG_BYTES:
        return _printf(data)
    commands = _commands(data)
    if commands is None:
        return f"printf %s {base64.b64encode(data).decode('ascii')} | base64 -d"
    return commands[0] if len(commands) == 1 else f"{{ {'; '.join(commands)}; }}"


def _commands(data: bytes) -> list[str] | None:
    """Return commands for the runs of bytes and what stands between, or None if too much does."""
    pieces = list(_pieces(data))
    between = sum(len(unit) for unit, times in pieces if times == 1)
    if between > LONG_BYTES or any(times > 1 and len(unit) > 1 and 0 in unit for unit, times in pieces):
        return None
    return [_repeated(unit, times) if times > 1 else _printf(unit) for unit, times in pieces]


def _pieces(data: bytes) -> Iterator[tuple[bytes, int]]:
    end = 0
    for run in _RUN.finditer(data):
        if run.start() > end:
            yield data[end : run.start()], 1
        yield run[1], len(run[0]) // len(run[1])
        end = run.end()
    if end < len(data):
        yield data[end:], 1


def _repeated(unit: bytes, times: int) -> str:
    shown = "".join(f"\\{byte:03o}" for byte in unit)
    if len(unit) == 1:
        return f"printf '%{times}s' '' | tr ' ' '{shown}'"
    return f'awk \'BEGIN {{ for (i = 0; i < {times}; i++) printf "%s", "{shown}" }}\''


def _printf(data: bytes) -> str:
    """Return a printf of the bytes; octal escapes of three digits are what every sh has."""
    shown = "".join(_shown(byte) for byte in data)
    # A format that begins with a hyphen would be an option.
    return f"printf '{shown.replace('-', _octal(ord('-')), 1) if shown.startswith('-') else shown}'"


def _shown(byte: int) -> str:
    if byte in _KEPT:
        return chr(byte)
    return {ord("%"): "%%", ord("\\"): "\\\\"}.get(byte) or _octal(byte)


def _octal(byte: int) -> str:
    return f"\\{byte:03o}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _to_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
