"""Times as a noisy machine gives them: drift, load that comes and stays, spikes, families of their own pace."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from sendproof.reports.results import SavedExchange

from .support import exchange

# Families with their status code, the usual time in milliseconds, and how many cases there are.
FAMILIES = (
    ("texts", 200, 4.0, 70),
    ("lengths", 200, 6.0, 40),
    ("media", 200, 9.0, 30),
    ("plain", 200, 4.0, 10),
    ("numbers", 400, 3.0, 90),
    ("hostile", 400, 30.0, 40),
    ("json_forms", 400, 3.0, 30),
    ("credentials", 401, 2.0, 25),
)


def order(seed: int) -> list[tuple[str, int, float]]:
    """Return cases as (name, status, usual ms): mostly mixed, the last family in one piece."""
    cases = [(f"{family}.{n}", status, ms) for family, status, ms, count in FAMILIES for n in range(count)]
    mixed = [case for case in cases if not case[0].startswith("media")]
    random.Random(seed).shuffle(mixed)
    return mixed + [case for case in cases if case[0].startswith("media")]


def times(
    seed: int, *, factor: float = 1.0, offset_ms: float = 0.0, slower: dict[str, float] | None = None
) -> Iterator[SavedExchange]:
    """Yield the exchanges of one run on a machine that is `factor` as slow, `offset_ms` away.

    `slower` adds milliseconds to families, or to status codes.
    """
    rng, load = random.Random(seed), 0.0
    drift = rng.uniform(-1.0, 1.0)
    cases = order(0)
    for number, (name, status, usual_ms) in enumerate(cases):
        # Consecutive requests are alike: the load of a moment fades with a factor of 0.95 a request.
        load = 0.95 * load + rng.gauss(0.0, 0.15)
        pace = factor * math.exp(0.4 * load + drift * number / len(cases) + rng.gauss(0.0, 0.2))
        spike = rng.expovariate(1 / 40.0) if rng.random() < 0.03 else 0.0
        more = sum((slower or {}).get(part, 0.0) for part in (name.partition(".")[0], str(status)))
        yield exchange(name, status, {}, identity=f"x{number}", elapsed_ms=usual_ms * pace + offset_ms + spike + more)
