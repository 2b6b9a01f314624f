"""What each check looks at, in words. A check is told by its name, or by its name and one of its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sendproof.contract.clause import Clause
from sendproof.contract.model import load_contract, provider_names

from .markdown import code, link, listed, table

SELECTORS: Mapping[str, str] = {
    "accepted": "feature",
    "observe_accepted": "what",
    "observe_refusal": "what",
    "observe_throttled": "what",
    "rate_limit": "aspect",
    "replay": "mode",
    "spending": "aspect",
}
"""The parameter that chooses the sentence, for the checks that have several."""

SENTENCES: Mapping[str, str] = {
    "accepted any": "A message without any fault must be accepted.",
    "accepted key": "A message without a fault, with credentials in the state {state}, must be accepted.",
    "accepted carrier_case": "A message whose credentials stand in a header field in other case must be accepted.",
    "accepted length": "A message whose text has this length must be accepted, with whatever characters: {rest}.",
    "accepted bytes_over": "A text of no more than {limit} characters that takes more bytes must be accepted.",
    "accepted text_class": "A message whose text has characters of the kind {kind} must be accepted.",
    "accepted absent": "A message without the field {field} must be accepted.",
    "accepted present": "A message with the field {field} must be accepted.",
    "accepted sender_active": "A message from an active number of the account must be accepted.",
    "accepted media": "A message with media must be accepted; with a text beside it: {text}.",
    "accepted failing_recipient": "A message to a number that cannot be delivered to must be accepted all the same.",
    "accepted_status": "A message that is accepted must be answered with {status}.",
    "answered": "Each request must be answered, and not lost each time it is asked.",
    "body_size": "What becomes of a body of more than {over} bytes is noted.",
    "causes_differ": "Not all causes of failing delivery may be answered with one word; three tell.",
    "challenge": "Each 401 must have the header field.",
    "characters_doubt": "What becomes of rare characters is noted; a refusal with the code {code} excuses it.",
    "code_present": "A refusal for a fault that has no documented code must have some error code in its body.",
    "credential": "A message without another fault, with credentials that are {faults}, must be refused.",
    "date_of_answer": "The time at {field} must lie within {within_s} seconds of the answer's own date.",
    "default_sender": "Where a message names no sender, the answer must name the default one of the profile.",
    "delivery_cause": "A number that fails for {cause} must be answered with that cause.",
    "delivery_failed": "A number that fails must be answered with the status of a failed message.",
    "documented_code": "A refusal for nothing but {reasons} must bear the code {code} somewhere.",
    "documented_text": "A refusal for nothing but {reasons} must have this error text: {text}.",
    "echo": "The {role} of the answer must be that of the request, character for character.",
    "fault_not_delivery": "A faulty message must be refused; an accepted message with the status failed is no refusal.",
    "internal_error": "If a {status} happens (none can be asked for), its text must be {text}, with {details} beside.",
    "json_media_type": "Each answer that is JSON must have the media type of JSON.",
    "json_without_mark": "No answer that is JSON may begin with a byte order mark.",
    "key_state": "A message without another fault, with credentials in the state {state}, must be refused.",
    "length_doubt": "What becomes of a text whose length depends on how characters are counted is noted.",
    "media_type_doubt": "What becomes of a body without the media type of JSON, or in another charset, is noted.",
    "method_allow": "Each {status} to another method must have the header field.",
    "method_status": "Another method must be answered with {status}.",
    "no_server_error": "No request may be answered with a 5xx. Gateways are asked again before they count.",
    "normalized": "Where the {role} is sent in the spelling {spelling}, the answer must have it in E.164.",
    "not_before": "The time at {later} must not lie before that at {earlier}.",
    "observe_accepted id_form": "Which kinds of characters the id of a message has is noted.",
    "observe_accepted message_status": "Which status accepted messages have is noted.",
    "observe_accepted status": "Which status code accepts a message is noted.",
    "observe_latency": "The power of ten below which the median lies is noted, for accepted and for refused requests.",
    "observe_refusal code": "Which error codes refusals have is noted.",
    "observe_refusal code_location": "Where in the body a documented code stands is noted, and as number or text.",
    "observe_refusal shape": "Which members a refusal has is noted.",
    "observe_refusal status": "Which status codes refusals have is noted.",
    "observe_refusal text": "Which text a request with several faults is refused with is noted.",
    "observe_throttled fields": "Which header fields of a rate limit a 429 has is noted.",
    "observe_throttled retry_after": "Whether a 429 has `Retry-After` is noted.",
    "observe_throttling": "Whether the run was throttled is noted.",
    "odd_characters": "What becomes of control characters, lone surrogates and unassigned characters is noted.",
    "rate_limit enforced": "Messages in quick succession must be throttled beyond the limit; two bursts tell.",
    "rate_limit isolated": "While one key is throttled, another one must be served.",
    "rate_limit not_early": "No message may be throttled before the limit is reached.",
    "rate_limit recovers": "After a whole window, messages must be let in again.",
    "recipient_unlisted": "What becomes of a recipient that reaches nobody, and that no profile names, is noted.",
    "refusal_status": "A refusal must have a status code that fits: {rest}.",
    "replay concurrent": "Of the same message with the same key, sent several times at once, one must be accepted.",
    "replay distinct": "Keys that differ only after many equal characters must give two messages.",
    "replay key_case": "What becomes of a key in other case is noted.",
    "replay other_payload": "What becomes of a key that was used with another message is noted.",
    "replay replay_status": "Which status code answers a repeated key is noted.",
    "replay sequence": "The same message with the same key, within 30 s, must get the id that it has, or be refused.",
    "sender_state": "A message from a sender in the state {state} must be refused.",
    "sender_unlisted": "What becomes of a sender that the profile does not name is noted.",
    "spending boundary": "A message that the balance just covers must be let in, one that it does not must be refused.",
    "spending mms": "The messages that a known balance could send must fit the price of an MMS.",
    "spending replay": "A retry that was recognised must take no credits.",
    "spending sms": "The messages that a known balance could send must fit the price of an SMS.",
    "text_fact": "A message with the profile's text that is {state} must be refused.",
    "throttled_envelope": "A 429 must keep the form of a refusal.",
    "unique_id": "No two messages of a run may have one id, retries of a key aside.",
    "unreadable": "What a body does that is {kinds}: with level open it is noted, else it must be refused.",
}
"""How a clause is decided; the parameters of the clause stand in braces, and `rest` for those that are left."""


FAULTS: Mapping[str, str] = {
    "case": "written in other case",
    "elsewhere": "in another place than the documented one",
    "empty": "empty",
    "empty_secret": "without a secret",
    "extended": "followed by more characters",
    "id_case": "those of a key id in other case",
    "malformed": "malformed",
    "missing": "missing",
    "prefix": "without their last characters",
    "prepended": "preceded by more characters",
    "scheme": "of another scheme",
    "unknown": "unknown",
    "unknown_id": "those of an unknown key id",
    "wrong_secret": "those with a wrong secret",
}
"""What is wrong with credentials, in words."""


class _Words(dict[str, str]):
    """The parameters of a clause as words; one that is not given is its own name."""

    def __missing__(self, name: str) -> str:
        return f"*{name}*"


def sentence(check: str, params: Mapping[str, Any]) -> str:
    """Return how a check with these parameters decides."""
    selector = SELECTORS.get(check)
    key = f"{check} {params[selector]}" if selector else check
    rest = {name: value for name, value in params.items() if name != selector}
    words = _Words({name: _word(value) for name, value in rest.items()})
    if check == "credential":
        words["faults"] = listed((FAULTS[fault] for fault in params["faults"]), "or")
    words["rest"] = ", ".join(f"{name.replace('_', ' ')} {_word(value)}" for name, value in rest.items()) or "*these*"
    return SENTENCES[key].format_map(words)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return listed(map(_word, value), "or")
    is_clause = isinstance(value, str) and value.count(".") > 1 and " " not in value
    return link(value) if is_clause else code(value)


def page() -> str:
    """Return a section for each check: its parameters, its sentences, the clauses that it decides."""
    used = _used()
    return "\n".join(part for check in sorted(used) for part in _check(check, used[check]))


def _used() -> dict[str, dict[str, Clause]]:
    """Return the clauses by check and id."""
    found: dict[str, dict[str, Clause]] = {}
    for name in provider_names():
        for clause in load_contract(name).clauses.values():
            if clause.check:
                found.setdefault(clause.check, {})[clause.id] = clause
    return found


def _check(check: str, clauses: Mapping[str, Clause]) -> Iterator[str]:
    yield f"(check-{check})=\n## {code(check)}\n"
    names = dict.fromkeys(name for clause in clauses.values() for name in clause.params)
    yield f"Parameters: {listed(map(code, names))}.\n" if names else "No parameters.\n"
    if check in SELECTORS:
        rows = [
            (code(key.split()[1]), SENTENCES[key].format_map(_Words()))
            for key in SENTENCES
            if key.split()[0] == check and " " in key
        ]
        yield table((code(SELECTORS[check]), "what must be, or is noted"), rows)
    else:
        yield f"{SENTENCES[check].format_map(_Words())}\n"
    yield f"Decides {listed(map(link, clauses))}.\n"
