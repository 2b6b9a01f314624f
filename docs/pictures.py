"""Make the pictures of the site: `python docs/pictures.py [NAME...]`.

Judges mocks on loopback, opens the pages that come of it in headless Chromium, and cuts out their
beginnings. It needs playwright, and Chromium at `/usr/bin/chromium` or in the variable `CHROMIUM`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import FloatRect, Page, sync_playwright

from sendproof.cli import main
from sendproof.mock.accounts import Provider, Settings
from sendproof.mock.profiles import profile_toml
from sendproof.mock.server import MockServer

PICTURES = Path(__file__).parent / "pictures"
WIDTH, MARGIN = 1000, 20
PORT = 8085
SETTINGS = Settings(window_s=1.0)
MOST_BYTES = 150_000
_CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# The faults of one concern are enough for a picture.
_FAULTS = (
    "key-not-needed",
    "key-empty-accepted",
    "key-unknown-accepted",
    "key-case-ignored",
    "key-prefix-enough",
    "key-tail-ignored",
    "key-head-ignored",
    "key-inactive-accepted",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page to be made in a folder, and how many pixels of it are shown, from its top or from a heading."""

    make: Callable[[Path], Path]
    height: int
    heading: str | None = None


def _run(
    folder: Path, reports: str, *, provider: Provider = "textflow", fault: str | None = None, variant: str | None = None
) -> Path:
    """Judge a mock as a live target called `staging`; return the folder of its reports."""
    with MockServer(provider, port=PORT, window_s=SETTINGS.window_s, fault=fault, variant=variant) as mock:
        profile = folder / "staging.toml"
        profile.write_text(profile_toml(provider, mock.base_url, SETTINGS), "utf-8")
        profile.chmod(0o600)
        main(["run", "--target", str(profile), "--report-dir", str(folder / reports), "--quiet"])
    return folder / reports / "staging"


def _green(folder: Path) -> Path:
    return _run(folder, "green") / "report.html"


def _broken(folder: Path) -> Path:
    return _run(folder, "broken", fault="message-optional") / "report.html"


def _comparison(folder: Path) -> Path:
    before = _run(folder, "before")
    after = _run(folder, "after", fault="message-optional", variant="more-members")
    page = folder / "comparison.html"
    main(["compare", str(before), str(after), "-o", str(page)])
    return page


def _matrix(folder: Path) -> Path:
    columns = [_run(folder, "one", provider="textingline"), _run(folder, "other", fault="key-case-ignored")]
    page = folder / "matrix.html"
    main(["matrix", *map(str, columns), "-o", str(page)])
    return page


def _kill_matrix(folder: Path) -> Path:
    only = [word for name in _FAULTS for word in ("--only", name)]
    main(["selftest", "textflow", *only, "--report-dir", str(folder), "--quiet"])
    return folder / "selftest" / "matrix.html"


ALL: Mapping[str, Picture] = {
    "report-green": Picture(make=_green, height=640),
    "report-broken": Picture(make=_broken, height=760),
    "comparison": Picture(make=_comparison, height=760),
    "matrix": Picture(make=_matrix, height=700, heading="What else differs"),
    "kill-matrix": Picture(make=_kill_matrix, height=440, heading="auth"),
}


@contextmanager
def _browser() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS))
        page = browser.new_page(color_scheme="light", reduced_motion="reduce")
        yield page
        browser.close()


def _shoot(page: Page, source: Path, name: str) -> None:
    picture = ALL[name]
    page.set_viewport_size({"width": WIDTH, "height": picture.height})
    page.goto(source.as_uri())
    top = 0.0
    if picture.heading is not None:
        box = page.locator("h2, h3").filter(has_text=picture.heading).first.bounding_box()
        top = box["y"] - MARGIN if box else 0.0
    file = PICTURES / f"{name}.png"
    clip: FloatRect = {"x": 0, "y": top, "width": WIDTH, "height": picture.height}
    page.screenshot(path=file, clip=clip, full_page=True)
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{file}: expected at most {MOST_BYTES:,} bytes, got {size:,}. Make it less high.")
    sys.stdout.write(json.dumps({"picture": name, "bytes": size}) + "\n")


def make(names: tuple[str, ...]) -> None:
    """Make the pictures of these names, each in a folder of its own that is gone afterwards."""
    PICTURES.mkdir(exist_ok=True)
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            # The pages are made first: pytest and playwright both want the event loop.
            source = ALL[name].make(Path(folder))
            with _browser() as page:
                _shoot(page, source, name)


if __name__ == "__main__":
    chosen = tuple(sys.argv[1:]) or tuple(ALL)
    if unknown := set(chosen) - set(ALL):
        sys.exit(f"pictures: expected some of {', '.join(ALL)}, got {', '.join(sorted(unknown))}.")
    make(chosen)
