"""Reads a page as a browser would: its elements, and the text that a reader sees."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "rect"}
OURS = {
    *("html", "head", "meta", "title", "style", "body", "script", "a", "header", "main", "footer", "section", "nav"),
    *("h1", "h2", "h3", "h4", "p", "span", "strong", "ul", "li", "pre", "code", "button", "article", "div"),
    *("table", "thead", "tbody", "tr", "th", "td", "svg", "line", "rect", "text"),
}


class Page(HTMLParser):
    """`tags` are all elements with their attributes, `text` is what a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        self.feed(html)
        assert not self._open

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self._texts.append(data)
