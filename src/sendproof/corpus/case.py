"""A case: one request that may be asked, before any target is known."""

from __future__ import annotations

from dataclasses import dataclass

from sendproof.exchange import Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request that may be asked of any target of a provider.

    `body` is a template: the tokens in it are replaced when a target is known.

    - `@{recipient}`, `@{recipient.ten_digits}`: the first allowed recipient, in E.164 or
      in one of the spellings "e164", "eleven_digits", "ten_digits", "formatted",
      "formatted_eleven_digits";
    - `@{recipient2}`: the second one (the first where there is only one);
    - `@{sender}`, `@{sender2}`, `@{sender.formatted}`: active senders, likewise;
    - `@{fixture.NAME}`, `@{fixture.failing_recipients.CAUSE}`: a fixture's number or text,
      `@{fixture.NAME.ten_digits}`: a number in another spelling;
    - `@{nonce}`: 24 letters and digits, unlike in every sending.

    A token stands inside a JSON string (or is all digits): what replaces it is escaped as
    JSON escapes it. `sendproof.corpus.tokens` does so.

    `key` names the key that is presented and `presents` how: "exact", "missing",
    "empty", "unknown", "unknown_id", "wrong_secret", "other_secret", "empty_secret",
    "case", "prefix", "extended", "extended_colon", "prepended", "space_before", "space_after",
    "changed_first", "changed_middle", "changed_last" (in one character), "cut_front", likewise of the
    identity ("id_case", ...), "other_mark" (that of another environment), "scheme", "malformed", "query", "bearer", the
    same with "_wrong" behind for a wrong key, or "carrier_lower", "carrier_upper" (exact, the field's name spelled so).
    `expects` is "accept", "refuse" or "either". `breaks` are the clauses, required or
    recommended, that forbid acceptance, `doubts` the open ones that leave it to the
    service. `clauses` are all that the case can exercise, those two and what follows of
    them or of an acceptance. `needs` names fixtures ("test_key",
    "failing_recipients.opted_out").
    """

    id: str
    family: str
    body: bytes
    method: str = "POST"
    query: str = ""
    headers: Headers = (("Content-Type", "application/json"),)
    key: str = "main"
    presents: str = "exact"
    expects: str = "either"
    breaks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    may_be_accepted: bool = True
