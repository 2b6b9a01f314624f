"""The list of what was sent: who is in it, and what is not shown of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from sendproof.judge.history import judge
from sendproof.reports.write import SENT_COLUMNS as COLUMNS
from sendproof.reports.write import write_sent
from sendproof.target.pseudonyms import Pseudonym
from tests.judge.support import ACCOUNT, FLOW, RECIPIENT, Talk, flow, flow_answer, flow_message, flow_refusal
from tests.reports.support import HOSTILE, run_of


def written(talk: Talk, folder: Path, **facts: Any) -> list[dict[str, str]]:
    judgements = judge(FLOW, ACCOUNT, talk.exchanges).judgements
    path = folder / "sent.csv"
    write_sent(run_of(exchanges=tuple(talk.exchanges), judgements=judgements, **facts), FLOW, path)
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert all(tuple(line) == COLUMNS for line in lines)
    return lines


def test_messages_are_listed_and_what_made_none_is_not(tmp_path: Path) -> None:
    talk = flow()
    talk.say(flow_message(), 200, flow_answer(1))
    talk.say(flow_message(to="123"), 400, flow_refusal("Invalid phone number format (must be 10 or 11 digits)"))
    talk.say(flow_message(), 200, flow_refusal("No"))
    talk.say(flow_message(), 429, flow_refusal("Too many"))
    talk.say(flow_message(), 200, flow_answer(2, status="failed"))
    talk.say(flow_message(), None, failure="connect")
    talk.say(flow_message(), None, failure="timeout")
    talk.say(flow_message(), 502, b"<html>")
    lines = written(talk, tmp_path)
    assert [(line["exchange"], line["outcome"]) for line in lines] == [
        ("x1", "accepted"),
        ("x5", "failed"),
        ("x7", "unknown"),
        ("x8", "unknown"),
    ]
    assert lines[0]["id"] == flow_answer(1)["data"]["messageId"]
    assert lines[0]["time"] == "1970-01-01T00:00:01.000+00:00"
    assert "tf.requests.valid-accepted" in lines[0]["clauses"].split()


def test_clauses_of_a_message_that_should_not_have_passed_are_its_reasons(tmp_path: Path) -> None:
    talk = flow()
    talk.say(flow_message(to="123"), 200, flow_answer(1))
    [line] = written(talk, tmp_path)
    assert line["clauses"] == "tf.requests.to-digits"
    assert line["recipient"] == "[no number of the plan]"


def test_number_of_somebody_is_redacted(tmp_path: Path) -> None:
    talk = flow()
    talk.say(flow_message(), 200, flow_answer(1))
    known = Pseudonym(shown=RECIPIENT, setting="account.recipients no. 1", variable="SENDPROOF_RECIPIENT_1")
    [line] = written(talk, tmp_path, pseudonyms=(known,))
    assert line["recipient"] == f"'+1********{RECIPIENT[-2:]}"


def test_id_of_a_target_is_no_formula_and_no_control(tmp_path: Path) -> None:
    talk = flow()
    for hostile in ("=cmd|'/c calc'!A0", "@SUM(A1)", "-1+1", HOSTILE):
        answer = flow_answer(1)
        talk.say(flow_message(), 200, {**answer, "data": {**answer["data"], "messageId": hostile}})
    lines = written(talk, tmp_path)
    assert [line["id"][:2] for line in lines[:3]] == ["'=", "'@", "'-"]
    text = (tmp_path / "sent.csv").read_text("utf-8")
    assert not {char for char in text if not char.isprintable()} - {"\r", "\n"}
    assert text.count("\n") == 5
