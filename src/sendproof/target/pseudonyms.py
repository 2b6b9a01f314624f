"""Numbers and texts of people in what is kept: others stand in their place, the same ones throughout a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from types import MappingProxyType

import phonenumbers

from sendproof.account import Account
from sendproof.judge.texts_and_numbers import cause_of
from sendproof.target.phone_numbers import country_digits, is_reserved
from sendproof.target.profile import Profile

# Digits as people space them: so many that they may be a telephone number, or most of one. Nothing that was matched is
# given back, which would have to be remembered for each digit.
_RUN = re.compile(rb"(?<=\+)[0-9]{7,15}+(?![0-9])|[0-9](?:[ ().\-]{0,3}[0-9]){6,}+")
_NANP_SHAPE = re.compile(rb"(?:1[ .\-]?)?\(?[2-9][0-9]{2}\)?[ .\-]{0,2}[2-9][0-9]{2}[ .\-]?[0-9]{4}")
_NO_DIGITS = re.compile(rb"[^0-9]+")
_PLUS = (b"+", b"%2B", b"%2b", b"\\u002b", b"\\u002B")
_LONGEST_PLUS = max(map(len, _PLUS))
_LONGEST = 15
# The kinds of fixtures that are a text of the user's.
_TEXTS = ("text", "media")
# An answer may hold any number of numbers: of too many one is like the other. A run asks some hundred times, and an
# answer that names ten people is a long one. To make so many takes less than a second.
_MOST = 5_000
_FICTIONAL_AREAS = tuple(area for area in range(202, 990) if area % 100 not in (0, 11) and area // 10 not in (80, 90))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonym:
    """What stands in reports for something of the profile, and the variable that a reproduction reads it from."""

    shown: str
    setting: str
    variable: str


class Pseudonyms:
    """Replaces numbers that may be somebody's by others of the same country, length and last two digits.

    A number of the NANP becomes one that is reserved for fiction, another one that no numbering plan
    has. The digits change in their places, so a spelling stays the spelling it was. Two numbers never
    become one. Texts that the profile gives are replaced by their names.
    """

    def __init__(self, profile: Profile) -> None:
        settings = dict(_settings(profile))
        self._numbers = tuple(number.removeprefix("+") for number in settings)
        self._taken = {number for number in settings if is_reserved(number)}
        self._by_number: dict[str, str] = {}
        self._issued: set[str] = set()
        self._candidates: dict[tuple[str, str, int], Iterator[str]] = {}
        for number in settings:
            self.number(number)
        # Only what the profile names is looked for in requests: all else in them is the corpus'.
        self._known = tuple(
            (number[1:], number[1 + country_digits(number[1:]) :], made[1:]) for number, made in self._by_number.items()
        )
        self._texts = {given.value: f"[{name}]" for name, given in profile.fixtures.items() if given.kind in _TEXTS}
        numbers = [
            Pseudonym(shown=self._by_number[number], setting=setting, variable=_variable(setting))
            for number, setting in settings.items()
            if number in self._by_number
        ]
        texts = [
            Pseudonym(shown=f"[{name}]", setting=f"fixtures.{name}", variable=_variable(name))
            for name, given in profile.fixtures.items()
            if given.kind in _TEXTS
        ]
        self.listed: tuple[Pseudonym, ...] = (*numbers, *texts)

    @property
    def texts(self) -> Mapping[str, str]:
        """Return the texts of the profile, each with what stands for it."""
        return MappingProxyType(self._texts)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Return the digits of the numbers of the profile."""
        return self._numbers

    @property
    def _are_too_many(self) -> bool:
        return len(self._issued) >= _MOST

    def number(self, number: str) -> str:
        """Return what stands for a number in E.164; one that is reserved for fiction stands for itself."""
        if is_reserved(number) or number in self._issued:
            return number
        if number not in self._by_number:
            made = self._made(number)
            if self._are_too_many:
                return made
            self._taken.add(made)
            self._issued.add(made)
            self._by_number[number] = made
        return self._by_number[number]

    def _made(self, number: str) -> str:
        country, end = number[1 : 1 + country_digits(number[1:])], number[-2:]
        if self._are_too_many:
            return f"+{country}".ljust(len(number) - len(end), "0") + end
        candidates = self._candidates.setdefault((country, end, len(number)), _candidates(country, end, len(number)))
        return next(item for item in candidates if item not in self._taken and item != number)

    def request(self, data: bytes) -> bytes:
        """Return the content of a request with the profile's numbers replaced."""
        if not self._known:
            return data
        return _RUN.sub(lambda match: self._replaced(match, None), data)

    def answer(self, data: bytes, asked: bytes) -> bytes:
        """Return something of an answer with all numbers replaced that were not made up for the request."""
        if _RUN.search(data) is None:
            return data
        of_request = _Digits(asked)
        return _RUN.sub(lambda match: self._replaced(match, of_request), data)

    def account(self, account: Account) -> Account:
        """Return the facts about an account, as they stand in what is kept."""
        return replace(
            account,
            senders=MappingProxyType({self.number(number): state for number, state in account.senders.items()}),
            recipients=MappingProxyType({self.number(number): state for number, state in account.recipients.items()}),
            texts=MappingProxyType({self._texts[text]: state for text, state in account.texts.items()}),
            media_urls=frozenset(self._texts[url] for url in account.media_urls),
            default_sender=account.default_sender and self.number(account.default_sender),
        )

    def _replaced(self, match: re.Match[bytes], asked: _Digits | None) -> bytes:
        """Return a run of digits as it is shown; in an answer, those of its request are `asked`."""
        digits = _NO_DIGITS.sub(b"", match[0]).decode("ascii")
        shown = self._known_digits(digits)
        if shown == digits and asked is not None:
            plus = match.string[max(match.start() - _LONGEST_PLUS, 0) : match.start()].endswith(_PLUS)
            shown = self._unknown_digits(digits, match[0], asked, plus=plus)
        if shown == digits:
            return match[0]
        left = iter(shown.encode("ascii"))
        return bytes(next(left) if 0x30 <= byte <= 0x39 else byte for byte in match[0])

    def _known_digits(self, digits: str) -> str:
        """Return digits with those of the profile's numbers replaced, in whole or where they are a part of one."""
        for number, national, made in self._known:
            if national in digits:
                digits = digits.replace(national, made[-len(national) :])
            elif digits in number:
                start = number.index(digits)
                return made[start : start + len(digits)]
        return digits

    def _unknown_digits(self, digits: str, spelled: bytes, asked: _Digits, *, plus: bool) -> str:
        """Return what stands for digits that look like somebody's number, unless the request has them too."""
        if plus and len(digits) <= _LONGEST:
            number = f"+{digits}"
        elif _NANP_SHAPE.fullmatch(spelled) and (self._are_too_many or _is_valid(f"+1{digits[-10:]}")):
            number = f"+1{digits[-10:]}"
        else:
            return digits
        if is_reserved(number) or digits[-9:] in asked:
            return digits
        return self.number(number)[-len(digits) :]


