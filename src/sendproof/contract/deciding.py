"""How each clause is decided, in words: by which check or keyword, what upholds it, what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sendproof.contract.clause import Clause
from sendproof.contract.schema import keywords

if TYPE_CHECKING:
    from sendproof.contract.model import Contract

SELECTORS: Mapping[str, str] = {
    "accepted": "feature",
    "echo": "form",
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
    "accepted_status": "A message that is {of} must be answered with {status}.",
    "answered": "Each request must be answered, and not lost each time it is asked.",
    "body_size": "What becomes of a body of more than {over} bytes is noted.",
    "causes_differ": "Not all causes of failing delivery may be answered with one word; three tell.",
    "challenge": "Each 401 must have the header field.",
    "characters_doubt": "What becomes of rare characters is noted; a refusal with the code {code} excuses it.",
    "code_due": "A refusal for a cause with a documented code must bear some error code.",
    "code_misused": "A documented code may stand only for causes that it is documented for, or that its words cover.",
    "code_present": "A refusal for a fault that has no documented code must have some error code in its body.",
    "credential": "A message without another fault, with credentials that are {faults}, must be refused.",
    "date_of_answer": "The time at {field} must lie within {within_s} seconds of the answer's own date.",
    "default_sender": "Where a message names no sender, the answer must name the default one of the profile.",
    "delivery_cause": "A number that fails for {cause} must be answered with that cause.",
    "delivery_failed": "A number that fails must be answered as failed; {at_first} at first shows nothing.",
    "documented_code": "A refusal for nothing but {reasons} must bear the code {code} somewhere.",
    "documented_text": "A refusal for nothing but {reasons} must have this error text, or one of these: {text}{texts}.",
    "echo exact": "The {role} of the answer must be that of the request, character for character.",
    "echo number": "The {role} of the answer must be that of the request, or the same number in E.164.",
    "echo text": "The {role} of the answer must be that of the request, but for Unicode form and outer white space.",
    "fault_not_delivery": "A faulty message must be refused, or have failed with the error type documented for it.",
    "internal_error": "If a {status} happens (none can be asked for), its text must be {text}, with {details} beside.",
    "json_media_type": "Each answer that is JSON must have its media type; an older one, or none, will do: {lenient}.",
    "json_without_mark": "No answer that is JSON may begin with a byte order mark.",
    "key_state": "A message without another fault, with credentials in the state {state}, must be refused.",
    "length_doubt": "What becomes of a text whose length depends on how characters are counted is noted.",
    "media_type_doubt": "What becomes of a body without the media type of JSON, or in another charset, is noted.",
    "method_allow": "Each {status} to another method must have the header field.",
    "method_status": "Another method must be answered with {status}.",
    "no_server_error": "No request may be answered with a 5xx each time it is asked, while others are answered.",
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
    "observe_server_errors": "Which errors of the server vanished when the same was asked again is noted.",
    "observe_throttled fields": "Which header fields of a rate limit a 429 has is noted.",
    "observe_throttled retry_after": "Whether a 429 has `Retry-After` is noted.",
    "observe_throttling": "Whether the run was throttled is noted.",
    "odd_characters": "What becomes of control characters, lone surrogates and unassigned characters is noted.",
    "rate_limit enforced": "Messages in quick succession must be throttled beyond the limit; two bursts tell.",
    "rate_limit isolated": "While one key is throttled, another one must be served.",
    "rate_limit not_early": "No message may be throttled before the limit is reached.",
    "rate_limit recovers": "After a whole window, messages must be accepted again.",
    "recipient_unlisted": "What becomes of a recipient that reaches nobody, and that no profile names, is noted.",
    "refusal_status": "A refusal must have a status code that fits: {rest}.",
    "replay concurrent": "Of the same message with the same key, sent several times at once, one must be accepted.",
    "replay distinct": "Keys that differ only after many equal characters must give two messages.",
    "replay key_case": "What becomes of a key in other case is noted.",
    "replay other_payload": "What becomes of a key that was used with another message is noted.",
    "replay replay_status": "Which status code answers a repeated key is noted.",
    "replay sequence": "The same message with the same key, within 30 s, must get the id that it has, or be refused.",
    "says_more": "The text at {field} must be another than the one at {than}.",
    "sender_state": "A message from a sender in the state {state} must be refused.",
    "sender_unlisted": "What becomes of a sender that the profile does not name is noted.",
    "server_errors_rare": "Fewer than {fewer_than} errors may vanish when asked again, or {share} of what is valid.",
    "spending boundary": "A message that the balance just covers must be accepted, any other must be refused.",
    "spending mms": "The messages that a known balance could send must fit the price of an MMS.",
    "spending replay": "A retry that was recognised must take no credits.",
    "spending sms": "The messages that a known balance could send must fit the price of an SMS.",
    "text_misused": "A documented text may stand only for causes that it is documented for, or that its words cover.",
    "text_fact": "A message with the profile's text that is {state} must be refused.",
    "throttled_envelope": "A 429 must keep the form of a refusal.",
    "unique_id": "No two messages of a run may have one id, retries of a key aside.",
    "unreadable": "What a body does that is {kinds}: with level open it is noted, else it must be refused.",
}
"""How a clause is decided; the parameters of the clause stand in braces, and `rest` for those that are left."""


FAULTS: Mapping[str, str] = {
    "case": "written in other case",
    "elsewhere": "right, in another place than the documented one",
    "elsewhere_wrong": "wrong, in another place than the documented one",
    "empty": "empty",
    "empty_secret": "without a secret",
    "extended": "followed by more characters",
    "id_case": "those of a key id in other case",
    "id_extended": "those of a key id followed by more characters",
    "id_prefix": "those of a key id without its last characters",
    "id_prepended": "those of a key id preceded by more characters",
    "id_white_space": "those of a key id with white space around it",
    "malformed": "malformed",
    "other_account": "right, on the path of another account",
    "missing": "missing",
    "prefix": "without their last characters",
    "prepended": "preceded by more characters",
    "scheme": "right, under another scheme",
    "scheme_wrong": "wrong, under another scheme",
    "unknown": "unknown",
    "white_space": "with white space around the secret",
    "unknown_id": "those of an unknown key id",
    "wrong_secret": "those with a wrong secret",
}
"""What is wrong with credentials, in words."""


_REFUSING = ("credential", "key_state", "sender_state", "text_fact", "unreadable")
_UPHELD_BY_REFUSAL = (
    "Upheld by a refusal for it alone, where the same message without the fault was accepted; broken by an acceptance."
)
_UPHELD_BY_ACCEPTANCE = "Upheld by an acceptance; broken by a refusal that nothing else explains."
_UPHELD_BY_ANSWERS = "Upheld by each answer that keeps it; broken by one that does not."
_NOTED = "Nothing breaks it: what is seen is noted."
_NEVER = "Nothing upholds or breaks it"


def decided(clause: Clause, contract: Contract) -> str:
    """Return how a clause is decided, what upholds it and what breaks it, in a line."""
    if clause.level == "excluded":
        return f"{_NEVER}: {clause.reason}"
    how = sentence(clause.check, clause.params) if clause.check else " ".join(_by_keyword(clause, contract))
    return f"{how} {_NOTED if clause.level == 'open' else outcome(clause, contract)}"


def outcome(clause: Clause, contract: Contract) -> str:
    """Return what upholds a clause that can fail, and what breaks it."""
    if clause.check in _REFUSING or clause.id in contract.request.clauses():
        return _UPHELD_BY_REFUSAL
    return _UPHELD_BY_ACCEPTANCE if clause.check == "accepted" else _UPHELD_BY_ANSWERS


def _by_keyword(clause: Clause, contract: Contract) -> Iterator[str]:
    for name, schema in (("request", contract.request), ("accepted", contract.accepted), ("refusal", contract.refusal)):
        found = [keyword for _, keyword, owner in keywords(schema.schema) if owner == clause.id]
        if found:
            yield f"By {', '.join(dict.fromkeys(found))} in the schema of the {_KINDS[name]}."


_KINDS = {"request": "request", "accepted": "answer to an accepted message", "refusal": "answer to a refused one"}


class _Words(dict[str, str]):
    """The parameters of a clause as words; one that is not given is left out."""

    def __missing__(self, name: str) -> str:
        return ""


def key_of(check: str, params: Mapping[str, Any]) -> str:
    """Return under which key the sentence of a check stands."""
    selector = SELECTORS.get(check)
    return f"{check} {params[selector]}" if selector else check


def sentence(check: str, params: Mapping[str, Any], word: Callable[[Any], str] | None = None) -> str:
    """Return how a check with these parameters decides; `word` puts a value into words."""
    word = word or _plain
    rest = {name: value for name, value in params.items() if name != SELECTORS.get(check)}
    words = _Words({name: word(value) for name, value in rest.items()})
    if check == "credential":
        words["faults"] = " or ".join(FAULTS[fault] for fault in params["faults"])
    words["rest"] = ", ".join(f"{name.replace('_', ' ')} {word(value)}" for name, value in rest.items())
    return SENTENCES[key_of(check, params)].format_map(words)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " or ".join(map(_plain, value)) if isinstance(value, list) else str(value)
