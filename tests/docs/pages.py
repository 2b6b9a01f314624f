"""The pages of the site as they stand in `docs/`, and what they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES: Mapping[str, str] = {
    path.relative_to(DOCS).as_posix(): path.read_text("utf-8") for path in sorted(DOCS.rglob("*.md"))
}
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>[^\n]*)\n(?P<body>.*?)^(?P=fence)`*$", re.MULTILINE | re.DOTALL)
_SHELLS = ("sh", "console", "bash", "shell")
_ENDS = {"&&", "||", ";", "|", ">", ">>", "2>", "<"}


def fences(text: str) -> Iterator[tuple[str, str]]:
    """Yield (language, body) of each fenced block."""
    for found in _FENCE.finditer(text):
        yield found["language"].strip(), found["body"]


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", text)


def calls(program: str, text: str) -> Iterator[tuple[str, ...]]:
    """Yield the words after a program in each call that a page shows: in blocks of code and in code spans."""
    for line in _lines(text):
        for start in re.finditer(rf"(?:^\s*(?:\$ |- (?:run: )?|run: )?|&& |; ){program}(?= [a-z]| --)", line):
            words = shlex.split(line[start.end() :], comments=True)
            end = next((index for index, word in enumerate(words) if word in _ENDS), len(words))
            yield tuple(words[:end])


def _lines(text: str) -> Iterator[str]:
    for language, body in fences(text):
        if language in _SHELLS or language.startswith(("yaml", "yml")):
            yield from re.sub(r"\\\n\s*", " ", body).splitlines()
    yield from (span for span in re.findall(r"`([^`\n]+)`", prose(text)) if not span.startswith("--"))


def links(text: str) -> Iterator[str]:
    """Yield the target of each link and image of a page."""
    yield from re.findall(r"\]\(([^)\s]+)\)", prose(text))
    for language, _ in fences(text):
        if match := re.fullmatch(r"\{(?:image|figure)\} (\S+)", language):
            yield match[1]
