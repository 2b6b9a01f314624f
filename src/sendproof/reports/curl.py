"""A recorded exchange as a curl command; credentials stand in it as environment variables."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import urlsplit

from sendproof.contract.provider import Provider
from sendproof.exchange import REDACTED, Credential, Exchange, Request, field_value
from sendproof.judge.verdicts import FAIL, INCONCLUSIVE, OBSERVATION, Verdict
from sendproof.reports.run_view import Run
from sendproof.reports.text import is_plain
from sendproof.target.credentials import other_word
from sendproof.target.phone_numbers import country_digits
from sendproof.target.profile import MAIN, conventional_name
from sendproof.target.pseudonyms import Pseudonym

_FRAMING = ("host", "content-length", "accept-encoding", "connection", "user-agent")
_SECRET = ("authorization", "proxy-authorization", "cookie")
_REPRODUCED = (FAIL, INCONCLUSIVE, OBSERVATION)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FIELD_NAME = re.compile(r"[A-Za-z0-9_-]+")
# curl asks for permission before a long body (RFC 9110, 10.1.1); the suite does not.
_EXPECT_ABOVE_BYTES = 1024
_BODYLESS = ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE")


def reproduction(verdict: Verdict, run: Run, provider: Provider) -> str | None:
    """Return the curl command of a verdict's first evidence, or None where there is nothing to reproduce.

    Failures, observations and what stayed inconclusive are reproduced.
    """
    if verdict.verdict not in _REPRODUCED or not verdict.evidence:
        return None
    exchange = next((item for item in run.exchanges if item.id == verdict.evidence[0]), None)
    return curl_for(exchange, run, provider) if exchange else None


def for_support(verdict: Verdict, run: Run, provider: Provider) -> str | None:
    """Return the command of `reproduction` as it can be sent to a vendor: with stand-ins in the place of variables.

    Numbers and texts are those that the report shows; a credential is the name of its variable, changed as the real one
    was.
    """
    command = reproduction(verdict, replace(run, pseudonyms=()), provider)
    if command is None:
        return None
    command = re.sub(r'^(: "\$\{\w+:\?\}"; )+', "", command)
    known = variables_read(command, run, provider)

    def stand_in(found: re.Match[str]) -> str:
        name = next(filter(None, found.groups()))
        return _CHANGED[str(found.lastgroup)](name) if name in known else found[0]

    return _CHANGING.sub(stand_in, command)


def variables_read(command: str, run: Run, provider: Provider) -> tuple[str, ...]:
    """Return the variables that a command reads; a dollar in a body names none of ours."""
    prefix = conventional_name(provider.name, MAIN, "")
    known = {*run.variables.values(), *(item.variable for item in run.pseudonyms)}
    found = dict.fromkeys(_READ.findall(command))
    return tuple(name for name in found if name in known or name.startswith(prefix))


_READ = re.compile(r"\$\{?([A-Za-z_]\w*)")
# How each way in which a command changes a variable changes its name.
_CHANGED: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"swapped": str.swapcase, "cut": lambda name: name[:-4], "whole": str}
)
_CHANGING = re.compile(
    r"""\$\(printf %s "\$(?P<swapped>\w+)" \| tr 'a-zA-Z' 'A-Za-z'\)"""
    r"""|\$\{(?P<cut>\w+)%\?\?\?\?\}|\$\{(?P<whole>\w+)(?::\?)?\}"""
)


def curl_for(exchange: Exchange, run: Run, provider: Provider) -> str:
    """Return one line for sh that sends the request of `exchange` again; it fails where a variable is not set.

    It needs curl and, for bodies that cannot be shown, printf, tr, awk or base64. The line has
    only visible characters. Variables are named by `run.variables`, or conventionally.
    """
    key = _key(exchange.credential, run, provider)
    request = exchange.request
    feed, content = _content(request, run.pseudonyms)
    words = (
        "curl",
        "-sS",
        *_method(request),
        *_url(request, run.base_url, key, provider),
        *_fields(request, provider),
        *_credential(exchange.credential, request, key, provider),
        *content,
    )
    return _loud(f"{feed}{' '.join(words)}", (*key.variables.values(), *(item.variable for item in run.pseudonyms)))


def exports(commands: Iterable[str], run: Run, provider: Provider) -> tuple[str, ...]:
    """Return the lines for sh that set what some commands read, each with what belongs there: they are to be filled in.

    Left as they are, each command fails and names the variable.
    """
    credentials = {name: _credential_of(*owner) for owner, name in run.variables.items()}
    meanings = credentials | {item.variable: f"{item.setting}, shown as {item.shown}" for item in run.pseudonyms}
    used = variables_read("\n".join(commands), run, provider)
    return tuple(f"export {name}=  # {meanings.get(name, 'a credential of the profile')}" for name in used)


def _credential_of(key: str, part: str) -> str:
    return f"credentials.{part}" if key == MAIN else f"{part} of the key {key!r}"


def _loud(command: str, variables: Iterable[str]) -> str:
    """Return a command that fails, and names the variable, where one that it reads is not set.

    Alone, a variable says so itself (`${NAME:?}`); of one that is changed or in a command inside, it is asked before.
    """
    asked = [name for name in variables if re.search(rf"\$\{{?{name}\b(?!:\?)", command)]
    return "".join(f': "${{{name}:?}}"; ' for name in dict.fromkeys(asked)) + command


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """Names of the variables of a key's parts, by part; and the header field that carries them."""

    variables: Mapping[str, str]
    carrier: str

    @property
    def identity(self) -> str:
        return next(iter(self.variables.values()))

    @property
    def secret(self) -> str:
        return tuple(self.variables.values())[-1]


