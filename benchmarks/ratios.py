"""Measure what the design holds itself to, as ratios in one run.

    python benchmarks/ratios.py

prints the exchanges and wall time of a warm default run, the request rate of a conversation
against that of a bare httpx loop which sends the same bytes to the same mock, and the time
that the judge takes for an exchange against one jsonschema validation of the same answer.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import jsonschema

from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.contract.schema import CLAUSES_KEYWORD
from sendproof.conversation.plan import make_plan
from sendproof.corpus.build import load_corpus
from sendproof.folders import schemas_dir
from sendproof.judge.history import judge
from sendproof.judge.verdicts import ACCEPTED
from sendproof.mock.server import MockProcess
from sendproof.runs.asking import Asking
from sendproof.runs.evidence_on_disk import EvidenceFolder, Gathered
from sendproof.runs.ongoing_run import gather, judge_run
from sendproof.runs.options import Options
from sendproof.target.binding import Unbindable, bind
from sendproof.target.profile_loader import parse_profile


def main() -> None:
    """Measure everything and print it."""
    _default_run()
    for name in provider_names():
        contract = load_contract(name)
        gathered = _conversation(contract)
        _judging(contract, gathered)


def _default_run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sendproof", "run", "-q"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        wall_s = time.perf_counter() - started
        results = [json.loads(file.read_text()) for file in Path(folder).glob("reports/*/results.json")]
    requests = sum(result["traffic"]["requests"] for result in results)
    print(f"default run, warm corpus: {requests} exchanges in {wall_s:.1f} s (at least 1000, at most 10 s)")


def _conversation(contract: Contract) -> Gathered:
    name = contract.provider.name
    corpus = load_corpus(contract, seed=0, max_examples=100)
    families = frozenset(case.family for case in corpus.cases)
    asking = Asking(families=families, scenarios=frozenset(), selected=None)
    with tempfile.TemporaryDirectory() as folder:
        gathered = gather(Options(provider=name), contract, asking, EvidenceFolder(Path(folder)), lambda *_, **__: None)
    rate = len(gathered.exchanges) / gathered.about["duration_s"]
    bare = _bare_rate(contract, len(gathered.exchanges))
    print(f"{name}: {rate:.0f} requests/s, bare httpx loop {bare:.0f}/s, ratio {rate / bare:.2f} (at least 0.4)")
    return gathered


def _bare_rate(contract: Contract, count: int) -> float:
    """Return the requests a second of a plain httpx loop with the bytes of the same cases."""
    provider = contract.provider
    plan = make_plan(
        contract,
        load_corpus(contract, seed=0, max_examples=100).cases,
        families=frozenset(case.family for case in load_corpus(contract, seed=0, max_examples=100).cases),
        scenarios=frozenset(),
        selected=None,
        clauses_of_scenarios=(),
    )
    with MockProcess(provider.name) as mock, httpx.Client(verify=False) as client:  # type: ignore[arg-type]  # a name that has a mock
        profile = parse_profile(
            mock.profile(), where="mock", name=provider.name, providers={provider.name: provider}, environ={}
        )
        bound = []
        for case in plan.cases[:count]:
            try:
                bound.append(bind(case, profile, provider, "0123456789abcdefABCDEFGH"))
            except Unbindable:
                continue
        client.get(mock.base_url)
        started = time.perf_counter()
        for request in bound:
            client.request(
                request.method,
                request.url,
                headers=[(key.encode(), value.encode("latin-1")) for key, value in request.headers],
                content=request.body,
            )
        return len(bound) / (time.perf_counter() - started)


def _judging(contract: Contract, gathered: Gathered) -> None:
    exchanges = gathered.exchanges
    judged = judge(contract, gathered.account, exchanges)
    answers = [item.answer for item in judged.judgements if item.outcome == ACCEPTED]
    schema = json.loads((contract.folder / "accepted.schema.json").read_text("utf-8"))
    plain = jsonschema.Draft202012Validator(_inlined(schema))
    each_us = _best(lambda: judge(contract, gathered.account, exchanges)) / len(exchanges) * 1e6
    one_us = _best(lambda: [plain.is_valid(answer) for answer in answers]) / len(answers) * 1e6
    judge_run(Options(provider=contract.provider.name), contract, gathered, interrupted=False, today=date.today())
    print(
        f"{contract.provider.name}: judging {each_us:.0f} µs an exchange, jsonschema {one_us:.0f} µs an answer, "
        f"ratio {each_us / one_us:.2f}"
    )


def _inlined(schema: Any) -> Any:
    """Return a schema with its one reference resolved and the clauses left out."""
    if isinstance(schema, dict):
        found = {key: _inlined(value) for key, value in schema.items() if key not in (CLAUSES_KEYWORD, "$ref", "$id")}
        if "$ref" in schema:
            file = schemas_dir() / "http" / "timestamp.schema.json"
            found["pattern"] = json.loads(file.read_text("utf-8"))["pattern"]
        return found
    return [_inlined(item) for item in schema] if isinstance(schema, list) else schema


def _best(call: Callable[[], object], repeats: int = 5) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
