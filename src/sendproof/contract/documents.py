"""A vendor's document as what it says: text, HTML and Markdown as one stream of characters, OpenAPI as objects.

Two copies of a page say the same although lines are wrapped elsewhere, a table became a list, lists are numbered
anew, or quotes are curly. So the stream keeps what carries meaning (letters, digits, most punctuation, in their order)
and leaves out what only lays it out (white space, list markers, emphasis, rules, the borders of tables).
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PreformattedString
from markdown_it import MarkdownIt

from sendproof.errors import UsageError

# What lays a text out, in any of the formats: table borders, code spans, bullets, line continuation.
_LAYOUT = frozenset("|`\\•·◦▪‣●○")
_PLAIN = str.maketrans("“”„«»‘’‚–—−‐‑‒", '"""""\'\'\'------')
_LEFT_OUT = re.compile(
    r"[-=~]{3,}|#{1,6}(?=\s)"  # rules, and the marks of headings
    r"|(?<=\d),(?=\d{3}(?!\d))"  # 1,600 and 1600 are one number
    r"|[.,;:](?=\s|$)"  # what ends a word: a list has full stops where a table has none
    r"|(?<=[\"'\]}])[,:]|[,:](?=[\"'\[{])"  # JSON is written with white space after these, or without
    r"|(?<=\s)[-–—](?=\s[^\W\d])"  # a dash before an explanation, for which a table has a cell
)
# Emphasis as people write it in plain text; a `*` that stands alone is what it is.
_EMPHASIS = re.compile(r"(\*{1,2})(?=\S)([^*\n]{1,200})(?<=\S)\1")
# At the beginning of a block: a bullet, the number of a list, of a section, the marks of a heading or a quotation.
_MARKER = re.compile(r"\s*(?:[-+*•·◦▪‣●○]\s+|\(?\d{1,2}[.)]\s+|\d{1,2}(?:\.\d{1,2})+\s+|\#{1,6}\s+|>\s+|_{3,}\s*$)")
_STOP = re.compile(r"[.,;:]+(?=\s|$)")
_SENTENCE_END = re.compile(r"[.!?]['\")\]]*$")
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029]")

