"""The checkpoints of a training after RETURNN has ended: one that it could not read, and those that stay."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .checkpoint_files import complete_epochs, has_half_written, remove_checkpoint
from .keep_rules import KeepRules
from .learning_rates import EpochData
from .returnn_errors import ReturnnError
from .training_progress import read_scores


def trained_epochs(learning_rates: str) -> int:
    """
    How many epochs a training has done, by its learning-rate file: that stays when checkpoints are removed.

    An epoch counts once it is scored on the dev data, as its checkpoint was written before.
    """
    scores = read_scores(learning_rates)
    return max(
        (epoch for epoch, data in scores.items() if any(key.startswith("dev") for key in data.scores)), default=0
    )


def check_goes_on(model_dir: str, learning_rates: str, job_id: str) -> set[int]:
    """
    Checks that a training that was begun can go on: it is not begun anew because its checkpoints were removed.

    :param job_id: for the message
    :return: the epochs before its newest checkpoint that have none any more
    :raises ReturnnError: if epochs were trained, and there is no checkpoint of any
    """
    there, trained = complete_epochs(model_dir), trained_epochs(learning_rates)
    if trained and not there and not has_half_written(model_dir):
        raise ReturnnError(
            f"{trained} epochs were trained, and all checkpoints in {model_dir} were removed since: put that of epoch "
            f"{trained} back, or train from the beginning: ./sis retry --from-start {job_id}"
        )
    return set(range(1, max(there, default=0))) - there


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
    for epoch in unneeded_epochs(model_dir, wanted, keep_rules, scores):
        remove_checkpoint(model_dir, epoch)


def unneeded_epochs(
    model_dir: str, wanted: Collection[int], keep_rules: KeepRules, scores: Mapping[int, EpochData]
) -> set[int]:
    """
    The epochs that have a checkpoint which is not to be kept.

    :param wanted: the epochs whose checkpoints are outputs
    :param scores: of all epochs
    """
    there = complete_epochs(model_dir)
    return there - keep_rules.kept(there, scores) - set(wanted)
