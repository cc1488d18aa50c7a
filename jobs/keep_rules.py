"""Which checkpoints of a training are kept: what was asked for at its start, and what jobs downstream ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from .learning_rates import EpochData, best_epochs


@dataclasses.dataclass
class KeepRules:
    """
    :ivar epochs: these, and always the last one of the training; None: all
    :ivar last_n: the last ones
    :ivar best_n: the best ones by each key of scores
    """

    epochs: set[int] | None = None
    last_n: int = 1
    best_n: int = 0

    def ask_for_last(self, number: int) -> None:
        """Keeps at least so many of the last epochs."""
        self.last_n = max(self.last_n, number)

    def ask_for_best(self, number: int) -> None:
        """Keeps at least so many of the best epochs by each key."""
        self.best_n = max(self.best_n, number)

    def join(self, epochs: Collection[int] | None, last: Collection[int]) -> None:
        """
        Keeps also what another graph wants of the same training.

        :param epochs: that it wants; None: all
        :param last: the last epochs of both
        """
        self.epochs = None if epochs is None or self.epochs is None else {*self.epochs, *epochs, *last}

    def returnn_option(self) -> dict[str, Any] | bool:
        """
        RETURNN's ``cleanup_old_models``, by which it removes checkpoints after each epoch.

        While it trains, two are kept at least: if the newest one turns out damaged, there is one to go back to.
        """
        if self.epochs is None:
            return False
        return {"keep": sorted(self.epochs), "keep_last_n": max(2, self.last_n), "keep_best_n": self.best_n}

    def kept(self, there: Collection[int], scores: Mapping[int, EpochData]) -> set[int]:
        """
        Those that stay when the training is done.

        :param there: epochs that have a checkpoint
        :param scores: of all epochs
        """
        if self.epochs is None:
            return set(there)
        kept = set(self.epochs) | set(sorted(there)[-self.last_n :])
        keys = {key for epoch in there if epoch in scores for key in scores[epoch].scores}
        for key in keys:
            kept.update(best_epochs({epoch: scores[epoch] for epoch in there if epoch in scores}, key)[: self.best_n])
        return kept & set(there)
