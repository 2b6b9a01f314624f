"""What became of a vendor's document: which passages of the lock still stand in a new copy, and what is new in it."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from sendproof.contract.documents import (
    BEGINNING,
    Block,
    OpenApi,
    Stream,
    beginning,
    fingerprint,
    openapi_objects,
    stream_of,
)
from sendproof.contract.lock import Lock, Passage
from sendproof.errors import UsageError

GONE, CHANGED = "gone", "changed"
SHORT = 24
"""Passages of fewer characters occur inside others by chance ("to", "400"): they count only where a block begins or
ends, or beside another passage. The longest word of both shipped documents that is a line of its own has 21."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A passage that does not stand in the new copy as it was.

    `state` is `gone`, or `changed` where words were added to it. `now` is what stands in its place, if that can be
    told, in the words of the new copy.
    """

    passage: Passage
    state: str
    now: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWords:
    """Words that the lock does not know. `at` is their line, or the JSON pointer of the object."""

    at: int | str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A new copy of a document beside its lock. `lock` is that of the new copy: it keeps what still stands."""

    provider: str
    held: int
    doubts: tuple[Doubt, ...]
    new: tuple[NewWords, ...]
    lock: Lock = field(repr=False)

    @property
    def clauses(self) -> tuple[str, ...]:
        """Return the clauses in doubt: some of the words on which they rest are gone or changed."""
        return tuple(dict.fromkeys(clause for doubt in self.doubts for clause in doubt.passage.clauses))


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a passage stands in a stream."""

    start: int
    end: int
    fingerprint: str


def drift_of(provider: str, lock: Lock, documents: Sequence[Sequence[Block] | OpenApi], *, today: str) -> Drift:
    """Compare a new copy of a document with its lock. Several files are parts of one copy; `today` is its date.

    UsageError where the lock is of a page and the copy an OpenAPI document, or the other way round, and where not one
    passage stands: that is a page that was blocked, or another one, and no change of this one.
    """
    blocks = [block for document in documents if not isinstance(document, OpenApi) for block in document]
    descriptions = [document for document in documents if isinstance(document, OpenApi)]
    lock = replace(lock, retrieved=today)
    if lock.operation is None and not descriptions:
        found = _of_page(provider, lock, _Page(lock.passages, stream_of(blocks)))
        if lock.passages and not found.held:
            raise UsageError(
                f"the new copy: expected {lock.document}, got a page with none of its {len(lock.passages)} passages. "
                "Look at the file: it may be empty, a login, or another page."
            )
        return found
    if lock.operation is not None and not blocks and len(descriptions) == 1:
        return _of_openapi(provider, lock, descriptions[0])
    expected = "one OpenAPI document" if lock.operation is not None else "text, HTML or Markdown"
    raise UsageError(f"--document: expected {expected}, got something else. {provider}'s document.lock was made of it.")


def _of_openapi(provider: str, lock: Lock, document: OpenApi) -> Drift:
    found = openapi_objects(document, lock.operation or "")
    known = {str(passage.at): passage for passage in lock.passages}
    moved = _moved(known, found)
    stands = {at for at, passage in known.items() if found.get(at) == passage.fingerprint} | set(moved)
    doubts = tuple(
        Doubt(passage=passage, state=CHANGED if at in found else GONE)
        for at, passage in known.items()
        if at not in stands
    )
    origin = {at: at for at in stands - set(moved)} | {new: old for old, new in moved.items()}
    new = tuple(NewWords(at=at, text="") for at in found if at not in origin and at not in known)
    passages = tuple(
        replace(known[origin[at]], at=at) if at in origin else Passage(at=at, fingerprint=print_)
        for at, print_ in found.items()
    )
    return Drift(provider=provider, held=len(stands), doubts=doubts, new=new, lock=replace(lock, passages=passages))


def _moved(known: Mapping[str, Passage], found: Mapping[str, str]) -> Mapping[str, str]:
    """Return the new pointers of objects that stand elsewhere, by the old: in a schema that was wrapped, or unwrapped.

    An object is the same if it says the same, is called the same (as is what it is in), and is in the same part of
    the operation: a parameter that moved from the query into the body is another promise.
    """
    places: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for at, print_ in found.items():
        if at not in known:
            places[_sense(at, print_)].append(at)
    moved: dict[str, str] = {}
    for at, passage in known.items():
        if at not in found and (candidates := places[_sense(at, passage.fingerprint)]):
            moved[at] = candidates.pop(0)
    return moved


def _sense(at: str, print_: str) -> tuple[object, ...]:
    tokens = at.split("/")[1:]
    return print_, *tokens[:2], *tokens[-2:]


def _of_page(provider: str, lock: Lock, page: _Page) -> Drift:
    doubts = page.doubts()
    return Drift(
        provider=provider,
        held=len(lock.passages) - len(doubts),
        doubts=doubts,
        new=tuple(page.new_words()),
        lock=replace(lock, passages=tuple(page.passages())),
    )


class _Page:
    """The passages of a lock, found again in a stream."""

    def __init__(self, passages: Sequence[Passage], stream: Stream) -> None:
        self._passages, self._stream = passages, stream
        self._spans = _spans(passages, stream)
        # The number of each passage that stands in the stream, with its place.
        self.placed = _placed(passages, self._spans)

    def doubts(self) -> tuple[Doubt, ...]:
        """Return what became of the passages that do not stand as they were."""
        found: list[Doubt] = []
        for number, passage in enumerate(self._passages):
            if number not in self.placed:
                found.append(Doubt(passage=passage, state=GONE, now=self._in_place_of(number)))
            elif added := self._added_to(number):
                found.append(Doubt(passage=passage, state=CHANGED, now=added))
        return tuple(found)

    def new_words(self) -> Iterator[NewWords]:
        """Yield the words that no passage covers, row by row."""
        for start, end in self._gaps:
            yield NewWords(at=self._stream.line(start), text=self._stream.shown(start, end))

    def passages(self) -> Iterator[Passage]:
        """Yield the passages of the new copy in its order: those that still stand as they are, and new ones."""
        numbers = {span.start: number for number, span in self.placed.items()}
        pieces: list[tuple[int, Passage]] = [
            (start, replace(self._passages[number], at=self._stream.line(start))) for start, number in numbers.items()
        ]
        for start, end in self._gaps:
            text = self._stream.text[start:end]
            fresh = Passage(
                at=self._stream.line(start), fingerprint=fingerprint(text), length=len(text), begins=beginning(text)
            )
            pieces.append((start, fresh))
        yield from (passage for _, passage in sorted(pieces, key=lambda piece: piece[0]))

    @cached_property
    def _gaps(self) -> tuple[tuple[int, int], ...]:
        """The stretches with words that no passage covers, cut where a row ends."""
        edges = [0, *(edge for span in self._spans for edge in (span.start, span.end)), len(self._stream.text)]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return tuple(gap for start, end in pairs for gap in self._rows(start, end))

    def _rows(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        while start < end:
            last = start
            while last < end and self._stream.row(last) == self._stream.row(start):
                last += 1
            if any(char.isalnum() for char in self._stream.text[start:last]):
                yield start, last
            start = last

    def _between(self, number: int, other: int) -> tuple[tuple[int, int], ...]:
        """Return the gaps between the places of two passages; before the first one and after the last are the ends."""
        start = self.placed[number].end if number >= 0 else 0
        end = self.placed[other].start if other < len(self._passages) else len(self._stream.text)
        return tuple(gap for gap in self._gaps if start <= gap[0] and gap[1] <= end)

    def _standing(self, number: int, step: int) -> int:
        """Return the next passage that stands, in a direction; -1 or their count where there is none."""
        near = number + step
        while 0 <= near < len(self._passages) and near not in self.placed:
            near += step
        return near

    def _in_place_of(self, number: int) -> str:
        """Return the words between the neighbours of a passage that is gone."""
        gaps = self._between(self._standing(number, -1), self._standing(number, 1))
        return " … ".join(self._stream.shown(*gap) for gap in gaps)

    def _added_to(self, number: int) -> str:
        """Return the words that were added to a passage: they adjoin it in its row and in its sentence."""
        span = self.placed[number]
        sides = [
            *(gap for gap in self._gaps if self._adjoins(gap[1], span.start) and self._is_addition(gap, number, -1)),
            *(gap for gap in self._gaps if self._adjoins(span.end, gap[0]) and self._is_addition(gap, number, 1)),
        ]
        return " … ".join(self._stream.shown(*gap) for gap in sides)

    def _adjoins(self, end: int, start: int) -> bool:
        """Whether what begins at `start` goes on the sentence that what ends at `end` belongs to."""
        if not (0 < end <= start < len(self._stream.text)) or self._stream.ends_sentence(end):
            return False
        between = self._stream.text[end:start]
        return self._stream.row(end - 1) == self._stream.row(start) and not any(map(str.isalnum, between))

    def _is_addition(self, gap: tuple[int, int], number: int, step: int) -> bool:
        """Whether words beside a passage are more of it, and not what stands in place of a neighbour that is gone."""
        near = self._standing(number, step)
        gone = range(min(number, near) + 1, max(number, near))
        if not gone:
            return True
        gaps = self._between(*sorted((number, near)))
        lost = self._passages[number + step]
        # A reworded neighbour has about its length; more gaps than neighbours are gone are words of somewhere else.
        return len(gaps) > len(gone) or 2 * (gap[1] - gap[0]) < lost.length


def _spans(passages: Sequence[Passage], stream: Stream) -> tuple[_Span, ...]:
    """Return where passages stand in a stream, without overlaps: longer ones first, then in the stream's order."""
    candidates = sorted(_candidates(passages, stream), key=lambda span: (span.start - span.end, span.start))
    taken = bytearray(len(stream.text))
    found: list[_Span] = []
    left = candidates
    # A short one is found beside another that was found: again, until there is no more.
    while fresh := [span for span in left if _takes(span, stream, taken)]:
        found += fresh
        left = [span for span in left if span.end - span.start < SHORT and not any(taken[span.start : span.end])]
    return tuple(sorted(found, key=lambda span: span.start))


