"""What both WSGI applications share: routing, JSON in, JSON out.

Freedoms: an unknown path is 404, another method than POST is 405 with Allow, both in the provider's own error envelope;
the media type of the request is not looked at; an empty body, a byte order mark, NaN and Infinity are refused; answers
are indented ASCII with reversed keys under `application/json;charset=UTF-8`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NoReturn
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PROBLEM: Final = "plain_server.problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a provider's function looks at: CGI variables and the bytes of the body."""

    variables: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status code, a JSON object and more fields."""

    status: int
    document: Mapping[str, object]
    fields: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """Unwind to the application with the answer to give."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class NotAnObject(Exception):
    """The body is not a JSON object."""


def parse(body: bytes) -> object:
    """Return the JSON value that the body holds, or raise `NotAnObject`."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NotAnObject from error


def make_application(
    path: str, send: Callable[[Request], Answer], complain: Callable[[int, str], Answer]
) -> WSGIApplication:
    """Return a WSGI application with one operation; `complain` writes errors that no document names."""

    def respond(environ: WSGIEnvironment) -> Answer:
        if environ[PROBLEM]:
            return complain(400, environ[PROBLEM])
        if environ["PATH_INFO"] != path:
            return complain(404, "There is nothing here")
        if environ["REQUEST_METHOD"] != "POST":
            answer = complain(405, "Only POST is understood here")
            return Answer(status=answer.status, document=answer.document, fields=(("allow", "POST"),))
        body: bytes = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        variables = {name: value for name, value in environ.items() if isinstance(value, str)}
        try:
            return send(Request(variables=variables, body=body))
        except Refused as refusal:
            return refusal.answer
        except Exception:
            return complain(500, "Failed to send message")

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = respond(environ)
        content = b"" if environ["REQUEST_METHOD"] == "HEAD" else render(answer.document)
        fields = [("content-type", "application/json;charset=UTF-8"), ("content-length", str(len(content)))]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", [*fields, *answer.fields])
        return [content]

    return application


def render(document: Mapping[str, object]) -> bytes:
    """Write a JSON object, last member first."""
    return (json.dumps(_reversed(document), indent=4) + "\n").encode("ascii")


def _reversed(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _reversed(value[name]) for name in reversed(list(value))}
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
