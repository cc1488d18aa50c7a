"""Parameters that a training starts with: from a checkpoint, of the same network or of another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recipe import nn
from recipe.nn.program.parameter_agreement import UndecidedSize, names_in_checkpoint, undecided_sizes

from .checkpoint import Checkpoint
from .convert_checkpoint import ConvertCheckpointJob, for_engine


class Preload:
    """
    A checkpoint that a training starts with (RETURNN's ``preload_from_files``); only its first epoch reads it. Also a
    part of :func:`jobs.combine_checkpoints.combined_checkpoint`.

    :param checkpoint: the values; one of another engine than that of the training is converted by a job of its own
    :param name_map: names in the checkpoint by names in the network, where they differ; prefixes end with "/", such as
        ``{"decoder/lm/": ""}``: what stands below ``decoder/lm/`` comes from a language model
    :param ignore_missing: whether parameters that the checkpoint lacks start with their initial values
    """

    def __init__(
        self, checkpoint: Checkpoint, *, name_map: Mapping[str, str] | None = None, ignore_missing: bool = False
    ):
        self.checkpoint = checkpoint
        self.name_map = dict(name_map or {})
        self.ignore_missing = ignore_missing

    def check(self, network: nn.Network) -> None:
        """
        Checks that the checkpoint fits, if it is known which network it is of.

        :raises NetworkError: if it does not: what is missing, what only the checkpoint has, what differs
        """
        names = names_in_checkpoint(network.parameters, self.name_map)
        if self.checkpoint.network is not None:
            own = {name: parameter for name, parameter in network.parameters.items() if self.covers(name)}
            nn.check_parameters(
                self.checkpoint.network,
                own,
                name_map={name: names[name] for name in own},
                ignore_missing=self.ignore_missing,
                ignore_extra=bool(self.name_map),
            )

    def undecided_sizes(self, network: nn.Network) -> list[UndecidedSize]:
        """What :meth:`check` cannot compare yet, because a job gives a size."""
        if self.checkpoint.network is None:
            return []
        names = names_in_checkpoint(network.parameters, self.name_map)
        own = {name: parameter for name, parameter in network.parameters.items() if self.covers(name)}
        return undecided_sizes(self.checkpoint.network, own, name_map={name: names[name] for name in own})

    def covers(self, name: str) -> bool:
        """Whether a parameter of the network is to come from here: one in the name map, or any if there is none."""
        return not self.name_map or any(
            key in (name, "") or (key.endswith("/") and name.startswith(key)) for key in self.name_map
        )

    def for_engine(self, network: nn.Network, engine: str) -> Preload:
        """
        The same for a training by an engine: its checkpoint is converted, if need be.

        On PyTorch, one with a name map is made a checkpoint that has the network's names. RETURNN's own renaming there
        takes each value out of the checkpoint as it goes on, so that none can be read twice, nor two change places.
        """
        if engine == "torch" and self.name_map:
            there = names_in_checkpoint(network.parameters, self.name_map)
            names = {name: there[name] for name in sorted(there) if self.covers(name)}
            path, missing = self.checkpoint.path, self.ignore_missing
            checkpoint = ConvertCheckpointJob(path, engine, names=names, ignore_missing=missing).out_checkpoint
        else:
            checkpoint = for_engine(self.checkpoint, engine)
        return Preload(checkpoint, name_map=self.name_map, ignore_missing=self.ignore_missing)

    def returnn(self, network: nn.Network | nn.StagedNetwork) -> dict[str, Any]:
        """
        The entry of ``preload_from_files``, of what :meth:`for_engine` gave.

        On PyTorch the parameters of all stages are made at once, and those of later ones are not in the checkpoint.
        """
        is_staged = isinstance(network, nn.StagedNetwork)
        network = network.network_at(1) if isinstance(network, nn.StagedNetwork) else network
        if self.checkpoint.engine == "torch":
            partly = is_staged or self.ignore_missing or not all(self.covers(name) for name in network.parameters)
            return {
                "filename": self.checkpoint.path.get_path(),
                "init_for_train": True,
                **({"ignore_missing": True} if partly else {}),
            }
        names = names_in_checkpoint(network.parameters, self.name_map)
        renamed = {name: there for name, there in names.items() if self.covers(name) and name != there}
        others = sorted(name for name in network.parameters if not self.covers(name))
        return {
            "filename": self.checkpoint.prefix(),
            "init_for_train": True,
            **({"var_name_mapping": renamed} if renamed else {}),
            **({"ignore_params": others} if others else {}),
            **({"ignore_missing": True} if self.ignore_missing else {}),
        }

    def __sis_state__(self) -> dict[str, Any]:
        return {
            "checkpoint": self.checkpoint.path,
            "name_map": self.name_map,
            "ignore_missing": self.ignore_missing,
        }

    def __repr__(self) -> str:
        return f"Preload({self.checkpoint}, name_map={self.name_map}, ignore_missing={self.ignore_missing})"


def preload_options(preload: Sequence[Preload], network: nn.Network | nn.StagedNetwork) -> dict[str, Any]:
    """RETURNN's option for all of them, in their order: a later one leaves what an earlier one gave."""
    if not preload:
        return {}
    return {"preload_from_files": {f"{number:03d}": one.returnn(network) for number, one in enumerate(preload)}}
