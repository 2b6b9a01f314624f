"""Reads a page as a browser would: its elements, its rows and cells."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "input", "br", "line", "circle", "rect"}
OURS = {
    *("html", "head", "meta", "title", "style", "body", "script", "a", "header", "main", "footer", "section", "div"),
    *("h1", "h2", "h3", "p", "span", "ul", "li", "dl", "dt", "dd", "pre", "code", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td", "form", "label", "select", "option", "input", "button", "output"),
    *("svg", "line", "circle", "rect", "text"),
}


class Page(HTMLParser):
    """`tags` are all elements with their attributes, `text` is what a reader sees, `rows` the data rows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.rows: list[dict[str, str]] = []
        self.cells: list[list[str]] = []
        self._stack: list[str] = []
        self._texts: list[str] = []
        self._in_row = False
        self.feed(html)
        assert not self._stack

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag not in VOID:
            self._stack.append(tag)
        if tag == "tr":
            self._in_row = "data-row" in given
            if self._in_row:
                self.rows.append(given)
                self.cells.append([])
        if tag == "td" and self._in_row:
            self.cells[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._stack and self._stack[-1] in ("style", "script"):
            return
        self._texts.append(data)
        if self._in_row and self.cells and self.cells[-1] and "td" in self._stack:
            self.cells[-1][-1] += data
