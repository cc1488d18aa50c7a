"""The report of a scoring, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def report_text(report: Mapping[str, Any]) -> str:
    """
    Rates, counts, speakers, confusions and the worst sequences, as plain text.

    :param report: of :func:`jobs.error_report.report`
    """
    return "\n".join([*_rates(report), *_speakers(report), *_labels(report), *_worst(report)]) + "\n"


def _rates(report: Mapping[str, Any]) -> Iterator[str]:
    label, sequence = report["label"], report["sequence"]
    width = max(len(label), len(sequence)) + len(" error rate")
    low, high = report["confidence_interval"]
    yield (
        f"{f'{sequence} error rate':<{width}}  {report['sequence_error_rate']:6.2f} %   "
        f"{report['wrong_sequences']} of {report['sequences']} {sequence}s"
    )
    yield (
        f"{f'{label} error rate':<{width}}  {report['error_rate']:6.2f} %   "
        f"{report['errors']} of {report['reference_labels']} {label}s, 95 % confidence {low:.2f} to {high:.2f} %"
    )
    yield "  " + ", ".join(f"{kind} {report[kind]}" for kind in ("substitutions", "insertions", "deletions"))
    yield f"  best of the beam (oracle): {report['oracle_error_rate']:.2f} %"
    yield f"  {sequence}s without hypothesis: {report['missing']}"
    yield ""


def _speakers(report: Mapping[str, Any]) -> Iterator[str]:
    if not report["speakers"]:
        return
    width = max(len("speaker"), *map(len, report["speakers"]))
    yield f"{'speaker':<{width}}  {'error rate':>10}  {'labels':>8}  {'sub':>6}  {'ins':>6}  {'del':>6}"
    for speaker, counts in report["speakers"].items():
        yield (
            f"{speaker:<{width}}  {counts['error_rate']:>8.2f} %  {counts['reference_labels']:>8}  "
            f"{counts['substitutions']:>6}  {counts['insertions']:>6}  {counts['deletions']:>6}"
        )
    yield ""


def _labels(report: Mapping[str, Any]) -> Iterator[str]:
    yield "most frequent substitutions (right -> found)"
    for (right, found), count in report["confusions"]:
        yield f"  {count:5d}  {right} -> {found}"
    yield ""
    for kind, title in (("inserted", "insertions"), ("deleted", "deletions")):
        yield f"most frequent {title + ':':<12}" + ", ".join(f"{label} {count}" for label, count in report[kind])
    yield ""


def _worst(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"worst {report['sequence']}s"
    for entry in report["worst"]:
        yield f"  {entry['seq_tag']:<20} {entry['errors']:2d} errors   right: {' '.join(entry['reference'])}"
        yield f"  {'':<20} {'':9}   found: {' '.join(entry['hypothesis']) or '(nothing)'}"
