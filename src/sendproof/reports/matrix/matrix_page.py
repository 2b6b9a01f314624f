"""Vendors side by side as a page that stands by itself."""

from __future__ import annotations

import sendproof
from sendproof.contract.clause import CONCERNS
from sendproof.reports.matrix import matrix_words as words
from sendproof.reports.matrix.differences import KINDS, SHORT_KINDS
from sendproof.reports.matrix.figures import spend_plots, time_plot, times
from sendproof.reports.matrix.rows import WORST_FIRST, Table
from sendproof.reports.matrix.view import view
from sendproof.reports.pages import render


def to_page(table: Table) -> str:
    """Return the page, of at most 5 MB however much evidence there is."""
    shown = view(table)
    measured = times(table)
    return render(
        "vendors.html",
        version=sendproof.__version__,
        table=table,
        view=shown,
        concerns=[concern for concern in CONCERNS if table.of(concern)],
        kinds=KINDS,
        short_kinds=SHORT_KINDS,
        states=WORST_FIRST,
        words=words,
        times=measured,
        time_plot=time_plot(measured),
        spend=spend_plots(table),
        has_mock=any(column.run.kind == "mock" for column in table.columns),
    )
