"""Building the corpus of a contract, putting it in order, and keeping it: made once, it loads in milliseconds."""

from __future__ import annotations

import hashlib
import heapq
import json
import os
import sys
import tempfile
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import sendproof
from sendproof.contract.model import Contract
from sendproof.contract.provider import Provider
from sendproof.corpus import families_messages, families_requests
from sendproof.corpus.case import Case, Corpus, corpus_of, from_text, to_text
from sendproof.corpus.message_builder import numbered
from sendproof.corpus.reference_account import ReferenceAccount, read_case
from sendproof.folders import cache_folder

_PACKAGE = Path(sendproof.__file__).parent
_SOURCES = ("corpus", "judge", "contract")

FAMILIES: tuple[Callable[[Provider], Iterator[Case]], ...] = (
    families_requests.plain,
    families_requests.credentials,
    families_requests.near_misses,
    families_requests.elsewhere,
    families_requests.carriers,
    families_requests.keys,
    families_messages.numbers,
    families_messages.senders,
    families_messages.failing_recipients,
    families_messages.text_facts,
    families_messages.texts,
    families_messages.lengths,
    families_messages.media,
    families_messages.idempotency,
    families_messages.unknown_fields,
    families_requests.json_forms,
    families_requests.forms,
    families_requests.hostile,
    families_requests.methods,
)
"""The families that are written by hand, in the order that decides between cases of equal worth."""


