"""What the engines call the scores of a training in RETURNN's learning-rate file."""

from __future__ import annotations

import re

from recipe import nn


def score_key(key: str, engine: str, network: nn.Network) -> str:
    """
    The key of a score on an engine, by that on either.

    On TensorFlow RETURNN calls the score of a network's only loss ``dev_score``, and that of what is marked with
    ``as_error=True`` ``dev_error``; of several ``dev_score_NAME``. On PyTorch it calls all of them ``dev_loss_NAME``.

    :param key: as ``dev_score``
    :param engine: of the training
    :param network: that is trained
    :return: the key on PyTorch if it is one of TensorFlow for a loss of the network; else the same
    """
    match = re.fullmatch(r"(\w+?)_(score|error)(?:_(.+))?", key)
    if engine != "torch" or match is None:
        return key
    names = [loss.name for loss in network.losses if loss.as_error == (match[2] == "error")]
    if match[3] is not None:
        names = [name for name in names if name == match[3]]
    return f"{match[1]}_loss_{names[0]}" if len(names) == 1 else key
