"""The job that puts parameters of several trainings into one checkpoint, for one search with all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sisyphus import Task, tk

from recipe import nn
from recipe.nn.program.parameter_agreement import names_in_checkpoint

from .checkpoint import Checkpoint
from .checkpoint_values import read_checkpoint, write_checkpoint
from .preload import Preload
from .unhashed import JobWithUnhashedArguments


class CombineCheckpointsJob(JobWithUnhashedArguments):
    """
    Parameters of several checkpoints under new names; ``global_step`` is that of the first.

    :func:`combined_checkpoint` makes this job from a network and what it is to load.

    :param checkpoints: their ``.index`` files
    :param names: for each of them, the names there by the names in the new one
    :param mem_rqmt: GB; not hashed
    """

    unhashed = ("mem_rqmt",)

    def __init__(self, checkpoints: Sequence[tk.Path], names: Sequence[dict[str, str]], *, mem_rqmt: float = 2):
        if not checkpoints or len(checkpoints) != len(names):
            raise ValueError(f"{len(checkpoints)} checkpoints, but names for {len(names)}")
        self.checkpoints = checkpoints
        self.names = names

        self.out_checkpoint = Checkpoint(self.output_path("combined.index"))

        self.rqmt = {"cpu": 1, "mem": mem_rqmt, "time": 0.5, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Combines.

        :raises FileNotFoundError: if a checkpoint is not there
        :raises ValueError: if a parameter is not in its checkpoint
        """
        checkpoints = [Checkpoint(path) for path in self.checkpoints]
        values = {}
        for number, (checkpoint, names) in enumerate(zip(checkpoints, self.names)):
            checkpoint.check_exists()
            there = read_checkpoint(checkpoint)
            missing = sorted(name for name in names.values() if name not in there)
            if missing:
                raise ValueError(f"the checkpoint {checkpoint.prefix()} has no {', '.join(missing)}")
            values.update({name: there[name_there] for name, name_there in names.items()})
            if number == 0:
                values.update({name: there[name] for name in ("global_step",) if name in there})
            print(f"{len(names)} parameters from {checkpoint.prefix()}", flush=True)
        write_checkpoint(self.out_checkpoint, values, like=checkpoints[0])


def combined_checkpoint(network: nn.Network, parts: Sequence[Preload]) -> Checkpoint:
    """
    One checkpoint for a network with parameters of several trainings, such as a decoder with a language model::

        combined_checkpoint(fused, [
            Preload(recogniser, name_map={"encoder/": "encoder/", "decoder/decoder/": "decoder/"}),
            Preload(language_model, name_map={"decoder/language_model/": ""}),
        ])

    It depends on the names of the parameters only, so it is one for all scales and beam sizes.

    :param network: what loads it
    :param parts: what comes from where; where two have a parameter, the first gives it
    :raises NetworkError: if a checkpoint does not fit, or no part gives a parameter of the network
    """
    names: list[dict[str, str]] = []
    given: set[str] = set()
    for part in parts:
        part.check(network)
        there = names_in_checkpoint(network.parameters, part.name_map)
        names.append({name: there[name] for name in sorted(there) if part.covers(name) and name not in given})
        given.update(names[-1])
    missing = [name for name in network.parameters if name not in given]
    if missing:
        raise nn.NetworkError(f"none of the {len(parts)} checkpoints gives the parameters {', '.join(missing)}")
    return CombineCheckpointsJob([part.checkpoint.path for part in parts], names).out_checkpoint.of(network)
