"""What is said of a checkpoint that is needed and not there: which, what there is, how to get it back."""

from __future__ import annotations

import os

from .checkpoint_files import complete_epochs, epoch_of


def removed_checkpoint(model_dir: str, epoch: int, job: str) -> str:
    """
    Of a checkpoint of a training.

    :param job: id or directory of the training
    """
    there = sorted(complete_epochs(model_dir))
    others = f"there are those of the epochs {', '.join(map(str, there))}" if there else "there is none of any epoch"
    return (
        f"the checkpoint of epoch {epoch} was removed from {model_dir}; {others}. Put it back, or ask for another "
        f"epoch, or train again: ./sis retry --from-start {job}"
    )


def missing_files(prefix: str, ending: str) -> str:
    """
    Of any checkpoint.

    :param prefix: of its files
    :param ending: of a file that is not there
    """
    text = f"the checkpoint {prefix} is not there or not complete: it has no file {ending}"
    epoch, model_dir = epoch_of(prefix + ending), os.path.dirname(prefix)
    if epoch is None or not os.path.isdir(model_dir):
        return text
    return f"{text}; {removed_checkpoint(model_dir, epoch, os.path.dirname(os.path.dirname(model_dir)))}"
