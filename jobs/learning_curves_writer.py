"""Writes the learning curves of a training while it runs."""

from __future__ import annotations

import os

from sisyphus import tk

from .atomic_file import replacing, write_json, write_text
from .learning_curves import curves_json, curves_table, draw_curves
from .training_progress import read_scores


class LearningCurvesWriter:
    """
    Writes picture, table and JSON; called, it does so if RETURNN has written scores since the last time.

    :param learning_rates: RETURNN's learning-rate file
    :param picture: PNG file
    :param table: text file
    :param json: JSON file
    """

    def __init__(self, learning_rates: tk.Path, *, picture: tk.Path, table: tk.Path, json: tk.Path):
        self.learning_rates = learning_rates
        self.picture, self.table, self.json = picture, table, json
        self._written: float | None = None

    def __call__(self) -> None:
        path = self.learning_rates.get_path()
        changed = os.stat(path).st_mtime_ns if os.path.exists(path) else None
        if changed is not None and changed != self._written:
            self.write()
            self._written = changed

    def write(self) -> None:
        """Writes all three files, of the epochs that have scores."""
        epochs = {number: data for number, data in read_scores(self.learning_rates.get_path()).items() if data.scores}
        write_json(self.json, curves_json(epochs))
        write_text(self.table, curves_table(epochs))
        with replacing(self.picture) as part:
            draw_curves(epochs, part)
