"""What a step of a rescoring reads beside its data: hypotheses of the few sequences that it is made with."""

from __future__ import annotations

from sisyphus import tk

from recipe import nn

from ..hypotheses import Hypothesis, write_hypotheses
from ..rescoring import label_names, target_of
from .step_data import made_up_dataset, tag_of


def write_made_up_hypotheses(path: tk.Path, network: nn.Network) -> None:
    """
    Writes two hypotheses of a few labels for each sequence.

    :param network: one that scores labels, which must be known
    """
    target, names = target_of(network), label_names(network)
    rows = made_up_dataset(network, {target.name: target})["data"]
    found = {}
    for row, sequence in enumerate(rows):
        labels = tuple(names[int(index)] for index in sequence[target.name])
        found[tag_of(row)] = [Hypothesis(labels, -1.0), Hypothesis(labels[::-1], -2.0)]
    write_hypotheses(path, found)


def sources_of(network: nn.Network) -> dict[str, nn.ExternData]:
    """The inputs that the data of a rescoring give: all but the labels that it scores."""
    return {name: data for name, data in network.extern_data.items() if data is not target_of(network)}
