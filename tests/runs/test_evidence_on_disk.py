"""Evidence on disk: what is written by one process is read as it was by another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof.exchange import Credential, Exchange, Request, Response, TransportFailure
from sendproof.runs.evidence_on_disk import StoreError, from_line, load_exchanges, to_line

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
HEADERS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple)
MAYBE = st.none() | TEXTS
BODIES = st.binary(max_size=50) | TEXTS.map(str.encode)
EXCHANGES = st.builds(
    Exchange,
    id=TEXTS,
    request=st.builds(Request, method=TEXTS, path=TEXTS, headers=HEADERS, body=BODIES),
    response=st.none() | st.builds(Response, status=st.integers(100, 999), headers=HEADERS, body=BODIES),
    credential=st.builds(Credential, key=MAYBE, fault=MAYBE, carrier=MAYBE),
    started_s=st.floats(0, 4e9),
    elapsed_s=st.floats(0, 1e3),
    failure=st.none() | st.sampled_from(TransportFailure),
    case=MAYBE,
    tags=st.lists(TEXTS, max_size=3).map(tuple),
)


def exchange(name: str) -> Exchange:
    return Exchange(
        id=name,
        request=Request(method="POST", path="/"),
        response=Response(status=201),
        credential=Credential(key="main"),
        started_s=0.0,
        elapsed_s=0.1,
    )


@given(EXCHANGES)
def test_exchange_survives_a_line(exchange: Exchange) -> None:
    line = to_line(exchange)
    assert from_line(line) == exchange
    assert line.isascii()
    assert "\n" not in line


def test_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.jsonl"
    path.write_text(f'{to_line(exchange("x1"))}\n{to_line(exchange("x2"))}\n{{"id": "x3", "case"', "ascii")
    assert [item.id for item in load_exchanges(path)] == ["x1", "x2"]


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"id": "x2", "case"', b"\xff"])
def test_line_that_is_no_exchange_is_refused(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "exchanges.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(StoreError, match=r"^exchanges.jsonl:1: expected an exchange, got "):
        load_exchanges(path)