def build_corpus(contract: Contract, *, seed: int, max_examples: int) -> Corpus:
    """Make every case of a contract, read each as the judge would, and order them.

    `max_examples` bounds what is generated; the cases written by hand are always there.
    """
    # Imported here, not above: they take half a second, and a corpus from the cache needs neither.
    from sendproof.corpus.generated_cases import generated_cases, schema_cases  # noqa: PLC0415 - see above

    provider = contract.provider
    made = (
        *(case for family in FAMILIES for case in family(provider)),
        *generated_cases(provider, seed=seed, max_examples=max_examples // 4),
        *schema_cases(contract, seed=seed, max_examples=max_examples),
    )
    made_once = [numbered(provider, case) for case in distinct(made)]
    account = ReferenceAccount.of(provider)
    levels = {clause.id: clause.level for clause in contract.clauses.values()}
    return corpus_of(ordered((read_case(contract, account, case) for case in made_once), levels))


def distinct(cases: Iterable[Case]) -> Iterator[Case]:
    """Yield the first of the cases that ask the very same, and of those with one id."""
    asked: set[object] = set()
    ids: set[str] = set()
    for case in cases:
        question = (case.method, case.query, case.headers, case.body, case.key, case.presents)
        if question not in asked and case.id not in ids:
            asked.add(question)
            ids.add(case.id)
            yield case


def load_corpus(contract: Contract, *, seed: int, max_examples: int, cache_dir: Path | None = None) -> Corpus:
    """Return the corpus from the cache, or build it and keep it there.

    A cache that is corrupt is written anew; one that cannot be written costs time, nothing else.
    """
    folder = cache_dir or cache_folder()
    key = cache_key(contract, seed=seed, max_examples=max_examples)
    file = folder / f"corpus-{contract.provider.name}-{key[:24]}.jsonl"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return from_text(file.read_text("utf-8"))
    corpus = build_corpus(contract, seed=seed, max_examples=max_examples)
    with suppress(OSError):
        _write(file, to_text(corpus))
    return corpus


def cache_key(contract: Contract, *, seed: int, max_examples: int) -> str:
    """Return the hash of all that a corpus depends on."""
    facts = {
        "contract": contract.sha256,
        "seed": seed,
        "max_examples": max_examples,
        "sendproof": sendproof.__version__,
        "versions": {name: metadata.version(name) for name in ("hypothesis", "schemathesis")},
        "python": sys.version_info[:2],
        "sources": _sources_digest(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _sources_digest() -> str:
    """Return the hash of the code that makes cases and of the code that reads them."""
    digest = hashlib.sha256()
    for file in sorted(path for name in _SOURCES for path in (_PACKAGE / name).rglob("*.py")):
        digest.update(f"{file.relative_to(_PACKAGE).as_posix()}\0".encode())
        digest.update(file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _write(file: Path, text: str) -> None:
    """Write a file in one step, so that no other process reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".corpus-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink()
        raise


CONTROLS = "plain"
# At equal gain what is refused comes first, for it sends nothing.
_COST = {"refuse": 0, "either": 1, "accept": 2}
# No two cases of these families ask the same, though no clause distinguishes them.
_MANIFOLD = ("hostile", "json_forms", "numbers", "texts", "elsewhere")
# What another case for a goal is worth, by how many there are: a sixteenth of the one before, so that second evidence
# for a few goals never outweighs first evidence for another.
_WORTH = (*(16.0**-count for count in range(8)), 0.0)
# What a goal is worth by the level of its clause. First evidence for what is open, and from another family, comes
# before second evidence for what gates (a sixteenth).
_WEIGHTS = {"required": 1.0, "recommended": 0.5, "open": 0.1}
_WEIGHT_OF_FAMILY = 0.1
# Each of these may be the one that a service fails at or wrongly accepts, which gates: before what is only open.
_TELLING = ("case hostile.text-", "case json_forms.", "case elsewhere.")
_WEIGHT_OF_TELLING = 0.2
# What no service could take for a message shows little of what it accepts: behind what gates, before second evidence.
_UNACCEPTABLE = 0.3
# If a case is not accepted, it is unknown for which of its features. More than 1: two cases with one feature each come
# before one with both.
_FEATURES_EXPONENT = 1.5
# Whose cases a service may treat in two places, by what they need besides; so many of them show whether it does.
_IN_COMPANY, _COMPANIONS = ("failing_recipients",), 2
_NO_LEVELS: Mapping[str, str] = {}
_Goals = frozenset[tuple[str, str]]


def ordered(cases: Iterable[Case], levels: Mapping[str, str] = _NO_LEVELS) -> tuple[Case, ...]:
    """Return `cases` with the controls first, then by greedy set cover.

    A goal is a clause with what is expected of it. Each further case for a goal counts a sixteenth of
    the one before: second evidence for a few clauses never outweighs first evidence for another. By
    `levels`, from clause to level, what gates a run comes before what is only observed. At
    equal gain what is refused comes first, for it sends nothing; then what came first.
    """
    given = tuple(cases)
    certain = sure(given)
    controls = [case for case in given if case.family == CONTROLS]
    others = [case for case in given if case.family != CONTROLS]
    seen = Counter(goal for case in controls for goal in goals(case, certain))
    common = frozenset(controls[0].clauses if controls else ())
    return (*controls, *_with_company(list(_greedy(others, seen, certain, levels, common))))


def _with_company(cases: list[Case]) -> list[Case]:
    """Return cases with some moved forward: what is proved alone and with one thing may still fail with another.

    Of a family whose cases need one fixture each, those that need another one besides come right after the rest.
    """
    first: dict[str, int] = {}
    for index, case in enumerate(cases):
        for clause in case.clauses if case.family in _IN_COMPANY and len(case.needs) == 1 else ():
            first.setdefault(clause, index)
    place = 1 + max(first.values(), default=-1)
    moved = [case for case in cases[place:] if case.family in _IN_COMPANY and len(case.needs) > 1][:_COMPANIONS]
    rest = [case for case in cases[place:] if case not in moved]
    return [*cases[:place], *moved, *rest]


def sure(cases: Iterable[Case]) -> frozenset[str]:
    """Return the clauses for which some case is plain evidence."""
    return frozenset(clause for case in cases for clause in _evidence(case))


def _evidence(case: Case) -> tuple[str, ...]:
    """Return what a case shows by itself: all of an acceptance, or a reason if it is the only one."""
    reasons = (*case.breaks, *case.doubts)
    if case.expects == "accept" or (case.breaks and len(reasons) == 1):
        return case.clauses
    return reasons if len(reasons) == 1 else ()


def goals(case: Case, certain: frozenset[str] = frozenset()) -> _Goals:
    """Return what a case is good for; `certain` are the clauses that some case is plain evidence for.

    What a case shows less than plainly counts only where no case shows it better. Its family is a
    goal too, or the case itself, for the cases that have no clause of their own.
    """
    kind = f"case {case.id}" if case.family in _MANIFOLD else f"family {case.family}"
    clauses = {*_evidence(case), *(set(case.clauses) - certain), kind}
    if case.breaks and len(case.breaks) + len(case.doubts) > 1:
        clauses.add("several reasons")
    return frozenset((clause, case.expects) for clause in clauses)


def _weight(clause: str, levels: Mapping[str, str]) -> float:
    if clause.startswith(_TELLING):
        return _WEIGHT_OF_TELLING
    return _WEIGHTS.get(levels.get(clause, ""), 1.0 if not levels else _WEIGHT_OF_FAMILY)


def _greedy(
    cases: list[Case],
    seen: Counter[tuple[str, str]],
    certain: frozenset[str],
    levels: Mapping[str, str],
    common: frozenset[str],
) -> Iterator[Case]:
    """Yield cases, the best first. Cases with the same goals queue up: one gain is computed for all."""
    queues: dict[_Goals, deque[Case]] = defaultdict(deque)
    for case in cases:
        queues[goals(case, certain)].append(case)
    groups = list(queues)

    def entry(index: int) -> tuple[float, int, int]:
        first = queues[groups[index]][0]
        gain = sum(_WORTH[min(seen[goal], len(_WORTH) - 1)] * _weight(goal[0], levels) for goal in groups[index])
        peculiar = len(set(first.clauses) - common) if first.expects == "accept" else 1
        gain /= max(peculiar, 1) ** _FEATURES_EXPONENT
        gain *= _UNACCEPTABLE if first.expects == "either" and not first.may_be_accepted else 1.0
        return -gain, _COST[first.expects] if first.may_be_accepted else 0, index

    heap = [entry(index) for index in range(len(groups))]
    heapq.heapify(heap)
    while heap:
        # Gains only ever shrink, so the top is the best if it is still right.
        stale, _, index = heap[0]
        fresh = entry(index)
        if fresh[0] > stale:
            heapq.heapreplace(heap, fresh)
            continue
        yield queues[groups[index]].popleft()
        seen.update(groups[index])
        if queues[groups[index]]:
            heapq.heapreplace(heap, entry(index))
        else:
            heapq.heappop(heap)
