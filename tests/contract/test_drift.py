"""A changed document puts in doubt what rests on the changed words, and nothing else."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sendproof.contract.documents import (
    MOST_BYTES,
    Block,
    OpenApi,
    html_blocks,
    markdown_blocks,
    read_document,
    text_blocks,
)
from sendproof.contract.drift import CHANGED, GONE, Drift, drift_of
from sendproof.contract.lock import Lock
from sendproof.errors import UsageError

TEXT = """\
Send a text

1. Post a JSON object to /v2/texts.
2. Each text has at most 1,500 characters.
3. A text that is longer is refused with the code TOO_LONG and nothing is sent.

• Header X-Key: your key
• Header X-Trace: anything you like

field | type | needed | meaning
recipient | string | yes | where the text goes (E.164)
origin | string | no | one of your numbers
{
"code": "TOO_LONG",
"ok": false
}
{
"code": "NO_KEY",
"ok": false
}
Wait 30 seconds after a 429
"""
# The passage that begins in a line rests on it.
LINES = {number: f"c.{number}" for number, line in enumerate(TEXT.split("\n"), 1) if any(map(str.isalnum, line))}
HTML = """\
<!doctype html><html><head><title>Docs</title><style>p { color: red }</style></head><body>
<nav><a href="/">Home</a><a href="/prices">Prices</a></nav>
<main><h1>Send&nbsp;a <em>text</em></h1>
<ol><li>Post a JSON object to <code>/v2/texts</code>.</li><li>Each text has at most <b>1,500</b> characters.</li>
<li>A text that is longer is refused with the code <code>TOO_LONG</code> and nothing is sent.</li></ol>
<ul><li>Header X-Key: your key</li><li>Header X-Trace: anything you like</li></ul>
<table><thead><tr><th>field</th><th>type</th><th>needed</th><th>meaning</th></tr></thead><tbody>
<tr><td>recipient</td><td>string</td><td>yes</td><td>where the text goes (E.164)</td></tr>
<tr><td>origin</td><td>string</td><td>no</td><td>one of your numbers</td></tr></tbody></table>
<pre>{
"code": "TOO_LONG",
"ok": false
}</pre><pre>{
"code": "NO_KEY",
"ok": false
}</pre>
<p>Wait 30 seconds after a 429</p></main>
<footer>Copyright of nobody</footer><script>let a = 1</script></body></html>
"""
MARKDOWN = """\
---
title: Docs
---
# Send a text

1. Post a JSON object to `/v2/texts`.
2. Each text has at most **1,500** characters.
3. A text that is longer is refused with the code `TOO_LONG`
   and nothing is sent.

- Header X-Key: your key
- Header X-Trace: anything you like

| field | type | needed | meaning |
|---|---|:-:|---|
| recipient | string | yes | where the text goes (E.164) |
| origin | string | no | one of your numbers |

```json
{ "code": "TOO_LONG", "ok": false }
```

```json
{ "code": "NO_KEY", "ok": false }
```