def _key(credential: Credential, run: Run, provider: Provider) -> _Key:
    name, carrier = credential.key or MAIN, credential.carrier or ""
    given = {part: run.variables.get((name, part), "") for part in provider.credential_parts}
    return _Key(
        variables={
            part: variable if _VARIABLE.fullmatch(variable) else conventional_name(provider.name, name, part)
            for part, variable in given.items()
        },
        carrier=carrier if _FIELD_NAME.fullmatch(carrier) else provider.credential_header,
    )


def _method(request: Request) -> tuple[str, ...]:
    return ("-I",) if request.method == "HEAD" else ("-i", "-X", word(request.method))


def _url(request: Request, base_url: str, key: _Key, provider: Provider) -> Iterator[str]:
    """Yield the URL and the options it needs; a recorded path begins with that of the base URL."""
    base = urlsplit(base_url)
    inside = request.path.startswith(base.path)
    url = (f"{base.scheme}://{base.netloc}" if inside else base_url.rstrip("/")) + request.path
    # The pattern has one group: every second piece is the name of a part whose value was taken out.
    pieces = _in_query(provider).split(url)
    if set("[]{}") & set("".join(pieces).replace(REDACTED, "")):
        yield "-g"
    if re.search(r"/\.\.?(/|\?|$)", url):
        yield "--path-as-is"
    yield "".join(
        f'{piece}="${{{key.variables[piece.lower()]}:?}}"' if index % 2 else _path(piece, key, provider)
        for index, piece in enumerate(pieces)
        if piece
    )


def _path(piece: str, key: _Key, provider: Provider) -> str:
    """Return a piece of a URL as a word, with variables for the parts of the credentials that stood in the path."""
    names = iter(re.findall(r"\{([^{}]*)\}", provider.path))
    first, *others = piece.split(REDACTED)
    words = (f'"${{{key.variables[name]}:?}}"{word(other)}' for name, other in zip(names, others, strict=False))
    return f"{word(first)}{''.join(words)}"


def _in_query(provider: Provider) -> re.Pattern[str]:
    names = "|".join(map(re.escape, provider.credential_parts))
    return re.compile(rf"(?<=[?&])({names})=[^&]*", re.IGNORECASE)


