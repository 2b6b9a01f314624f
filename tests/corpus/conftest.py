"""Small corpora of every provider, built once a session."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.corpus.build import build_corpus
from sendproof.corpus.case import Corpus

PROVIDERS = provider_names()


@pytest.fixture(scope="session")
def contracts() -> Mapping[str, Contract]:
    return {name: load_contract(name) for name in PROVIDERS}


@pytest.fixture(scope="session")
def corpora(contracts: Mapping[str, Contract]) -> Mapping[str, Corpus]:
    return {name: build_corpus(contract, seed=7, max_examples=8) for name, contract in contracts.items()}


@pytest.fixture(scope="session", params=PROVIDERS)
def contract(request: pytest.FixtureRequest, contracts: Mapping[str, Contract]) -> Contract:
    return contracts[request.param]


@pytest.fixture(scope="session")
def corpus(contract: Contract, corpora: Mapping[str, Corpus]) -> Corpus:
    return corpora[contract.provider.name]
