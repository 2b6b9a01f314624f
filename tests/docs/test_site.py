"""The built site: without a warning, without a request to elsewhere, every link with its end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from .pages import DOCS, PAGES

pytestmark = pytest.mark.slow

LOADING = {"link": "href", "script": "src", "img": "src", "source": "src", "iframe": "src", "object": "data"}
_NOT_LOADED = {"next", "prev", "search", "index", "canonical"}


class _Page(HTMLParser):
    """Collects the ids, the links and what a page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADING and given.get("rel") not in _NOT_LOADED:
            self.loads.append(given.get(LOADING[tag], ""))
        self.loads += [item.split()[0] for item in given.get("srcset", "").split(",") if item.strip()]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(folder / "trees"), str(DOCS), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> Mapping[Path, _Page]:
    return {
        path: _Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts
    }


def test_every_page_is_built(site: Path) -> None:
    assert [name for name in PAGES if not (site / name).with_suffix(".html").is_file()] == []


def test_no_page_loads_anything_from_elsewhere(pages: Mapping[Path, _Page]) -> None:
    loaded = {(path.name, load) for path, page in pages.items() for load in page.loads}
    assert loaded
    assert [item for item in loaded if urlsplit(item[1]).scheme not in ("", "data") or item[1].startswith("//")] == []


def test_no_style_loads_anything_from_elsewhere(site: Path) -> None:
    styles = [path.read_text("utf-8") for path in site.rglob("*.css")]
    assert styles
    assert not any(mark in style for style in styles for mark in ("@import", "url(http", "url(//", 'url("http'))


def test_every_link_within_the_site_has_its_end(pages: Mapping[Path, _Page]) -> None:
    assert list(_broken(pages)) == []


def _broken(pages: Mapping[Path, _Page]) -> Iterator[str]:
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or not (parts.path or parts.fragment):
                continue
            end = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not end.exists() or (anchor and end in pages and anchor not in pages[end].ids):
                yield f"{path.name}: {link}"


def test_clause_is_found_by_its_id_as_it_stands(pages: Mapping[Path, _Page]) -> None:
    (page,) = (page for path, page in pages.items() if path.name == "clauses-textflow.html")
    assert "tf.auth.key-case" in page.ids


def test_clauses_are_in_the_index_of_the_search(site: Path) -> None:
    assert "tf.auth.key-case" in (site / "searchindex.js").read_text("utf-8")
