"""`sendproof drift`, as it is called."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from sendproof.cli import main
from sendproof.commands.drift_command import report_drift
from sendproof.contract.documents import text_blocks
from sendproof.contract.drift import drift_of
from sendproof.contract.lock import Lock, load_lock
from sendproof.contract.model import Contract, load_contract
from sendproof.folders import schemas_dir

Captured = pytest.CaptureFixture[str]
CLAUSES = ("tf.requests.to-required", "tf.requests.message-max-refused")
TEXT = "Everything about texts\nThe field to is required.\nA message has at most 1,600 characters.\n"
TODAY = date(2026, 2, 1)


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    """Return a contract whose document is the text above: a heading, and a clause for each other line."""
    shutil.copytree(schemas_dir(), tmp_path / "schemas")
    empty = Lock(document="textflow-send-sms", retrieved="2026-01-01", operation=None, passages=())
    lock = drift_of("textflow", empty, [tuple(text_blocks(TEXT))], today="2026-01-01").lock
    heading, *rest = lock.passages
    rest = [replace(passage, clauses=(clause,)) for passage, clause in zip(rest, CLAUSES, strict=True)]
    lock = replace(lock, passages=(replace(heading, informative="heading"), *rest))
    (tmp_path / "schemas/textflow/document.lock").write_text(lock.to_toml(), "utf-8")
    return load_contract("textflow", tmp_path / "schemas")


def reported(contract: Contract, text: str, form: str = "terminal", *, writes: bool = False) -> int:
    return report_drift(contract, [tuple(text_blocks(text))], form=form, writes=writes, today=TODAY)


def test_document_that_says_the_same_is_exit_0(contract: Contract, capsys: Captured) -> None:
    assert reported(contract, TEXT.replace("\n", "\n\n")) == 0
    assert capsys.readouterr().out == "textflow: no clause in doubt, 3 of 3 passages stand\n"


def test_clause_in_doubt_is_exit_1_and_said_with_its_claim_and_the_new_words(
    contract: Contract, capsys: Captured
) -> None:
    assert reported(contract, TEXT.replace("1,600", "1,400")) == 1
    said = capsys.readouterr().out
    assert CLAUSES[1] in said
    assert contract.clauses[CLAUSES[1]].claim in said
    assert "now 'A message has at most 1,400 characters.'" in said
    assert CLAUSES[0] not in said
    assert said.endswith("textflow: 1 clause in doubt, 2 of 3 passages stand; 1 passage new\n")


def test_change_of_what_promises_nothing_is_exit_0(contract: Contract, capsys: Captured) -> None:
    assert reported(contract, TEXT.replace("Everything", "All")) == 0
    assert "(heading)" in capsys.readouterr().out


def test_json_names_each_clause_with_its_passages(contract: Contract, capsys: Captured) -> None:
    assert reported(contract, TEXT.replace("required", "optional"), "json") == 1
    made = json.loads(capsys.readouterr().out)
    assert made["exit_code"] == 1
    assert [clause["id"] for clause in made["in_doubt"]] == [CLAUSES[0]]
    assert made["in_doubt"][0]["passages"] == [{"at": 2, "state": "gone", "now": "The field to is optional."}]
    assert made["new"] == [{"at": 2, "text": "The field to is optional."}]


@pytest.mark.parametrize(("form", "escaped"), [("markdown", "\\@everyone"), ("github", "%25 @everyone")])
def test_words_of_the_document_are_no_markup(contract: Contract, capsys: Captured, form: str, escaped: str) -> None:
    hostile = TEXT.replace("required.", "required.\n::error::<script>% @everyone\x1b[2J")
    assert reported(contract, hostile, form) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert escaped in said
    if form == "github":
        assert [line[:8] for line in said.splitlines()] == ["::notice"]
    else:
        assert "<script>" not in said


def test_annotation_of_github_is_one_line_for_each_clause(contract: Contract, capsys: Captured) -> None:
    assert reported(contract, "Everything about texts\n\nEntirely new words", "github") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("::")[1].split(" title")[0] for line in lines] == ["warning", "warning", "notice"]


def test_lock_is_written_with_what_must_be_read(contract: Contract, capsys: Captured) -> None:
    assert reported(contract, TEXT.replace("1,600", "1,400"), writes=True) == 1
    file = contract.folder / "document.lock"
    assert re.search(r"wrote \S+document\.lock: 1 passage to read", capsys.readouterr().err.replace("\n", " "))
    lock = load_lock(file)
    assert (lock.retrieved, [passage.is_unread for passage in lock.passages]) == ("2026-02-01", [False, False, True])
    assert reported(contract, TEXT.replace("1,600", "1,400")) == 0


@pytest.mark.parametrize(
    "page",
    ["", "<p></p>", "<h1>Just a moment...</h1><p>Verify you are human</p>", "<form><input name=user>Log in</form>"],
)
def test_page_with_nothing_of_the_document_is_exit_4(page: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "page.html").write_text(page)
    assert main(["drift", "textingline", "--document", str(tmp_path / "page.html")]) == 4
    assert "expected textingline-send-a-message, got a page with none of its" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 4, "expected --document FILE or --url URL, got neither or both"),
        (["--document", "a.txt", "--url", "https://a.example"], 4, "got neither or both"),
        (["--document", "none.txt"], 4, "none.txt: expected a readable file"),
        (["--url", "ftp://a.example/b"], 4, "expected an address that begins with https://"),
        (["--url", "http://a.example/b"], 4, "expected https, got http for a.example"),
        (["--url", "http://127.0.0.1:1/page"], 11, "expected a page, got ConnectError"),
    ],
)
def test_wrong_words_are_said_and_nothing_is_judged(
    arguments: list[str], code: int, said: str, capsys: Captured
) -> None:
    assert main(["drift", "textflow", *arguments]) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


class Pages(BaseHTTPRequestHandler):
    """Serves a page, a page that moved, and none."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status = {"/page": 200, "/old": 301}.get(self.path, 404)
        self.send_response(status)
        if status == 301:
            self.send_header("Location", "/page")
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<main><p>Entirely new words</p></main>")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[str]:
    Pages.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_page_is_fetched_once(pages: str, capsys: Captured) -> None:
    assert main(["drift", "textflow", "--url", f"{pages}/page"]) == 4
    assert "the new copy: expected textflow-send-sms" in capsys.readouterr().err
    assert Pages.asked == ["/page"]


@pytest.mark.parametrize(("path", "said"), [("/old", "got 301. It moved to '/page': name that"), ("/none", "got 404")])
def test_answer_that_is_no_page_is_exit_11(pages: str, path: str, said: str, capsys: Captured) -> None:
    assert main(["drift", "textflow", "--url", f"{pages}{path}"]) == 11
    assert said in capsys.readouterr().err
    assert Pages.asked == [path]