class _Digits:
    """The digits of a request, of which an answer may have any number's last nine again."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._by_length: dict[int, frozenset[str]] = {}

    @cached_property
    def _digits(self) -> str:
        return _NO_DIGITS.sub(b"", self._data).decode("ascii")

    def __contains__(self, end: str) -> bool:
        if len(end) not in self._by_length:
            ends = (self._digits[at : at + len(end)] for at in range(len(self._digits) - len(end) + 1))
            self._by_length[len(end)] = frozenset(ends)
        return end in self._by_length[len(end)]


@lru_cache(maxsize=4096)
def _is_valid(number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


# The code of no country: of some networks (+881) every number is in use. The millionth try took half a minute to find
# that out, and of other codes the first few are not in use.
_NO_COUNTRY = "999"
_TRIED = 1_000


def _candidates(country: str, end: str, length: int) -> Iterator[str]:
    """Yield numbers that are not in use: of a country, with these last digits, of a length that counts the plus."""
    if (country, length) == ("1", 12):
        yield from (f"+1{area}55501{end}" for area in _FICTIONAL_AREAS)
    for code, most in ((country, _TRIED), (_NO_COUNTRY, 10**6)):
        width = max(length - 1 - len(code) - len(end), 0)
        for count in range(most):
            made = f"+{code}{count:0{width}}"[: 1 + len(code) + width] + end
            if not _is_valid(made):
                yield made


def _settings(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield the numbers of a profile, each with the name of its setting."""
    yield from ((number, f"account.recipients no. {index}") for index, number in enumerate(profile.recipients, 1))
    yield from ((number, f"account.senders no. {index}") for index, number in enumerate(profile.senders, 1))
    yield from (
        (number, f"fixtures.failing_recipients.{cause}") for cause, number in profile.failing_recipients.items()
    )
    yield from ((item.value, f"fixtures.{name}") for name, item in profile.fixtures.items() if item.kind == "sender")


def _variable(setting: str) -> str:
    """Return the environment variable of a setting: `SENDPROOF_RECIPIENT_1` of the first of `account.recipients`."""
    match = re.fullmatch(r"account\.(recipient|sender)s no\. (\d+)", setting)
    name = f"{match[1]}_{match[2]}" if match else setting.removeprefix("fixtures.").replace(".", "_")
    return f"SENDPROOF_{name.upper()}"


_GRAM = 5
# Of many short texts in an answer none is compared with a long one, which would take their number times its length.
_SHORTEST_PART = 8
_ENOUGH = 0.3


class SentText:
    """The text of a request, with which those of its answer are compared, however many there are."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _grams(self) -> frozenset[str]:
        return _grams(self._text)

    @cached_property
    def _short(self) -> frozenset[str]:
        """Everything in the text that is shorter than what is compared of longer ones."""
        text = self._text
        return frozenset(text[at : at + length] for length in range(1, _GRAM) for at in range(len(text) - length + 1))

    def kept(self, answered: str) -> str:
        """Return a text of an answer if it is this one, or what became of it; another one is somebody's."""
        if not answered.strip() or self._made(answered) or self._became(answered):
            return answered
        return f"[another text of {len(answered)} characters]"

    def _became(self, text: str) -> bool:
        """Whether an encoding, an escape or the like makes it of the sent one, and keeps most of its length."""
        return len(text) * _SHORTEST_PART >= len(self._text) and cause_of(self._text, text) is not None

    def _made(self, text: str) -> bool:
        """Whether a text shares so much with this one that it was made of it."""
        if not any(map(str.isalnum, text)) or text in self._short:
            return True
        if len(self._text) >= _GRAM and self._text in text:
            return True
        grams = _grams(text)
        return len(grams & self._grams) >= _ENOUGH * len(grams)


def _grams(text: str) -> frozenset[str]:
    folded = text.casefold()
    return frozenset(folded[start : start + _GRAM] for start in range(max(len(folded) - _GRAM + 1, 1)))
