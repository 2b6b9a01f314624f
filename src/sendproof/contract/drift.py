"""What became of a vendor's document: which passages of the lock still stand in a new copy, and what is new in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sendproof.contract.documents import Block, OpenApi, Stream, fingerprint, openapi_objects, stream_of
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

    UsageError where the lock is of a page and the copy an OpenAPI document, or the other way round.
    """
    blocks = [block for document in documents if not isinstance(document, OpenApi) for block in document]
    descriptions = [document for document in documents if isinstance(document, OpenApi)]
    lock = replace(lock, retrieved=today)
    if lock.operation is None and not descriptions:
        return _of_page(provider, lock, _Page(lock.passages, stream_of(blocks)))
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
        self._covered = [span.start for span in self._spans], [span.end for span in self._spans]
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
        """Yield the words that no passage covers, block by block; what stands around a page counts for nothing."""
        for start, end in self._gaps():
            if self._stream.blocks[self._stream.of_block[start]].in_page:
                yield NewWords(at=self._stream.line(start), text=self._stream.shown(start, end))

    def passages(self) -> Iterator[Passage]:
        """Yield the passages of the new copy in its order: those that still stand as they are, and new ones."""
        numbers = {span.start: number for number, span in self.placed.items()}
        pieces: list[tuple[int, Passage]] = [
            (start, replace(self._passages[number], at=self._stream.line(start))) for start, number in numbers.items()
        ]
        for start, end in self._gaps():
            text = self._stream.text[start:end]
            if self._stream.blocks[self._stream.of_block[start]].in_page:
                fresh = Passage(at=self._stream.line(start), fingerprint=fingerprint(text), length=len(text))
                pieces.append((start, fresh))
        yield from (passage for _, passage in sorted(pieces, key=lambda piece: piece[0]))

    def _gaps(self) -> Iterator[tuple[int, int]]:
        """Yield the stretches with words that no passage covers, cut where a row of blocks ends."""
        edges = [0, *(edge for span in self._spans for edge in (span.start, span.end)), len(self._stream.text)]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            yield from self._rows(start, end)

    def _rows(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        while start < end:
            row = self._stream.blocks[self._stream.of_block[start]].row
            last = start
            while last < end and self._stream.blocks[self._stream.of_block[last]].row == row:
                last += 1
            if any(char.isalnum() for char in self._stream.text[start:last]):
                yield start, last
            start = last

    def _in_place_of(self, number: int) -> str:
        """Return the words between the neighbours of a passage that is gone."""
        before = next((self.placed[near].end for near in range(number - 1, -1, -1) if near in self.placed), 0)
        after = next(
            (self.placed[near].start for near in range(number + 1, len(self._passages)) if near in self.placed),
            len(self._stream.text),
        )
        gaps = [gap for gap in self._gaps() if before <= gap[0] and gap[1] <= after]
        return " … ".join(self._stream.shown(*gap) for gap in gaps)

    def _added_to(self, number: int) -> str:
        """Return the words that were added to a passage: they adjoin it in its block and in its sentence."""
        span = self.placed[number]
        text, of_block = self._stream.text, self._stream.of_block
        added = ""
        # What stands where a gone neighbour stood is told with that.
        if number + 1 >= len(self._passages) or number + 1 in self.placed:
            end = self._free_until(span.end, step=1)
            end = bisect_right(of_block, of_block[span.end - 1], span.end, max(end, span.end))
            if any(char.isalnum() for char in text[span.end : end]) and not self._stream.ends_sentence(span.end):
                added = self._stream.shown(span.end, end)
        if number == 0 or number - 1 in self.placed:
            start = self._free_until(span.start, step=-1)
            start = bisect_left(of_block, of_block[span.start], min(start, span.start), span.start)
            if any(char.isalnum() for char in text[start : span.start]) and not self._stream.ends_sentence(span.start):
                added = " … ".join(filter(None, [self._stream.shown(start, span.start), added]))
        return added

    def _free_until(self, offset: int, *, step: int) -> int:
        """Return where the next covered stretch begins after an offset (`step` 1), or the one before it ends (-1)."""
        starts, ends = self._covered
        if step == 1:
            index = bisect_left(starts, offset)
            return starts[index] if index < len(starts) else len(self._stream.text)
        index = bisect_right(ends, offset) - 1
        return ends[index] if index >= 0 else 0


def _spans(passages: Sequence[Passage], stream: Stream) -> tuple[_Span, ...]:
    """Return where passages stand in a stream, without overlaps: longer ones first, then in the stream's order."""
    known: dict[int, set[str]] = defaultdict(set)
    for passage in passages:
        known[passage.length].add(passage.fingerprint)
    taken = bytearray(len(stream.text))
    found: list[_Span] = []
    for length in sorted(known, reverse=True):
        # A short one is found beside another that was found: again, until there is no more.
        while fresh := tuple(_of_length(length, known[length], stream, taken)):
            found += fresh
            if length >= SHORT:
                break
    return tuple(sorted(found, key=lambda span: span.start))


def _of_length(length: int, known: Container[str], stream: Stream, taken: bytearray) -> Iterator[_Span]:
    """Yield the passages of a length that stand where nothing is taken, and take their places."""
    for start in stream.starts:
        end = start + length
        if (
            end > len(taken)
            or taken[start]
            or taken[end - 1]
            or (length < SHORT and not _is_edge(stream, taken, start, end))
        ):
            continue
        if (seen := fingerprint(stream.text[start:end])) in known and not any(taken[start:end]):
            taken[start:end] = b"\1" * length
            yield _Span(start, end, seen)


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
