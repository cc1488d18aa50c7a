"""The job that puts parameters of several trainings into one checkpoint, for one search with all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sisyphus import Task, tk

from recipe import nn
from recipe.nn.program.parameter_agreement import names_in_checkpoint

from .checkpoint import Checkpoint, output_checkpoint
from .checkpoint_values import GLOBAL_STEP, read_checkpoint, write_checkpoint
from .convert_checkpoint import for_engine, renamed
from .preload import Preload
from .unhashed import JobWithUnhashedArguments


class CombineCheckpointsJob(JobWithUnhashedArguments):
    """
    Parameters of several checkpoints under new names; ``global_step`` is that of the first.

    :func:`combined_checkpoint` makes this job from a network and what it is to load.

    :param checkpoints: their ``.index`` or ``.pt`` files, all of one engine
    :param names: for each of them, the names there by the names in the new one
    :param mem_rqmt: GB; not hashed
    """

    unhashed = ("mem_rqmt",)

    def __init__(self, checkpoints: Sequence[tk.Path], names: Sequence[dict[str, str]], *, mem_rqmt: float = 2):
        if not checkpoints or len(checkpoints) != len(names):
            raise ValueError(f"{len(checkpoints)} checkpoints, but names for {len(names)}")
        engines = sorted({Checkpoint(path).engine for path in checkpoints})
        if len(engines) > 1:
            raise ValueError(f"checkpoints of {' and '.join(engines)} cannot be combined: convert them (for_engine)")
        self.checkpoints = checkpoints
        self.names = names

        self.out_checkpoint = output_checkpoint(self, "combined", engines[0])

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
            found = renamed(read_checkpoint(checkpoint), names, checkpoint.prefix())
            values.update({name: value for name, value in found.items() if number == 0 or name != GLOBAL_STEP})
            print(f"{len(names)} parameters from {checkpoint.prefix()}", flush=True)
        write_checkpoint(self.out_checkpoint, values, like=checkpoints[0])


def combined_checkpoint(network: nn.Network, parts: Sequence[Preload], *, engine: str | None = None) -> Checkpoint:
    """
    One checkpoint for a network with parameters of several trainings, such as a decoder with a language model::

        combined_checkpoint(fused, [
            Preload(recogniser, name_map={"encoder/": "encoder/", "decoder/decoder/": "decoder/"}),
            Preload(language_model, name_map={"decoder/language_model/": ""}),
        ])

    It depends on the names of the parameters only, so it is one for all scales and beam sizes.

    :param network: what loads it
    :param parts: what comes from where; where two have a parameter, the first gives it
    :param engine: of the new one; default: that of the first part. What is of another engine is converted
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
    checkpoints = [for_engine(part.checkpoint, engine or parts[0].checkpoint.engine).path for part in parts]
    return CombineCheckpointsJob(checkpoints, names).out_checkpoint.of(network)
