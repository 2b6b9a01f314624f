"""Typed access to the tables of a TOML document, with one line of complaint each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sendproof.errors import UsageError, suggestion
from sendproof.target.phone_numbers import is_number_like, without_digits, without_numbers

NOTHING = "nothing"
_SHOWN_LENGTH = 40
_ABSENT = object()


class Table:
    """One table of a document. `where` names the file, `path` the table in it.

    The values of a `private` table, and of those within it, may be numbers, secrets or texts of people: messages
    tell what kind of value was there, not which.
    """

    def __init__(self, data: Mapping[str, Any], *, where: str, path: str = "", private: bool = False) -> None:
        self._data = data
        self.where = where
        self._path = path
        self._is_private = private

    def __contains__(self, name: str) -> bool:
        return name in self._data

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the table, in their order."""
        return tuple(self._data)

    @property
    def values(self) -> Mapping[str, Any]:
        """What the table holds, as it stands."""
        return self._data

    def raw(self, name: str) -> Any:
        """Return the value as it stands, or None."""
        return self._data.get(name)

    def with_values(self, values: Mapping[str, Any]) -> Table:
        """Return this table with other values of some keys."""
        data = {**self._data, **values}
        return Table(data, where=self.where, path=self._path, private=self._is_private)

    def error(self, name: str, expected: str, got: str, advice: str) -> UsageError:
        """Return the complaint about the value of `name`; what is not there is to be added, not corrected."""
        if got == NOTHING:
            advice = "Add it." if advice.startswith("Correct") else f"Add it. {advice}"
        return UsageError(f"{self.where}: {self.key(name)}: expected {expected}, got {got}. {advice}")

    def key(self, name: str) -> str:
        """Return the full path of `name`."""
        return shortened(without_numbers(f"{self._path}.{name}" if self._path else name), 80)

    def got(self, value: object) -> str:
        """Return what may be said of a value of this table."""
        return hidden(value) if self._is_private else got(value)

    def _got_for_number(self, value: object) -> str:
        """Return what may be said of a value that had to be a quantity: one that is has nobody to hide."""
        return self.got(value) if isinstance(value, str) else got(value)

    def only(self, names: Iterable[str]) -> None:
        """Refuse a key that is not one of `names`."""
        known = tuple(names)
        for name in self._data:
            if name not in known:
                raise self.error(
                    _printable(name),
                    f"one of {', '.join(known) or 'no keys'}",
                    "an unknown key",
                    suggestion(name, known, "Remove it."),
                )

    def table(self, name: str, *, required: bool = False, private: bool = False) -> Table:
        """Return a table within this one, empty where it is absent and not required."""
        private = private or self._is_private
        value = self._data.get(name, _ABSENT)
        if value is _ABSENT and not required:
            value = {}
        if not isinstance(value, Mapping):
            shown = hidden(value) if private else got(value)
            raise self.error(name, "a table", shown, f"Write it as [{self.key(name)}].")
        return Table(value, where=self.where, path=self.key(name), private=private)

    def text(self, name: str, advice: str) -> str:
        """Return a text that is not empty."""
        value = self._data.get(name, _ABSENT)
        if not isinstance(value, str) or not value:
            raise self.error(name, "a text", self.got(value), advice)
        return value

    def texts(self, name: str, what: str) -> tuple[str, ...]:
        """Return a list of at least one text, each once."""
        value = self._data.get(name, _ABSENT)
        if not isinstance(value, list | tuple) or not value:
            raise self.error(name, f"a list of at least one {what}", self.got(value), f'Write it as {name} = ["..."].')
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise self.error(f"{name}[{index}]", f"a {what}", self.got(item), "Write it as a string.")
        return tuple(dict.fromkeys(value))

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._data.get(name, default)
        if not isinstance(value, bool):
            raise self.error(name, "true or false", got(value), "Write it without quotes.")
        return value

    def whole(self, name: str, *, default: int | None, at_least: int) -> int:
        """Return a whole number of at least `at_least`."""
        value = self._data.get(name, _ABSENT if default is None else default)
        if isinstance(value, bool) or not isinstance(value, int) or not at_least <= value <= 10**9:
            raise self.error(
                name, f"a whole number from {at_least}", self._got_for_number(value), "Correct the number."
            )
        return value

    def positive(self, name: str, *, default: float, at_most: float) -> float:
        """Return a number above zero, as a float."""
        value = self._data.get(name, default)
        sound = isinstance(value, int | float) and not isinstance(value, bool)
        if not sound or not 0 < value <= at_most:
            shown = self._got_for_number(value)
            raise self.error(name, f"a number above 0, at most {at_most:g}", shown, "Correct the number.")
        return float(value)


def got(value: object) -> str:
    """Return a short description of a value that may be shown."""
    if value is _ABSENT or value is None:
        return NOTHING
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, str | list | tuple) and not value:
        return "an empty text" if isinstance(value, str) else "an empty list"
    if isinstance(value, list | tuple):
        return "a list"
    # The digits of a very long integer cannot even be written out.
    if isinstance(value, int) and abs(value) > 10**_SHOWN_LENGTH:
        return "a very large number"
    text = without_numbers(repr(value) if isinstance(value, str) else str(value))
    return shortened(text.lower() if isinstance(value, bool) else text, _SHOWN_LENGTH)


def hidden(value: object) -> str:
    """Return a description of a value that may be somebody's number: its last two digits at most."""
    if isinstance(value, str) and is_number_like(value):
        return shortened(repr(without_digits(value)), _SHOWN_LENGTH)
    return kind(value)


def kind(value: object) -> str:
    """Return a description of a value that must not be shown."""
    if isinstance(value, str):
        return f"a text of {len(value)} characters" if value else "an empty text"
    if isinstance(value, bool):
        return "true or false"
    if value is _ABSENT or value is None or isinstance(value, Mapping | list | tuple):
        return got(value)
    return "a number" if isinstance(value, int | float) else "a date or a time"


def shortened(text: str, length: int) -> str:
    """Return the text, cut to at most `length` characters."""
    return text if len(text) <= length else f"{text[: length - 3]}..."


def toml_text(data: bytes) -> str:
    """Return the text of a TOML document, without the mark that some editors put at its beginning; ValueError else."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("UTF-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start}, which is no UTF-8") from error


def _printable(name: str) -> str:
    return name if name.isprintable() else repr(without_numbers(name))
