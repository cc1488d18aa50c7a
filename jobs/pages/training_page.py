"""Writes the page of a training while it runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from sisyphus import tk

from recipe import nn

from ..atomic_file import write_text
from ..training_progress import TrainingProgress, read_scores
from .content import Content, network_view, training_facts
from .step_scores import StepScores

_INTERVAL = 20.0
"""Seconds between two writings of the page."""


class TrainingPageWriter:
    """
    Writes the page; called, it does so if there are more steps than before, and that is some time ago.

    :param page: HTML file
    :param title: of the page
    :param directory: of the job
    :param network: what is trained
    :param engine: "tensorflow" or "torch"
    :param num_epochs: how many are wanted
    :param log: RETURNN's log
    :param learning_rates: RETURNN's learning-rate file
    :param options: of the training, as texts by name
    :param progress: gives how far it is
    """

    def __init__(
        self,
        page: tk.Path,
        *,
        title: str,
        directory: str,
        network: nn.Network | nn.StagedNetwork,
        engine: str,
        num_epochs: int,
        log: tk.Path,
        learning_rates: tk.Path,
        options: Mapping[str, str],
        progress: Callable[[], TrainingProgress],
    ):
        self._page, self._title, self._directory = page, title, directory
        self._network, self._engine, self._num_epochs = network, engine, num_epochs
        self._log, self._rates, self._options = log.get_path(), learning_rates.get_path(), options
        self._progress = progress
        self._steps = StepScores(self._log)
        self._content: Content | None = None
        self._written, self._stamp = -float("inf"), (0, 0)

    def __call__(self) -> None:
        stamp = _size(self._log), _size(self._rates)
        if stamp != self._stamp and time.monotonic() - self._written >= _INTERVAL:
            self.write()
            self._stamp = stamp

    def finish(self) -> None:
        """Writes it when all is done; what keeps it from that is printed, no more: the training is done."""
        try:
            self.write()
        except Exception as error:
            print(f"the page of the training cannot be written: {error!r}", flush=True)

    def write(self) -> None:
        """Writes it as it is now."""
        progress = self._progress()
        epochs = {number: data for number, data in read_scores(self._rates).items() if data.scores}
        if self._content is None:  # the picture is drawn once
            ids = {"training": os.path.basename(self._directory), "network": self._network.digest}
            self._content = Content(network_view(self._network), ids, options=self._options)
        content = self._content
        is_done = progress.done >= self._num_epochs
        content.state = "" if is_done else f"It trains: {progress.text() or 'no step is done yet'}"
        content.facts = training_facts(self._directory, self._log, self._engine)
        content.show_curves(epochs, self._steps.read(), self._num_epochs)
        write_text(self._page, content.page(self._title))
        self._written = time.monotonic()


def _size(path: str) -> int:
    return os.path.getsize(path) if os.path.exists(path) else 0
