"""Cases and answers as the tests of a conversation need them."""

from __future__ import annotations

from sendproof.corpus.case import Case
from sendproof.exchange import Credential, Exchange, Request, Response, TransportFailure


def case(name: str = "c", expects: str = "accept", **more: object) -> Case:
    given = {"family": "f", "body": b'{"to":"@{recipient}","body":"hi"}', "may_be_accepted": expects != "refuse"}
    return Case(id=name, expects=expects, **{**given, **more})  # type: ignore[arg-type]  # fields of a case


def answer(status: int | None, *headers: tuple[str, str]) -> Exchange:
    return Exchange(
        id="x1",
        request=Request(method="POST", path="/"),
        response=None if status is None else Response(status=status, headers=headers),
        credential=Credential(),
        started_s=0.0,
        elapsed_s=0.1,
        failure=TransportFailure.DROPPED if status is None else None,
    )
