"""A comparison as an HTML page."""

from __future__ import annotations

from ..pages.page import render
from .comparison import Comparison, Result, number, p_text


def comparison_page(comparison: Comparison, title: str) -> str:
    """Tables, all curves in one plot, what differs."""
    parts = [(part.title, part.sequence, [_row(result) for result in part.results]) for part in comparison.parts]
    return render("comparison.html", title=title, comparison=comparison, result_parts=parts)


def _row(result: Result) -> dict[str, str]:
    report, found = result.scores.report, result.difference
    low, high = report["confidence_interval"]
    row = {
        "name": result.name,
        "rate": number(report["error_rate"]),
        "interval": f"{number(low)} to {number(high)}",
        "wrong": number(report["sequence_error_rate"]),
        "difference": result.note,
        "difference_interval": "",
        "p": "",
        "kind": "",
    }
    if found is not None:
        row["difference"] = f"{found.value:+.2f}"
        row["difference_interval"] = f"{found.low:+.2f} to {found.high:+.2f}"
        row["p"] = p_text(found.p)
        row["kind"] = ("better" if found.value < 0 else "worse") if found.is_significant else ""
    return row
