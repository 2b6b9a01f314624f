"""The fixtures of a suite: evidence, run, verdict."""

from __future__ import annotations

import pytest

from sendproof.judge.verdicts import ERROR
from sendproof.reports import html
from sendproof.reports.curl import reproduction
from sendproof.reports.run_view import Run
from sendproof.runs.evidence_on_disk import Gathered
from sendproof.runs.session import NAME, Session
from sendproof.runs.suite import EXTRAS, VERDICT, ClauseVerdict


@pytest.fixture(scope="session")
def sendproof_session(pytestconfig: pytest.Config) -> Session:
    """The session of sendproof: its options, contract and target."""
    session = pytestconfig.pluginmanager.get_plugin(NAME)
    assert isinstance(session, Session), "the fixtures are registered with the session"
    return session


@pytest.fixture(scope="session")
def gathered(sendproof_session: Session, request: pytest.FixtureRequest) -> Gathered:
    """The evidence of the run, gathered when the first item asks for it."""
    return sendproof_session.gather(request.session.items)


@pytest.fixture(scope="session")
def sendproof_run(sendproof_session: Session, gathered: Gathered) -> Run:
    """The judged run."""
    return sendproof_session.run.judged(gathered)


@pytest.fixture
def verdict(sendproof_session: Session, sendproof_run: Run, request: pytest.FixtureRequest) -> ClauseVerdict:
    """The verdict of the clause that the item is named by."""
    if sendproof_run.environment_error:
        request.session.shouldfail = "the target cannot be judged"
        request.node.user_properties.append((VERDICT, ERROR))
        pytest.fail(sendproof_run.environment_error, pytrace=False)
    found = next(item for item in sendproof_run.verdicts if item.clause.id == request.node.name)
    reproduce = reproduction(found, sendproof_run, sendproof_session.contract.provider)
    request.node.user_properties.extend(html.properties(found, reproduce))
    request.node.stash[EXTRAS] = html.extras(found, reproduce)
    return ClauseVerdict(
        verdict=found,
        reproduce=reproduce,
        waiver=sendproof_run.waived.get(found.clause.id),
        strict=sendproof_session.options.strict,
    )
