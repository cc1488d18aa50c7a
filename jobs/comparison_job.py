"""The job that compares experiments of a graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sisyphus import Job, Task, tk

from .atomic_file import write_text
from .comparison.comparison import compare
from .comparison.experiment import Experiment, read_epochs, read_scores
from .comparison.page import comparison_page
from .comparison.text import comparison_lines


class ComparisonJob(Job):
    """
    Experiments beside each other: scores with significance, and learning curves, as a page and as text.

    :param scores: scoring jobs' ``(out_report, out_alignments)``, by experiment and part of the data; what the others
        are compared with is the first experiment
    :param curves: ``TrainingJob.out_learning_curves_json``, by experiment; may be left out
    :param title: of the page
    """

    def __init__(
        self,
        scores: dict[str, dict[str, tuple[tk.Path, tk.Path]]],
        *,
        curves: dict[str, tk.Path] | None = None,
        title: str = "comparison",
    ):
        unknown = sorted(set(curves or {}) - set(scores))
        if unknown or not scores:
            raise ValueError(
                f"there are curves of {', '.join(unknown) or 'nothing'}, and scores of {', '.join(scores)}"
            )
        self.scores, self.curves, self.title = scores, curves or {}, title

        self.out_page = self.output_path("comparison.html")
        self.out_text = self.output_path("comparison.txt")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes both.

        :raises ValueError: at a malformed file
        """
        comparison = compare([self._experiment(name, parts) for name, parts in self.scores.items()])
        write_text(self.out_text, "\n".join(comparison_lines(comparison, 120)))
        write_text(self.out_page, comparison_page(comparison, self.title))

    def _experiment(self, name: str, parts: dict[str, Any]) -> Experiment:
        scores = {part: read_scores(*(path.get_path() for path in paths)) for part, paths in parts.items()}
        return Experiment(name, scores, read_epochs(self.curves[name].get_path()) if name in self.curves else {})