Wait 30 seconds after a 429
"""
FORMS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "text": (TEXT, text_blocks),
    "html": (HTML, html_blocks),
    "markdown": (MARKDOWN, markdown_blocks),
}


def locked(blocks: tuple[Block, ...] | OpenApi, operation: str | None = None) -> Lock:
    """Return the lock of a document, in which each passage has a clause called after its place."""
    empty = Lock(document="example", retrieved="2026-01-01", operation=operation, passages=())
    lock = drift_of("example", empty, [blocks], today="2026-01-01").lock
    return replace(lock, passages=tuple(replace(item, clauses=(f"c.{item.at}",)) for item in lock.passages))


LOCK = locked(tuple(text_blocks(TEXT)))


def drifted(text: str, form: str = "text") -> Drift:
    return drift_of("example", LOCK, [tuple(FORMS[form][1](text))], today="2026-02-01")


def test_lock_has_a_passage_for_each_line_with_words() -> None:
    assert [passage.at for passage in LOCK.passages] == list(LINES)


@pytest.mark.parametrize("form", FORMS)
def test_same_document_in_another_format_is_no_change(form: str) -> None:
    drift = drifted(FORMS[form][0], form)
    assert drift.clauses == ()
    assert drift.new == ()
    assert drift.held == len(LOCK.passages)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\n".join(line for part in text.split("\n") for line in textwrap.wrap(part, 31) or [""]),
        lambda text: text.replace("1. ", "4) ").replace("2. ", "5) ").replace("3. ", "6) "),
        lambda text: "\n".join([*text.split("\n")[11:], *text.split("\n")[:11]]),
        lambda text: text.replace("•", "*").replace("1,500", "1500").replace('"NO_KEY"', "“NO_KEY”"),
        lambda text: text.replace("X-Key: your", "X-Key:\u00a0 **your**").replace("Send a text", "## Send a text"),
        lambda text: text.replace("\n", "\r\n"),
    ],
    ids=["wrapped", "numbered anew", "moved", "other marks", "emphasis", "line ends"],
)
def test_same_words_laid_out_otherwise_are_no_change(change: Callable[[str], str]) -> None:
    changed = change(TEXT)
    blocks = read_document(changed.encode(), name="copy.txt")
    drift = drift_of("example", LOCK, [blocks], today="2026-02-01")
    assert changed != TEXT
    assert (drift.clauses, drift.new) == ((), ())


@pytest.mark.parametrize(
    ("form", "old", "new"),
    [
        ("html", '<pre>{\n"code": "NO_KEY",\n"ok": false\n}</pre>', '<pre>{"code":"NO_KEY","ok":false}</pre>'),
        ("html", '"code": "NO_KEY",', '<span class="ln">2</span>"code": "NO_KEY",<button>Copy</button>'),
        ("html", "<td>yes</td>", '<td><img alt="yes" src="tick.svg"></td>'),
        ("html", "<td>yes</td>", "<td><svg><title>yes</title><path d=''/></svg></td>"),
        ("html", "refused with", "refused<br>with"),
        ("html", "<main>", "<main><nav>On this page: wait</nav><a>Skip to content</a>"),
        ("html", "</h1>", '</h1><p aria-hidden="true">#</p><p hidden>Draft</p><p style="display: none">Menu</p>'),
        ("html", "</h1>", "</h1><p><span>Section titled “Send a text”</span></p>"),
        ("html", "<li>Header X-Key: your key</li>", "<dl><dt>Header X-Key</dt><dd>your key</dd></dl>"),
        ("html", "\n<p>Wait", '\n<div role="tabpanel" hidden><p>Wait'),
        ("markdown", "# Send a text", "# Send a text {#send}"),
        ("markdown", "Wait 30", "> [!NOTE]\n> Wait 30"),
        ("markdown", "Wait 30 seconds after a 429", ":::caution\nWait 30 seconds after a 429[^1]\n:::"),
        ("markdown", "\nWait", "\n{/* not yet */}\nWait"),
        ("text", '{\n"code": "NO_KEY",\n"ok": false\n}', '{"code":"NO_KEY","ok":false}'),
        ("text", "2. Each", "(2) Each"),
        ("text", "Send a text", "Skip to content\nSend a text\nSection titled “Send a text”"),
    ],
)
def test_what_a_generator_of_sites_adds_is_no_change(form: str, old: str, new: str) -> None:
    text = FORMS[form][0]
    assert old in text
    drift = drifted(text.replace(old, new), form)
    assert (drift.clauses, drift.new) == ((), ())


@pytest.mark.parametrize(
    ("form", "old", "new"),
    [
        ("html", "<b>1,500</b>", "<del>1,500</del>"),
        ("html", "<li>Each text", "<li hidden>Each text"),
        ("html", "<li>Each text", '<li style="display:none">Each text'),
        ("html", "<li>Each text has at most <b>1,500</b> characters.</li>", ""),
        ("markdown", "**1,500**", "~~1,500~~"),
        (
            "markdown",
            "2. Each text has at most **1,500** characters.",
            "{/* 2. Each text has at most 1,500 characters. */}",
        ),
    ],
)
def test_words_that_are_withdrawn_do_not_stand(form: str, old: str, new: str) -> None:
    text = FORMS[form][0].replace("Prices</a>", "Prices</a>Each text has at most 1,500 characters.")
    assert old in text
    assert drifted(text.replace(old, new), form).clauses == ("c.4",)


@pytest.mark.parametrize("form", FORMS)
def test_words_added_beside_a_passage_that_changed_put_both_in_doubt(form: str) -> None:
    text = FORMS[form][0]
    for old, new in (("1,500", "1,200"), ("/v2/texts", "/v3/texts"), ("nothing is sent", "nothing is sent at night")):
        text = text.replace(old, new)
    assert set(drifted(text, form).clauses) == {"c.3", "c.4", "c.5"}


def test_words_in_a_new_cell_of_a_row_put_the_row_in_doubt() -> None:
    cell = "<td>one of your numbers</td>"
    assert drifted(HTML.replace(cell, f"{cell}<td>from May on</td>"), "html").clauses == ("c.12",)


def test_words_after_a_line_break_that_go_on_a_sentence_put_it_in_doubt() -> None:
    assert drifted(HTML.replace("after a 429", "after a 429<br>from here"), "html").clauses == ("c.21",)


def test_star_within_code_is_no_emphasis() -> None:
    lock = locked(tuple(text_blocks("Keys\n\nThey begin with sk_test_* here")))
    drift = drift_of("example", lock, [tuple(text_blocks("Keys\n\nThey begin with sk_test_ here"))], today="2026-02-01")
    assert len(drift.clauses) == 1


@pytest.mark.parametrize("name", ["copy", "copy.txt.html", "copy.xhtml"])
def test_page_is_known_by_its_beginning_where_its_name_says_nothing(name: str) -> None:
    drift = drift_of("example", LOCK, [read_document(HTML.encode(), name=name)], today="2026-02-01")
    assert (drift.clauses, drift.new) == ((), ())


def test_page_without_a_passage_is_refused() -> None:
    with pytest.raises(UsageError, match="got a page with none of its 14 passages"):
        drifted("Verify you are human")


def test_page_that_is_too_large_is_refused() -> None:
    with pytest.raises(UsageError, match="expected a page of at most 2 MB"):
        read_document(b"a " * (MOST_BYTES // 2 + 1), name="a.html")


def test_pattern_that_lost_a_mark_is_a_change() -> None:
    data = {"openapi": "3.0.0", "paths": {"/a": {"get": {"schema": {"pattern": r"^(a|\d)$"}}}}}
    lock = locked(OpenApi(data=data), "/paths/~1a/get")
    changed = json.loads(json.dumps(data).replace("a|", "a"))
    assert drift_of("example", lock, [OpenApi(data=changed)], today="2026-02-01").clauses == ("c./schema",)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("old", "new", "line", "state"),
    [
        ("1,500", "1,200", 4, GONE),
        ("yes", "no", 11, GONE),
        ("NO_KEY", "NO_KEY_AT_ALL", 18, GONE),
        ("30 seconds", "60 seconds", 21, GONE),
        ("goes (E.164)", "goes (E.164, no spaces)", 11, GONE),
        ("after a 429", "after a 429 from here", 21, CHANGED),
        ("Header X-Trace", "Live: Header X-Trace", 8, CHANGED),
    ],
)
def test_changed_words_put_their_clause_in_doubt(form: str, old: str, new: str, line: int, state: str) -> None:
    text = FORMS[form][0]
    assert old in text
    drift = drifted(text.replace(old, new), form)
    assert [(doubt.passage.at, doubt.state) for doubt in drift.doubts] == [(line, state)]
    assert drift.clauses == (f"c.{line}",)
    assert set(re.findall(r"\w+", new)) - set(re.findall(r"\w+", old)) <= set(re.findall(r"\w+", drift.doubts[0].now))


@pytest.mark.parametrize("form", FORMS)
def test_new_words_alone_put_nothing_in_doubt(form: str) -> None:
    text = FORMS[form][0].replace("Wait 30", "Texts are kept for a day.\n\nWait 30")
    drift = drifted(text, form)
    assert drift.clauses == ()
    assert [words.text for words in drift.new] == ["Texts are kept for a day."]


def test_one_of_two_equal_passages_that_is_gone_is_told_by_its_neighbours() -> None:
    first, second = (number for number, line in enumerate(TEXT.split("\n"), 1) if line.startswith('"ok"'))
    drift = drifted(TEXT.replace('"code": "TOO_LONG",\n"ok": false', '"code": "TOO_LONG"'))
    assert drift.clauses == (f"c.{first}",)
    drift = drifted(TEXT.replace('"code": "NO_KEY",\n"ok": false', '"code": "NO_KEY"'))
    assert drift.clauses == (f"c.{second}",)


def test_menus_around_a_page_are_no_new_words() -> None:
    assert drifted(HTML.replace("Prices", "All our prices"), "html").new == ()


def test_written_lock_keeps_what_stands_and_has_the_rest_to_read() -> None:
    kept = drifted(TEXT.replace("1,500", "1,200")).lock
    unread = [passage for passage in kept.passages if passage.is_unread]
    assert [passage.at for passage in unread] == [4]
    assert kept.retrieved == "2026-02-01"
    assert len(kept.passages) == len(LOCK.passages)
    again = drift_of("example", kept, [tuple(text_blocks(TEXT.replace("1,500", "1,200")))], today="2026-02-01")
    assert (again.doubts, again.new, again.lock) == ((), (), kept)


def test_lock_survives_the_move_to_another_format() -> None:
    kept = drifted(HTML, "html").lock
    prints = {(passage.fingerprint, passage.clauses) for passage in kept.passages}
    assert prints == {(passage.fingerprint, passage.clauses) for passage in LOCK.passages}


def test_files_are_parts_of_one_copy() -> None:
    lines = TEXT.split("\n")
    parts = [tuple(text_blocks("\n".join(part))) for part in (lines[:9], lines[9:])]
    assert drift_of("example", LOCK, parts, today="2026-02-01").doubts == ()


API: dict[str, Any] = {
    "openapi": "3.0.0",
    "servers": [{"url": "https://api.example"}],
    "paths": {
        "/v2/texts": {
            "post": {
                "operationId": "sendText",
                "parameters": [
                    {"in": "header", "name": "X-Key", "required": True},
                    {"in": "query", "name": "dry", "schema": {"type": "boolean"}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Text"}}}},
                "responses": {"201": {"description": "Taken"}},
            }
        },
        "/v2/other": {"get": {"operationId": "other", "description": "Anything"}},
    },
    "components": {
        "schemas": {
            "Text": {
                "type": "object",
                "required": ["to", "body"],
                "properties": {
                    "to": {"type": "string", "description": "Where it goes"},
                    "body": {"type": "string", "maxLength": 1500},
                    "parent": {"$ref": "#/components/schemas/Text"},
                },
            }
        }
    },
}
API_LOCK = locked(OpenApi(data=API), "sendText")
SCHEMA = "/requestBody/content/application~1json/schema"


def api_drift(*edits: tuple[str, str]) -> Drift:
    text = json.dumps(API)
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    document = read_document(text.encode(), name="api.json")
    return drift_of("example", API_LOCK, [document], today="2026-02-01")


@pytest.mark.parametrize(
    "edits",
    [
        [("schemas/Text", "schemas/Message"), ('"Text": {', '"Message": {')],
        [('["to", "body"]', '["body", "to"]')],
        [("Where it goes", "Where  **it** goes")],
        [("Anything", "Something else")],
        [("https://api.example", "https://api.example/v2"), ('"/v2/texts"', '"/texts"')],
        [('"type": "object"', '"x-order": 3, "type": "object"')],
    ],
    ids=["component renamed", "order", "emphasis", "another operation", "prefix moved", "extension"],
)
def test_same_operation_written_otherwise_is_no_change(edits: list[tuple[str, str]]) -> None:
    drift = api_drift(*edits)
    assert (drift.doubts, drift.new) == ((), ())


@pytest.mark.parametrize(
    ("edit", "at", "state"),
    [
        (("1500", "1600"), f"{SCHEMA}/properties/body", CHANGED),
        (("Where it goes", "Where it goes, E.164"), f"{SCHEMA}/properties/to/description", CHANGED),
        (('["to", "body"]', '["body"]'), SCHEMA, CHANGED),
        (('"201"', '"200"'), "/responses/201/description", GONE),
        (("https://api.example", "https://eu.example"), "/url", CHANGED),
    ],
)
def test_changed_object_puts_its_clause_in_doubt(edit: tuple[str, str], at: str, state: str) -> None:
    drift = api_drift(edit)
    assert [(doubt.passage.at, doubt.state) for doubt in drift.doubts] == [(at, state)]


def test_object_that_was_wrapped_stands_where_it_is_now() -> None:
    reference = '{"$ref": "#/components/schemas/Text"}}}'
    drift = api_drift((reference, '{"oneOf": [{"$ref": "#/components/schemas/Text"}]}}}'))
    assert f"c.{SCHEMA}/properties/body" not in drift.clauses
    assert f"{SCHEMA}/oneOf/0/properties/body" in {passage.at for passage in drift.lock.passages}


def test_parameter_that_was_added_is_new_and_moves_no_other() -> None:
    drift = api_drift(('"parameters": [', '"parameters": [{"in": "query", "name": "lang"}, '))
    assert (drift.clauses, [words.at for words in drift.new]) == ((), ["/parameters/query:lang"])


def test_yaml_says_what_json_says() -> None:
    yaml_text = "openapi: 3.0.0\npaths:\n  /a:\n    get: {responses: {200: {description: Fine}}, example: 2026-01-01}\n"
    data = {"get": {"responses": {"200": {"description": "Fine"}}, "example": "2026-01-01"}}
    lock = locked(OpenApi(data={"openapi": "3.0.0", "paths": {"/a": data}}), "/paths/~1a/get")
    drift = drift_of("example", lock, [read_document(yaml_text.encode(), name="a.yml")], today="2026-02-01")
    assert (drift.doubts, drift.new) == ((), ())


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"\xff\xfe", "a.txt", "expected text in UTF-8"),
        (b"{}", "a.json", "expected an OpenAPI document, got none"),
        (b"{", "a.json", "expected JSON or YAML"),
        (b"a: [", "a.yaml", "expected JSON or YAML"),
    ],
)
def test_file_that_is_no_document_is_named(data: bytes, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_document(data, name=name)


def test_page_where_an_openapi_document_was_locked_is_refused() -> None:
    with pytest.raises(UsageError, match="expected one OpenAPI document"):
        drift_of("example", API_LOCK, [tuple(text_blocks(TEXT))], today="2026-02-01")
    with pytest.raises(UsageError, match="expected text, HTML or Markdown"):
        drift_of("example", LOCK, [OpenApi(data=API)], today="2026-02-01")


def test_format_is_that_of_the_media_type_or_of_the_name() -> None:
    by_type = read_document(HTML.encode(), name="", media_type="text/html; charset=utf-8")
    assert by_type == read_document(HTML.encode(), name="a.HTM") == tuple(html_blocks(HTML))
