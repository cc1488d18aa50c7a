"""One of several networks, chosen by a value that another job finds out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sisyphus import tk

from recipe import nn


class SelectedNetwork:
    """
    One of several networks; jobs that run a trained network take it in place of one.

    A network is recorded when the graph is written, and what a tuning finds is known later: so all of them are
    recorded, and the one is taken when its job runs.

    :param networks: all of them
    :param index: which one, from 0; a variable
    """

    def __init__(self, networks: Sequence[nn.Network], index: tk.Variable):
        if not networks:
            raise ValueError("there is no network to choose from")
        self.networks = list(networks)
        self.index = index

    def get(self) -> nn.Network:
        """
        The one that was chosen; only once the variable is set.

        :raises ValueError: if there is none with that index
        """
        index = self.index.get()
        if not isinstance(index, int) or not 0 <= index < len(self.networks):
            raise ValueError(f"{self.index.get_path()} is {index!r}, but there are {len(self.networks)} networks")
        return self.networks[index]

    def __sis_state__(self) -> dict[str, Any]:
        return {"networks": self.networks, "index": self.index}


def all_networks(network: nn.Network | SelectedNetwork) -> Iterable[nn.Network]:
    """Those that may be run."""
    return network.networks if isinstance(network, SelectedNetwork) else [network]


def resolve_network(network: nn.Network | SelectedNetwork) -> nn.Network:
    """The one that is run; in a task."""
    return network.get() if isinstance(network, SelectedNetwork) else network
