"""What is printed when an experiment is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pronunciation_scoring import PronunciationScoringJob


def print_summary(
    name: str,
    scores: Mapping[str, PronunciationScoringJob],
    next_step: str,
    *,
    sequence: str = "word",
    has_training: bool = True,
    has_page: bool = False,
) -> None:
    """
    Prints the scores, where the plot and the reports are, and what to try next.

    :param name: of the experiment; its outputs stand under ``output/NAME/``
    :param scores: by part of the data
    :param next_step: a hint
    :param sequence: what a sequence of phones is called
    :param has_training: whether ``learning_curves.png`` is one of its outputs
    :param has_page: whether ``experiment.html`` is one of its outputs
    """
    print(f"\n{name}")
    for part, job in scores.items():
        wrong, phones = job.out_wer.get(), job.out_per.get()
        print(f"  {part:<5} {sequence} error rate {wrong:6.2f} %   phone error rate {phones:6.2f} %")
    if has_training:
        print(f"  learning curves: output/{name}/learning_curves.png")
    if has_page:
        print(f"  all of it on one page: output/{name}/experiment.html")
    print(f"  errors by kind, worst {sequence}s: output/{name}/{list(scores)[-1]}/report.txt")
    print(f"  next: {next_step}", flush=True)