# What generators of sites add to Markdown, and no reader sees: the marks of notes, ids of headings, comments of MDX.
_UNSEEN_IN_MARKDOWN = re.compile(
    r"^[ >]{0,8}\[![A-Z]{1,20}\]$|^ {0,8}:::.*$|\{#[\w-]{1,80}\}$|\{/\*[^*]{0,2000}\*/\}|\[\^\w{1,20}\]|\{\" \"\}",
    re.MULTILINE,
)
# What generators of sites write for screen readers: the anchor of a heading repeats it, a link skips the menu.
_FOR_SCREEN_READERS = re.compile(r"\s*(?:Section titled [“\"].*[”\"]|Skip to (?:main )?content)\s*")
# Members of an object of OpenAPI that say something of their own: one may be reworded without the others.
_PROSE = ("description", "summary", "title", "example")
# Struck text is withdrawn; buttons copy or switch.
_UNSEEN = ("script", "style", "template", "noscript", "head", "button", "del", "s", "strike")
_UNSEEN_CLASSES = frozenset({"ln", "linenos", "lineno", "line-number"})
_AROUND = ("nav", "footer")
MOST_BYTES = 2 << 20
"""Of a page; one of two megabytes takes some seconds. The largest page of a vendor that was seen has a fifth of it."""
_CELLS = ("td", "th")
_BLOCKS = frozenset(
    """address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul""".split()  # noqa: SIM905 - a list would take fifty lines
)
_ENDINGS = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".mdx": "markdown",
    ".markdown": "markdown",
    ".json": "openapi",
    ".yaml": "openapi",
    ".yml": "openapi",
}
_MEDIA_TYPES = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/markdown": "markdown",
    "application/json": "openapi",
    "application/yaml": "openapi",
    "text/yaml": "openapi",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What stands together: a line of text, a paragraph, a cell. `row` is the same for the cells of a row.

    `line` counts from 1 in the file. What stands around a page (menus, footers) is no block of it.
    """

    text: str
    line: int
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The characters of a document that carry meaning.

    `blocks` and `places` say for each character of `text` which block it comes of, and where it stands in it;
    `starts` are the offsets at which a passage may begin.
    """

    text: str
    blocks: tuple[Block, ...]
    of_block: tuple[int, ...]
    places: tuple[int, ...]
    starts: tuple[int, ...]

    def shown(self, start: int, end: int) -> str:
        """Return what the document has from one offset to another, white space folded."""
        pieces: list[str] = []
        while start < end:
            block = self.of_block[start]
            last = start
            while last + 1 < end and self.of_block[last + 1] == block:
                last += 1
            text = self.blocks[block].text
            shown = text[self.places[start] : self.places[last] + 1]
            # The full stop that ends a word carries no meaning, and belongs to it.
            pieces.append(shown + (found[0] if (found := _STOP.match(text, self.places[last] + 1)) else ""))
            start = last + 1
        return " ".join(" ".join(pieces).split())

    def row(self, offset: int) -> int:
        """Return the row in which a character stands."""
        return self.blocks[self.of_block[offset]].row

    def ends_sentence(self, end: int) -> bool:
        """Whether a sentence, or the row, ends before the character at `end`."""
        if end == len(self.text) or self.row(end) != self.row(end - 1):
            return True
        block = self.of_block[end - 1]
        return ends_sentence(self.blocks[block].text[: self.places[end] if self.of_block[end] == block else None])

    def line(self, offset: int) -> int:
        """Return the line of the file in which a character stands."""
        block = self.blocks[self.of_block[offset]]
        return block.line + block.text.count("\n", 0, self.places[offset])


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenApi:
    """An OpenAPI document, parsed."""

    data: Mapping[str, Any]


BEGINNING = 8
"""Characters that `beginning` looks at: fewer are shared by many lines of JSON, and few passages are shorter."""


