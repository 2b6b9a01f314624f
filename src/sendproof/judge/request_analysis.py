"""Reading a request: which clauses forbid its acceptance, which clauses its acceptance upholds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sendproof.account import Account
from sendproof.contract.model import Contract
from sendproof.contract.pointer import MISSING
from sendproof.contract.provider import BodyFormat, Provider
from sendproof.exchange import Credential, Request, field_value
from sendproof.judge.parsing import BodyKind, charset, is_json_type, media_type, parse
from sendproof.judge.texts_and_numbers import (
    has_marks,
    is_odd,
    is_of_every_alphabet,
    longest_count,
    shortest_count,
    spelling_of,
    to_e164,
)

IDENTITY = "@identity"
WHOLE_BODY = "@body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A clause that forbids acceptance, or with level "open" leaves it to the service.

    `fields` are the parts of the request that are at fault: request fields, IDENTITY or
    WHOLE_BODY. `tainted` says that the answer cannot be related to those fields.
    `code` is the error code without which a refusal cannot rest on this reason. `concern` is that
    of the clause; `of_transport` says that it is no provider's promise but one of HTTP, `by_form`
    that the form of the message breaks it, whoever sends it.
    """

    clause: str
    level: str
    fields: tuple[str, ...]
    tainted: bool = True
    code: int | str | None = None
    concern: str = ""
    of_transport: bool = False
    by_form: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnalysis:
    """What a request is, before its answer is looked at.

    `instance` is the JSON value of the body, or MISSING. `features` are the clauses that
    an acceptance upholds. `key_state` is the state of the key presented, if it is known.
    """

    is_operation: bool
    instance: Any
    reasons: tuple[Reason, ...]
    features: tuple[str, ...]
    key_state: str | None
    recipient: str | None
    sender: str | None
    text: str | None
    has_media: bool
    identity_known: bool
    provider: Provider

    @property
    def hard(self) -> tuple[Reason, ...]:
        """The reasons for which acceptance is a contradiction."""
        return tuple(reason for reason in self.reasons if reason.level != "open")

    def value(self, role: str) -> Any:
        """Return the request field that plays `role`, or MISSING."""
        return _value(self.provider, self.instance, role)

    def taints(self, role: str) -> bool:
        """Whether the answer cannot be related to the field of `role`."""
        if not self.reasons:
            return False
        name = self.provider.fields.get(role, "")
        return any(reason.tainted and (name in reason.fields or WHOLE_BODY in reason.fields) for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the rules look at."""

    contract: Contract
    account: Account
    request: Request
    credential: Credential
    kind: BodyKind
    instance: Any
    key_state: str | None
    recipient: str | None
    sender: str | None
    text: str | None
    has_media: bool

    @property
    def is_known_media(self) -> bool:
        """Whether the media is that of the profile, which is to be had, whatever its URL looks like."""
        value = self.field("media")
        return isinstance(value, str) and value in self.account.media_urls

    def field(self, role: str) -> Any:
        return _value(self.contract.provider, self.instance, role)


_Params = Mapping[str, Any]
_NO_PARAMS: _Params = MappingProxyType({})
_Rule = Callable[[_Facts, _Params], bool]


def read_request(contract: Contract, account: Account, request: Request, credential: Credential) -> RequestAnalysis:
    """Read a request against the contract and what is known of the account."""
    facts = _facts(contract, account, request, credential)
    is_operation = _is_operation(contract, request)
    reasons = tuple(_reasons(facts)) if is_operation else ()
    hard = any(reason.level != "open" for reason in reasons)
    return RequestAnalysis(
        is_operation=is_operation,
        instance=facts.instance,
        reasons=reasons,
        features=tuple(_features(facts)) if is_operation and not hard else (),
        key_state=facts.key_state,
        recipient=facts.recipient,
        sender=facts.sender,
        text=facts.text,
        has_media=facts.has_media,
        identity_known=credential.key is not None or _is_known_fault(contract, credential),
        provider=contract.provider,
    )


def _is_known_fault(contract: Contract, credential: Credential) -> bool:
    """Whether a clause speaks of what is wrong with credentials; of another fault nothing is promised."""
    fault = credential.fault
    return fault is not None and any(fault in clause.params["faults"] for clause in contract.with_check("credential"))


def _is_operation(contract: Contract, request: Request) -> bool:
    path = request.path.split("?")[0]
    return request.method == contract.provider.method and contract.provider.path_pattern.search(path) is not None


def _facts(contract: Contract, account: Account, request: Request, credential: Credential) -> _Facts:
    provider = contract.provider
    body, plan = parse(request.body, provider.body_format), provider.number_plan
    values = {role: _value(provider, body.value, role) for role in provider.fields}
    text, media = values["text"], values.get("media")
    return _Facts(
        contract=contract,
        account=account,
        request=request,
        credential=credential,
        kind=body.kind,
        instance=body.value,
        key_state=account.keys.get(credential.key) if credential.key else None,
        recipient=to_e164(values["recipient"], plan=plan),
        sender=to_e164(values.get("sender"), plan=plan),
        text=text if isinstance(text, str) else None,
        has_media=isinstance(media, str) and media != "",
    )


def _value(provider: Provider, instance: Any, role: str) -> Any:
    """Return the request field that plays a role, or MISSING; of a list of one recipient, that one."""
    name = provider.fields.get(role)
    value: Any = instance.get(name, MISSING) if isinstance(instance, dict) and name else MISSING
    if role == "recipient" and provider.recipients_as_list and isinstance(value, list) and len(value) == 1:
        return value[0]
    return value


def _reasons(facts: _Facts) -> Iterator[Reason]:
    breaches = tuple(_breaches(facts)) if facts.instance is not MISSING else ()
    yield from breaches
    broken = {field for reason in breaches for field in reason.fields}
    for name, (part, applies) in _REASONS.items():
        for clause in facts.contract.with_check(name):
            fields = () if part is None else (facts.contract.provider.fields.get(part, part),)
            if applies(facts, clause.params) and not (name in _OF_VALID_FIELDS and broken.intersection(fields)):
                yield Reason(
                    clause=clause.id,
                    level=clause.level,
                    fields=fields,
                    tainted=name not in _UNTAINTED,
                    code=clause.params.get("code"),
                    concern=clause.concern,
                    of_transport=clause.is_of_http,
                )


def _breaches(facts: _Facts) -> Iterator[Reason]:
    """Yield the clauses of the request schema that the body breaks."""
    provider = facts.contract.provider
    media = provider.fields.get("media")
    for breach in facts.contract.request.breaches(facts.instance):
        if breach.keyword == "maxLength" and _is_length_doubtful(facts):
            continue
        if breach.field == media and facts.is_known_media:
            continue
        whole = breach.field is None and breach.keyword != "additionalProperties"
        fields = (WHOLE_BODY,) if whole else (breach.field,) if breach.field else ()
        if breach.keyword == "required" and breach.field == provider.fields["text"]:
            # Either would do: a message without a text may have media.
            fields = (*fields, media or breach.field)
        clause = facts.contract.clauses[breach.clause]
        yield Reason(clause=clause.id, level=clause.level, fields=fields, concern=clause.concern, by_form=True)


def _is_sender_unlisted(facts: _Facts, params: _Params) -> bool:
    if facts.sender is None:
        return False
    # Where a sender need not be named, a key of another kind may be another account's.
    is_foreign_key = "sender" in facts.contract.provider.optional and facts.key_state not in ("active", None)
    return is_foreign_key or (bool(facts.account.senders) and facts.sender not in facts.account.senders)


def _is_recipient_unlisted(facts: _Facts, params: _Params) -> bool:
    return facts.recipient is not None and facts.recipient not in facts.account.recipients


def _is_length_doubtful(facts: _Facts, params: _Params = _NO_PARAMS) -> bool:
    """Whether a text is within the limit or not as its characters are counted."""
    limit, text = facts.contract.provider.max_length, facts.text
    return text is not None and longest_count(text) > limit >= shortest_count(text)


def _are_characters_doubtful(facts: _Facts, params: _Params) -> bool:
    text = facts.text
    return text is not None and not is_of_every_alphabet(text) and not facts.account.texts.get(text)


def _has_odd_characters(facts: _Facts, params: _Params) -> bool:
    return facts.text is not None and facts.text not in facts.account.texts and is_odd(facts.text)


def _is_media_type_doubtful(facts: _Facts, params: _Params) -> bool:
    content_type, written = field_value(facts.request.headers, "Content-Type"), facts.contract.provider.body_format
    is_form = media_type(content_type) == written.media_type
    is_usual = is_json_type(content_type) if written is BodyFormat.JSON else is_form
    return not is_usual or charset(content_type) not in ("", "utf-8")


# By the name of a check: the part of the request that is at fault (a role, IDENTITY, WHOLE_BODY, or none that an answer
# shows), and whether it is.
_REASONS: Mapping[str, tuple[str | None, _Rule]] = {
    "credential": (IDENTITY, lambda facts, params: facts.credential.fault in params["faults"]),
    "key_state": (IDENTITY, lambda facts, params: facts.key_state == params["state"]),
    "sender_state": ("sender", lambda facts, params: facts.account.senders.get(facts.sender or "") == params["state"]),
    "sender_unlisted": ("sender", _is_sender_unlisted),
    "recipient_unlisted": ("recipient", _is_recipient_unlisted),
    "text_fact": ("text", lambda facts, params: facts.account.texts.get(facts.text or "") == params["state"]),
    "length_doubt": ("text", _is_length_doubtful),
    "characters_doubt": ("text", _are_characters_doubtful),
    "odd_characters": ("text", _has_odd_characters),
    "unreadable": (WHOLE_BODY, lambda facts, params: facts.kind in params["kinds"]),
    "media_type_doubt": (None, _is_media_type_doubtful),
    "body_size": (None, lambda facts, params: len(facts.request.body) > params["over"]),
}
# A number that is none at all need not be one of the account's.
_OF_VALID_FIELDS = ("sender_unlisted", "recipient_unlisted")
_UNTAINTED = ("body_size", "length_doubt", "characters_doubt", "media_type_doubt", "recipient_unlisted")


def _features(facts: _Facts) -> Iterator[str]:
    if not isinstance(facts.instance, dict):
        return
    for clause in facts.contract.with_check("accepted"):
        if _FEATURES[clause.params["feature"]](facts, clause.params):
            yield clause.id
    for clause in facts.contract.with_check("normalized"):
        value = facts.field(clause.params["role"])
        if isinstance(value, str) and spelling_of(value) == clause.params["spelling"]:
            yield clause.id
    for clause in facts.contract.with_check("delivery_cause"):
        if facts.account.recipients.get(facts.recipient or "") == clause.params["cause"]:
            yield clause.id


def _length(facts: _Facts, params: _Params) -> bool:
    if facts.text is None or params.get("media", facts.has_media) != facts.has_media:
        return False
    if "equals" in params:
        return longest_count(facts.text) == shortest_count(facts.text) == int(params["equals"])
    least = int(params["at_least"])
    return len(facts.text) >= least and shortest_count(facts.text) >= least


def _bytes_over(facts: _Facts, params: _Params) -> bool:
    text = facts.text or ""
    return bool(longest_count(text) <= params["limit"] < len(text.encode("utf-8", "surrogatepass")))


def _text_class(facts: _Facts, params: _Params) -> bool:
    text = facts.text or ""
    if params["kind"] == "non_ascii":
        return not text.isascii()
    return has_marks(text) if params["kind"] == "combining" else any(char > "\uffff" for char in text)


def _carrier_case(facts: _Facts, params: _Params) -> bool:
    carrier = facts.credential.carrier
    return carrier is not None and carrier != facts.contract.provider.credential_header


def _failing_recipient(facts: _Facts, params: _Params) -> bool:
    return facts.account.recipients.get(facts.recipient or "", "deliverable") != "deliverable"


_FEATURES: Mapping[str, _Rule] = {
    "any": lambda facts, params: True,
    "key": lambda facts, params: facts.key_state == params["state"],
    "carrier_case": _carrier_case,
    "length": _length,
    "bytes_over": _bytes_over,
    "text_class": _text_class,
    "absent": lambda facts, params: params["field"] not in facts.instance,
    "present": lambda facts, params: params["field"] in facts.instance,
    "sender_active": lambda facts, params: facts.account.senders.get(facts.sender or "") == "active",
    "media": lambda facts, params: facts.has_media and (facts.text is not None) == params["text"],
    "failing_recipient": _failing_recipient,
}
