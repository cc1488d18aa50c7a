"""The checkpoints of a training after RETURNN has ended: one that it could not read, and those that stay."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .checkpoint import complete_epochs, remove_checkpoint
from .keep_rules import KeepRules
from .learning_rates import EpochData
from .returnn_errors import ReturnnError


def drop_unreadable(model_dir: str, error: ReturnnError) -> bool:
    """
    Removes the newest checkpoint if RETURNN could not read it.

    :param error: what RETURNN ended with
    :return: whether there was one to remove
    """
    epochs = complete_epochs(model_dir)
    if not epochs or not error.is_unreadable_checkpoint:
        return False
    newest = max(epochs)
    print(f"the checkpoint of epoch {newest} cannot be read; it is removed, training goes on from the one before")
    remove_checkpoint(model_dir, newest)
    return True


def check_done(model_dir: str, wanted: Collection[int], keep_rules: KeepRules, scores: Mapping[int, EpochData]) -> None:
    """
    Removes what is not to be kept, when the training is done.

    :param wanted: the epochs whose checkpoints are outputs
    :param scores: of all epochs
    :raises ReturnnError: if one that is wanted is not there
    """
    there = complete_epochs(model_dir)
    missing = [epoch for epoch in wanted if epoch not in there]
    if missing:
        raise ReturnnError(f"RETURNN ended well, but the checkpoints of the epochs {missing} are not there")
    for epoch in there - keep_rules.kept(there, scores) - set(wanted):
        remove_checkpoint(model_dir, epoch)