def fingerprint(squeezed: str) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of characters that carry meaning (`squeeze`)."""
    return hashlib.sha256(squeezed.encode()).hexdigest()[:16]


def beginning(squeezed: str) -> str:
    """Return 8 hexadecimal digits of the first characters, which tell most other places from that of a passage."""
    return f"{zlib.crc32(squeezed[:BEGINNING].encode()):08x}"


def squeeze(text: str) -> str:
    """Return the characters of a block that carry meaning."""
    return "".join(char for char, _ in _meaning(text))


def read_document(data: bytes, *, name: str, media_type: str = "") -> tuple[Block, ...] | OpenApi:
    """Read a document: the blocks of a page, or an OpenAPI document.

    The format is that of the media type, else of the ending of the name, else text. UsageError where it is not UTF-8,
    or is JSON or YAML and no OpenAPI document.
    """
    try:
        text = _LINE_ENDS.sub("\n", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: expected text in UTF-8, got a byte that is none. Save it as UTF-8.") from error
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    form = _MEDIA_TYPES.get(media_type.partition(";")[0].strip().lower()) or _ENDINGS.get(ending) or _form_of(text)
    if form == "openapi":
        return OpenApi(data=_openapi(text, name))
    if len(data) > MOST_BYTES:
        raise UsageError(f"{name}: expected a page of at most {MOST_BYTES >> 20} MB, got more. Save its text alone.")
    return tuple({"html": html_blocks, "markdown": markdown_blocks, "text": text_blocks}[form](text))


def _form_of(text: str) -> str:
    """Return the format of a document whose name does not tell it."""
    start = text.lstrip()[:200].lower()
    if start.startswith(("<!doctype html", "<html", "<?xml")):
        return "html"
    return "openapi" if re.match(r"(?:\{\s*)?\"?(?:openapi|swagger)\"?\s*:", start) else "text"


def stream_of(blocks: Sequence[Block]) -> Stream:
    """Return the characters of blocks that carry meaning, in their order."""
    chars: list[str] = []
    of_block: list[int] = []
    places: list[int] = []
    starts: list[int] = []
    for number, block in enumerate(blocks):
        if _FOR_SCREEN_READERS.fullmatch(block.text):
            continue
        before = -2
        for char, place in _meaning(block.text):
            # After white space or layout, and at the edge between punctuation and words.
            if place != before + 1 or not (char.isalnum() and chars[-1].isalnum()):
                starts.append(len(chars))
            before = place
            chars.append(char)
            of_block.append(number)
            places.append(place)
    return Stream(
        text="".join(chars), blocks=tuple(blocks), of_block=tuple(of_block), places=tuple(places), starts=tuple(starts)
    )


def _meaning(text: str) -> Iterator[tuple[str, int]]:
    """Yield each character that carries meaning, in its plain form, with its place in the text."""
    start = found.end() if (found := _MARKER.match(text)) else 0
    left_out = {place for found in _LEFT_OUT.finditer(text) for place in range(*found.span())}
    for place in range(start, len(text)):
        char = text[place]
        if place in left_out or char in _LAYOUT or char.isspace():
            continue
        if char.isascii():
            yield char, place
            continue
        for plain in unicodedata.normalize("NFKC", char.translate(_PLAIN)):
            if not (plain.isspace() or unicodedata.category(plain) == "Cf"):
                yield plain, place


def text_blocks(text: str) -> Iterator[Block]:
    """Yield the lines of a plain text; where one was wrapped, what follows belongs to it."""
    written = _EMPHASIS.sub(r"\2", text).split("\n")
    width = max(map(len, written))
    lines: list[str] = []
    for number, line in enumerate([*written, ""], 1):
        if lines and not _goes_on(lines[-1], line, width):
            first = number - len(lines)
            yield Block(text="\n".join(lines), line=first, row=first)
            lines = []
        lines.append(line)


def ends_sentence(text: str) -> bool:
    """Whether what follows a text is no part of its last sentence."""
    return _SENTENCE_END.search(text.rstrip()) is not None


def _goes_on(line: str, following: str, width: int) -> bool:
    """Whether a line was wrapped: its sentence goes on, and the next word had no room in it."""
    word = following.split(" ", maxsplit=1)[0]
    return word[:1].islower() and not ends_sentence(line) and len(line) + 1 + len(word) > width


def markdown_blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a Markdown page, tables and raw HTML included."""
    lines = text.split("\n")
    if lines[0] == "---" and "---" in lines[1:]:
        # Front matter, as generators of sites have it, is no part of the page.
        end = lines.index("---", 1) + 1
        text = "\n".join([*[""] * end, *lines[end:]])
    # Lines stay where they are, since passages are named by them.
    text = _UNSEEN_IN_MARKDOWN.sub(lambda found: "\n" * found[0].count("\n"), text)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    for token in tokens:
        if token.map and token.nesting >= 0 and token.type != "inline":
            token.attrSet("data-line", str(token.map[0] + 1))
    yield from html_blocks(parser.renderer.render(tokens, parser.options, {}))