def _candidates(passages: Sequence[Passage], stream: Stream) -> Iterator[_Span]:
    """Yield each place at which a passage stands, whatever else may stand there."""
    lengths: dict[tuple[int, str], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for passage in passages:
        lengths[min(passage.length, BEGINNING), passage.begins][passage.length].add(passage.fingerprint)
    looked_at = sorted({length for length, _ in lengths})
    for start in stream.starts:
        for first in looked_at:
            known = lengths.get((first, beginning(stream.text[start : start + first])), {})
            for length, prints in known.items():
                if (seen := fingerprint(stream.text[start : start + length])) in prints:
                    yield _Span(start, start + length, seen)


def _takes(span: _Span, stream: Stream, taken: bytearray) -> bool:
    """Take the place of a passage, if it is free, and a short one stands where it may."""
    start, end = span.start, span.end
    if any(taken[start:end]) or (end - start < SHORT and not _is_edge(stream, taken, start, end)):
        return False
    taken[start:end] = b"\1" * (end - start)
    return True


def _is_edge(stream: Stream, taken: bytearray, start: int, end: int) -> bool:
    """Whether one side of a stretch is the edge of its block, or adjoins what is taken."""
    text, of_block = stream.text, stream.of_block
    before, after = start - 1, end
    while before >= 0 and not text[before].isalnum() and not taken[before]:
        before -= 1
    while after < len(text) and not text[after].isalnum() and not taken[after]:
        after += 1
    return (
        before < 0
        or after == len(text)
        or bool(taken[before] or taken[after])
        or of_block[before] != of_block[start]
        or of_block[after] != of_block[end - 1]
    )


def _placed(passages: Sequence[Passage], spans: Sequence[_Span]) -> dict[int, _Span]:
    """Return which passage stands where. Equal ones go by their neighbours, then by their order.

    Where some of several equal passages are gone, those are missing whose neighbours are not where they were.
    """
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, passage in enumerate(passages):
        numbers[passage.fingerprint].append(number)
    places: dict[str, list[_Span]] = defaultdict(list)
    for span in spans:
        places[span.fingerprint].append(span)
    placed = {
        number: span
        for print_, found in places.items()
        if len(numbers[print_]) == 1
        for number, span in zip(numbers[print_], found, strict=False)
    }
    starts = [span.start for span in spans]

    def strangeness(number: int, span: _Span) -> int:
        """Return by how many passages the nearest neighbours of a passage are farther off than in the lock."""
        differences = [len(passages)]
        for step in (-1, 1):
            near = number + step
            while 0 <= near < len(passages) and near not in placed:
                near += step
            if near in placed:
                distance = bisect_left(starts, placed[near].start) - bisect_left(starts, span.start)
                differences.append(abs(distance - (near - number)))
        return min(differences)

    for print_, found in places.items():
        if len(numbers[print_]) > 1:
            placed |= _matched(numbers[print_], found, strangeness)
    return placed


def _matched(
    numbers: Sequence[int], spans: Sequence[_Span], strangeness: Callable[[int, _Span], int]
) -> dict[int, _Span]:
    pairs = sorted(
        ((strangeness(number, span), number, index) for number in numbers for index, span in enumerate(spans)),
    )
    matched: dict[int, _Span] = {}
    used: set[int] = set()
    for _, number, index in pairs:
        if number not in matched and index not in used:
            matched[number] = spans[index]
            used.add(index)
    return matched
