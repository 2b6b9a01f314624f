"""Takes secrets out of an exchange before anything is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

from sendproof.contract.provider import Provider
from sendproof.exchange import Headers
from sendproof.target.profile import REDACTED, Secret
from sendproof.target.pseudonyms import Pseudonyms, SentText
from sendproof.target.scrubbing import Scrubber, forms

_MARK = REDACTED.encode("ascii")
_NEVER_SENT = frozenset({"authorization", "proxy-authorization", "cookie"})
# Fields of an answer whose values tell of the protocol and of nobody; of all others the name is kept.
_KEPT = frozenset(
    """accept-ranges age allow alt-svc cache-control cf-cache-status cf-ray connection content-disposition
    content-encoding content-language content-length content-security-policy content-type date etag expect-ct expires
    keep-alive last-modified location nel pragma proxy-status ratelimit referrer-policy report-to request-id retry-after
    sendproof-note server server-timing strict-transport-security traceparent trailer transfer-encoding upgrade vary via
    warning www-authenticate x-cache x-content-type-options x-correlation-id x-frame-options x-powered-by x-request-id
    x-runtime x-served-by x-trace-id x-xss-protection""".split()  # noqa: SIM905 - a list would take fifty lines
)
_KEPT_PREFIXES = ("access-control-", "ratelimit-", "x-ratelimit-", "x-rate-limit-")
# What stands in quotes beside a name, wherever an answer has it; a name is rarely longer than a line. What was matched
# is never looked at again: nothing here costs more than one look at each character.
_NAMED = re.compile(
    rb'"([a-z0-9_\-]{1,100})"\s*+:\s*+"(?P<value>[a-z0-9+/=_.~\-]{12,}+)(?=")',
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(rb"secret|password|passwd|token|api_?-?key|authorization|credential", re.IGNORECASE)
_DIGIT = re.compile(rb"[0-9]")
# A text without an end is one as well: what was read for it is not read again from its next quote.
_QUOTED = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_LITERAL = re.compile(_QUOTED)

# In a refusal, what stands beside the text's name may say what is wrong with it, in few words or with a code.
_COMPLAINT = 40
_CODE = re.compile(rb"[0-9]{3}")


class Redactor:
    """Keeps of an exchange what may be kept, in every form that it might be shown in.

    Known secrets are scrubbed; numbers that may be somebody's, texts of the profile and texts that are not the
    request's have others in their place (see `Pseudonyms`); fields of an answer keep their values if they are listed.
    """

    def __init__(
        self,
        provider: Provider,
        keys: Mapping[str, tuple[Secret, ...]],
        pseudonyms: Pseudonyms,
        *,
        public: Iterable[str] = (),
    ) -> None:
        """`public` are texts that an answer may have whatever the keys are: those of the documents."""
        parts = [tuple(part.value for part in secrets) for secrets in keys.values()]
        self._scrubber = Scrubber(parts, (*public, *_of_provider(provider), *pseudonyms.numbers))
        self._pseudonyms = pseudonyms
        self._texts = tuple(
            (form, shown.encode()) for text, shown in pseudonyms.texts.items() for form in _forms_of_text(text)
        )
        self._dropped = _NEVER_SENT | {provider.credential_header.lower()}
        names = "|".join(map(re.escape, provider.credential_parts))
        self._query = re.compile(rf"(?<=[?&])({names})=[^&]*", re.IGNORECASE)
        field = provider.answer.get("text", "").rpartition("/")[2]
        self._text_field = re.compile(rb'("%b"\s*+:\s*+)(%b)' % (re.escape(field).encode(), _QUOTED)) if field else None
        self._sent_field = provider.fields["text"]

    def asked(self, data: bytes) -> bytes:
        """Return the content of a request without secrets, and with stand-ins for what the profile gave."""
        return self._pseudonyms.request(self._without_texts(self._scrubber.whole(data)))

    def answered(self, data: bytes, asked: bytes, *, accepted: bool, presented: tuple[str, ...] = ()) -> bytes:
        """Return the content of an answer to a request, whose content, as it is kept, is `asked`."""
        clean = _NAMED.sub(_named, self._scrubbed(data, asked, presented))
        if self._text_field is not None:
            clean = self._of_the_request(self._text_field, clean, asked, shortest=0 if accepted else _COMPLAINT)
        return self._pseudonyms.answer(clean, asked)

    def _of_the_request(self, field: re.Pattern[bytes], data: bytes, asked: bytes, *, shortest: int) -> bytes:
        """Return an answer without texts of some length that are not that of the request."""
        if field.search(data) is None:
            return data
        literals, sent = frozenset(_LITERAL.findall(asked)), SentText(self._sent_text(asked))

        def replaced(match: re.Match[bytes]) -> bytes:
            if match[2] in literals or len(match[2]) < shortest or (shortest and _CODE.search(match[2])):
                return match[0]
            try:
                got = str(json.loads(match[2]))
            except ValueError:
                return match[0]
            kept = sent.kept(got)
            return match[0] if kept == got else match[1] + json.dumps(kept).encode()

        return field.sub(replaced, data)

    def _sent_text(self, asked: bytes) -> str:
        """Return the text of a request, all of it where it is no JSON object."""
        with suppress(ValueError, RecursionError):
            sent = json.loads(asked)
            if isinstance(sent, dict):
                return str(sent.get(self._sent_field, ""))
        return asked.decode("utf-8", "replace")

    def request_headers(self, headers: Headers) -> Headers:
        """Return the fields of a request without those that carry a credential."""
        kept = tuple(item for item in headers if item[0].lower() not in self._dropped)
        values = "\n".join(value for _, value in kept)
        return kept if self._line(values) == values else tuple((name, self._line(value)) for name, value in kept)

    def path(self, path: str, presented: tuple[str, ...] = ()) -> str:
        """Return a path with its query, without the values that let a request in."""
        return self._line(self._query.sub(rf"\1={REDACTED}", path), presented)

    def response_headers(self, headers: Headers, asked: bytes = b"", presented: tuple[str, ...] = ()) -> Headers:
        """Return the fields of a response, with their values where they may be kept."""
        clean = tuple((name, value if _may_be_kept(name) else REDACTED) for name, value in headers)
        blob = "\n".join(f"{name}\n{value}" for name, value in clean)
        if self.text(blob, asked, presented) == blob:
            return clean
        return tuple((self.text(name, asked, presented), self.text(value, asked, presented)) for name, value in clean)

    def text(self, text: str, asked: bytes = b"", presented: tuple[str, ...] = ()) -> str:
        """Return a text of an answer (a field, a message of the transport) without secrets and numbers."""
        data = text.encode("utf-8", "surrogateescape")
        clean = self._pseudonyms.answer(self._scrubbed(data, asked, presented), asked)
        return text if clean == data else clean.decode("utf-8", "surrogateescape")

    def _line(self, text: str, presented: tuple[str, ...] = ()) -> str:
        data = text.encode("utf-8", "surrogateescape")
        clean = self._pseudonyms.request(self._scrubbed(data, b"", presented))
        return text if clean == data else clean.decode("utf-8", "surrogateescape")

    def _scrubbed(self, data: bytes, asked: bytes, presented: tuple[str, ...] = ()) -> bytes:
        """Return content without secrets, whole or in part; `presented` are values that are no known key's."""
        return self._without_texts(self._scrubber.parts(data, asked, presented))

    def _without_texts(self, data: bytes) -> bytes:
        for form, shown in self._texts:
            if form in data:
                data = data.replace(form, shown)
        return data


def _named(match: re.Match[bytes]) -> bytes:
    """Return a name with its value, which is not kept where it looks like a key and is called one."""
    if not (_SECRET_NAME.search(match[1]) and _DIGIT.search(match["value"])):
        return match[0]
    return match[0][: match.start("value") - match.start()] + _MARK


def _of_provider(provider: Provider) -> Iterable[str]:
    """Yield the words by which a provider is known to everybody."""
    yield from (provider.base_url, provider.path, provider.credential_header, provider.failed_status)
    yield from (*provider.credential_parts, *provider.fields.values(), *provider.answer.values())
    yield from (text for _, text in provider.unexcludable_texts)


def _may_be_kept(name: str) -> bool:
    return name.lower() in _KEPT or name.lower().startswith(_KEPT_PREFIXES)


def _forms_of_text(text: str) -> tuple[bytes, ...]:
    return forms([text]) or (json.dumps(text, ensure_ascii=False).encode(),)