def _fields(request: Request, provider: Provider) -> Iterator[str]:
    dropped = (*_FRAMING, *_SECRET, provider.credential_header.lower())
    for name, value in request.headers:
        if name.lower() not in dropped:
            yield from ("-H", word(f"{name}: {value}" if value else f"{name};"))
    if _has_content(request) and field_value(request.headers, "Content-Type") is None:
        yield from ("-H", "Content-Type:")
    if len(request.body) > _EXPECT_ABOVE_BYTES:
        yield from ("-H", "Expect:")


def _has_content(request: Request) -> bool:
    return request.method != "HEAD" and bool(request.body or request.method not in _BODYLESS)


def _content(request: Request, pseudonyms: Sequence[Pseudonym]) -> tuple[str, tuple[str, ...]]:
    """Return what stands before curl to feed it, and the option that gives it the body."""
    if not _has_content(request):
        return "", ()
    text = None if request.body.startswith(b"@") else literal(request.body)
    if text is not None:
        return "", ("--data-binary", _with_variables(text, pseudonyms))
    return f"{producer(request.body)} | ", ("--data-binary", "@-")


def _with_variables(word: str, pseudonyms: Sequence[Pseudonym]) -> str:
    """Return a single-quoted word with the variables of numbers and texts in the place of what stands for them."""
    for item in pseudonyms:
        if item.shown.startswith("+"):
            word = _spaced(item.shown).sub(lambda match, item=item: _number(match[0], item), word)  # type: ignore[misc]  # a lambda of one
        else:
            word = word.replace(item.shown, f"'\"${{{item.variable}:?}}\"'")
    return word


def _spaced(number: str) -> re.Pattern[str]:
    """Return what matches a number in any spelling: with or without its country, its digits apart."""
    country = country_digits(number[1:])
    national = r"[ ().\-]{0,3}".join(number[1 + country :])
    return re.compile(rf"(?:\+?{number[1 : 1 + country]})?{national}")


def _number(spelled: str, item: Pseudonym) -> str:
    """Return a spelling of a number with its digits cut out of the variable that holds it in E.164."""
    if spelled == item.shown:
        return f"'\"${{{item.variable}:?}}\"'"
    start = len(item.shown) - sum(map(str.isdigit, spelled)) + 1
    pieces: list[str] = []
    for piece in re.split(r"([0-9]+)", spelled):
        if piece.isdigit():
            pieces.append(f'\'"$(printf %s "${item.variable}" | cut -c{start}-{start + len(piece) - 1})"\'')
            start += len(piece)
        else:
            pieces.append(piece)
    return "".join(pieces)


def _credential(credential: Credential, request: Request, key: _Key, provider: Provider) -> tuple[str, ...]:
    fault = credential.fault or "exact"
    if fault == "elsewhere" and _in_query(provider).search(request.path):
        return ()
    if fault in ("elsewhere", "scheme"):
        return ("-H", f'"Authorization: {other_word(provider)} ${{{key.secret}:?}}"')
    return (
        _basic(fault, key) if provider.credential_scheme == "basic" else _header(fault, key, provider.credential_word)
    )


# What stands in double quotes for a secret and for an identity, by fault; "exact" also for all others.
_SWAPPED = "$(printf %s \"$NAME\" | tr 'a-zA-Z' 'A-Za-z')"
_SECRETS: Mapping[str, str] = {
    "exact": "${NAME:?}",
    "prefix": "${NAME%????}",
    "extended": "${NAME}zzzz",
    "prepended": "zzzz${NAME}",
    "case": _SWAPPED,
    "unknown": "made-up-key",
    "unknown_id": "made-up-secret",
    "wrong_secret": "made-up-secret",
    "malformed": "made%up",
    "empty_secret": "",
    "empty": "",
}
_IDENTITIES: Mapping[str, str] = {
    "exact": "${NAME:?}",
    "id_case": _SWAPPED,
    "unknown": "made-up-id",
    "unknown_id": "made-up-id",
    "empty": "",
}


def _shown(texts: Mapping[str, str], fault: str, variable: str) -> str:
    return texts.get(fault, texts["exact"]).replace("NAME", variable)