def html_blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of an HTML page: what a reader sees of it, in the order of the source."""
    page = _page(BeautifulSoup(text, "html.parser"))
    rows = itertools.count(1)
    row_of: dict[int, int] = {}
    for tag, words in _runs(page):
        line = _line(tag)
        if tag.name == "pre" or tag.find_parent("pre") is not None:
            # Each line of a listing stands for itself.
            for number, listed in enumerate(words.split("\n")):
                yield Block(text=listed, line=line + number, row=next(rows))
            continue
        row = tag.find_parent("tr") if tag.name in _CELLS else None
        number = next(rows) if row is None else row_of.setdefault(id(row), next(rows))
        yield Block(text=words, line=line, row=number)


def _page(soup: BeautifulSoup) -> Tag:
    """Return what a page is about, without what its readers do not see, and without menus and footers."""
    for unseen in soup.find_all(_is_unseen):
        if isinstance(unseen, Tag) and unseen.name in ("img", "svg"):
            unseen.replace_with(_described(unseen))
        else:
            unseen.extract()
    for found in (soup.find_all("main"), soup.find_all(role="main"), soup.find_all("article")):
        if len(found) == 1 and isinstance(found[0], Tag):
            return found[0]
    return soup


def _is_unseen(tag: Tag) -> bool:
    # A tab is hidden until it is chosen, and read then.
    if tag.get("role") == "tabpanel":
        return False
    style = "".join(str(tag.get("style", "")).split())
    return (
        tag.name in (*_UNSEEN, *_AROUND, "img", "svg")
        or tag.has_attr("hidden")
        or tag.get("aria-hidden") == "true"
        or "display:none" in style
        or not _UNSEEN_CLASSES.isdisjoint(tag.get_attribute_list("class"))
    )


def _described(picture: Tag) -> str:
    """Return what a picture says: a tick may be the Yes of a table."""
    title = picture.find("title")
    return f" {picture.get('alt') or picture.get('aria-label') or (title.get_text() if title else '')} "


def _runs(page: Tag) -> Iterator[tuple[Tag, str]]:
    """Yield what stands together in a block, with the block."""
    pieces: list[str] = []
    within: Tag | None = None
    for node, tag in (*_texts(page), (None, page)):
        goes_on = node is not None and tag is within
        if node is not None and tag is within and pieces and pieces[-1] == _BREAK:
            # A sentence goes on after a line break.
            goes_on = str(node).lstrip()[:1].islower() and not ends_sentence("".join(pieces))
        if within is not None and not goes_on:
            if (run := "".join(pieces)).strip():
                yield within, run
            pieces, within = [], None
        if node is not None:
            within = tag
            pieces.append(str(node))


# No document has one here: its line ends were made plain.
_BREAK = "\N{LINE SEPARATOR}"


def _texts(page: Tag) -> Iterator[tuple[str, Tag]]:
    """Yield each text with the block that it stands in, and a `br` as the break that it is."""
    for node in page.descendants:
        if isinstance(node, Tag) and node.name != "br":
            continue
        if isinstance(node, Tag) or (isinstance(node, NavigableString) and not isinstance(node, PreformattedString)):
            block = next((parent for parent in node.parents if parent.name in _BLOCKS), page)
            yield _BREAK if isinstance(node, Tag) else str(node), block


def _line(tag: Tag) -> int:
    for found in (tag, *tag.find_all(lambda inner: "data-line" in inner.attrs, limit=1), *tag.parents):
        if "data-line" in found.attrs:
            return int(str(found["data-line"]))
    return tag.sourceline or 1


def _openapi(text: str, name: str) -> Mapping[str, Any]:
    try:
        data = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except (ValueError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())
        raise UsageError(f"{name}: expected JSON or YAML, got {said}. Check the file.") from error
    if not isinstance(data, dict) or not ({"openapi", "swagger"} & set(data)):
        raise UsageError(f"{name}: expected an OpenAPI document, got none. Its first key is openapi or swagger.")
    return data


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C loader is not always built
    """Safe YAML in which a date stays the text that it is in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def openapi_objects(document: OpenApi, operation: str) -> Mapping[str, str]:
    """Return the fingerprint of each object of an operation, by its JSON pointer from there.

    `operation` is an `operationId`, or a JSON pointer such as `/paths/~1messages/post`. An object's fingerprint is that
    of its own plain members, not of the objects in it; descriptions, titles and examples have one of their own, so
    that where one is reworded, nothing else changes. References are followed: a component that is called otherwise
    or stands elsewhere is no change. Entries of a list that have a name or title go by it, not by their position.
    Extensions (`x-`) say nothing about the API. `/url` is the method with the addresses. Empty where there is no such
    operation.
    """
    pointer = operation if operation.startswith("/") else _pointer_of(document.data, operation)
    if pointer is None or (start := _at(document.data, pointer)) is None:
        return {}
    found = {"/url": fingerprint(json.dumps(_addresses(document.data, pointer)))}
    _collect(document.data, start, "", (), found)
    return found