def _header(fault: str, key: _Key, scheme: str) -> tuple[str, ...]:
    if fault == "missing":
        return ()
    secret = f"{scheme} {_shown(_SECRETS, fault, key.secret)}".strip()
    # Without a value the field is written with a semicolon; with a colon curl leaves it out.
    return ("-H", f'"{key.carrier}: {secret}"' if secret else f"'{key.carrier};'")


def _basic(fault: str, key: _Key) -> tuple[str, ...]:
    if fault == "missing":
        return ()
    if fault == "malformed":
        return ("-H", f"'{key.carrier}: Basic made%up'")
    pair = f'"{_shown(_IDENTITIES, fault, key.identity)}:{_shown(_SECRETS, fault, key.secret)}"'
    if key.carrier == "Authorization":
        return ("-u", pair)
    return ("-H", f"\"{key.carrier}: Basic $(printf %s {pair} | base64 | tr -d '\\n')\"")


LONG_BYTES = 4096
_SAFE = re.compile(r"[A-Za-z0-9_%+=:,./-]+")
_RUN = re.compile(rb"(.{1,12}?)\1{63,}", re.DOTALL)
_KEPT = frozenset(range(0x20, 0x7F)) - frozenset(b"'%\\")


def word(text: str) -> str:
    """Return a text as one word: bare, single-quoted, or made by printf where it cannot be shown."""
    if _SAFE.fullmatch(text):
        return text
    if is_plain(text):
        return _quoted(text)
    return f'"$({_printf(_to_bytes(text))})"'


def literal(data: bytes) -> str | None:
    """Return bytes as one single-quoted word, or None where they cannot be shown so."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return _quoted(text) if len(data) <= LONG_BYTES and is_plain(text) else None


def producer(data: bytes) -> str:
    """Return a command that writes the bytes to its standard output.

    Short ones by printf, long ones as what is repeated in them, or else by base64.
    """
    if len(data) <= LONG_BYTES:
        return _printf(data)
    commands = _commands(data)
    if commands is None:
        return f"printf %s {base64.b64encode(data).decode('ascii')} | base64 -d"
    return commands[0] if len(commands) == 1 else f"{{ {'; '.join(commands)}; }}"


def _commands(data: bytes) -> list[str] | None:
    """Return commands for the runs of bytes and what stands between, or None if too much does."""
    pieces = list(_pieces(data))
    between = sum(len(unit) for unit, times in pieces if times == 1)
    if between > LONG_BYTES or any(times > 1 and len(unit) > 1 and 0 in unit for unit, times in pieces):
        return None
    return [_repeated(unit, times) if times > 1 else _printf(unit) for unit, times in pieces]


def _pieces(data: bytes) -> Iterator[tuple[bytes, int]]:
    end = 0
    for run in _RUN.finditer(data):
        if run.start() > end:
            yield data[end : run.start()], 1
        yield run[1], len(run[0]) // len(run[1])
        end = run.end()
    if end < len(data):
        yield data[end:], 1


def _repeated(unit: bytes, times: int) -> str:
    shown = "".join(f"\\{byte:03o}" for byte in unit)
    if len(unit) == 1:
        return f"printf '%{times}s' '' | tr ' ' '{shown}'"
    return f'awk \'BEGIN {{ for (i = 0; i < {times}; i++) printf "%s", "{shown}" }}\''


def _printf(data: bytes) -> str:
    """Return a printf of the bytes; octal escapes of three digits are what every sh has."""
    shown = "".join(_shown_byte(byte) for byte in data)
    # A format that begins with a hyphen would be an option.
    return f"printf '{shown.replace('-', _octal(ord('-')), 1) if shown.startswith('-') else shown}'"


def _shown_byte(byte: int) -> str:
    if byte in _KEPT:
        return chr(byte)
    return {ord("%"): "%%", ord("\\"): "\\\\"}.get(byte) or _octal(byte)


def _octal(byte: int) -> str:
    return f"\\{byte:03o}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _to_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