def _pointer_of(data: Mapping[str, Any], operation_id: str) -> str | None:
    for path, item in data.get("paths", {}).items():
        for method, operation in item.items():
            if isinstance(operation, dict) and operation.get("operationId") == operation_id:
                return f"/paths/{_token(path)}/{method}"
    return None


def _addresses(data: Mapping[str, Any], pointer: str) -> list[str]:
    """Return the method with each address of an operation: a prefix may move between the servers and the path."""
    *_, path, method = (token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/"))
    # The nearest list of servers counts: the operation's, the path's, the document's.
    nearest = (_at(data, f"{at}/servers") for at in (pointer, pointer.rpartition("/")[0], ""))
    listed = next((servers for servers in nearest if isinstance(servers, list)), [])
    servers = [str(server.get("url", "")) for server in listed]
    # Swagger 2.0
    servers = servers or [f"{data.get('host', '')}{data.get('basePath', '')}"]
    return sorted(f"{method} {server.rstrip('/')}{path}" for server in servers)


def _collect(whole: Mapping[str, Any], node: object, at: str, inside: tuple[str, ...], found: dict[str, str]) -> None:
    if isinstance(node, dict) and isinstance(target := node.get("$ref"), str):
        if target in inside:
            # A schema that contains itself counts once.
            return
        _collect(whole, _at(whole, target.removeprefix("#")), at, (*inside, target), found)
        return
    if isinstance(node, list):
        for index, item in enumerate(node):
            _collect(whole, item, f"{at}/{_item_name(whole, item, index)}", inside, found)
        return
    if not isinstance(node, dict):
        return
    prose = {key: node[key] for key in _PROSE if isinstance(node.get(key), str)}
    # OpenAPI's prose is Markdown.
    found.update(
        {f"{at}/{key}": fingerprint(stream_of(tuple(markdown_blocks(words))).text) for key, words in prose.items()}
    )
    own = {
        str(key): _plain(value)
        for key, value in node.items()
        if not str(key).startswith("x-") and key not in prose and _is_plain(value)
    }
    if own:
        found[at or "/"] = fingerprint(json.dumps(own, sort_keys=True, ensure_ascii=False))
    for key, value in node.items():
        if not str(key).startswith("x-") and not _is_plain(value):
            _collect(whole, value, f"{at}/{_token(str(key))}", inside, found)


def _item_name(whole: Mapping[str, Any], item: object, index: int) -> str:
    """Return what tells an entry of a list from the others: its name where it has one, else its position."""
    if isinstance(item, dict) and isinstance(target := item.get("$ref"), str):
        item = _at(whole, target.removeprefix("#"))
    if isinstance(item, dict) and isinstance(item.get("name"), str):
        return _token(":".join(str(item[key]) for key in ("in", "name") if key in item))
    return _token(item["title"]) if isinstance(item, dict) and isinstance(item.get("title"), str) else str(index)


def _is_plain(value: object) -> bool:
    return not isinstance(value, dict) and not (
        isinstance(value, list) and any(isinstance(x, dict | list) for x in value)
    )


def _plain(value: object) -> object:
    if isinstance(value, list):
        # A list of plain values is a set in all that OpenAPI says with one: required, enum, tags.
        return sorted((_plain(item) for item in value), key=repr)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _token(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1")


def _at(whole: object, pointer: str) -> object:
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(whole, dict):
            # YAML reads status codes as numbers.
            whole = whole.get(key, whole.get(int(key)) if key.isdigit() else None)
        elif isinstance(whole, list) and key.isdigit() and int(key) < len(whole):
            whole = whole[int(key)]
        else:
            return None
    return whole
