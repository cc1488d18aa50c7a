"""Training with several processes: how RETURNN is started by ``torchrun``, or with Horovod by ``mpirun``."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Sequence

from .returnn_errors import ReturnnError

LAUNCH_COMMANDS = {"tensorflow": "mpirun", "torch": "torchrun"}
"""What starts the processes of a training, by its engine."""

_MPIRUN = ("mpirun", "--bind-to", "none", "--map-by", "slot", "--mca", "pml", "ob1", "--mca", "btl", "^openib")
"""Open MPI as Horovod's documentation recommends it; two dashes, since release 5 takes no single ones."""

_HINTS = {
    "mpirun": "install Open MPI (Debian: apt install openmpi-bin) and horovod[tensorflow]",
    "srun": "it is a part of Slurm",
}


def check_processes(num_processes: int | None, nodes: int | None, launch_command: str | None, engine: str) -> int:
    """
    How many processes run on one node.

    :param num_processes: how many in all; None: one, not distributed
    :param nodes: how many nodes; None: one
    :param launch_command: what starts them; None: that of the engine
    :param engine: of the training
    :raises ValueError: if they cannot be spread evenly, or the engine is started by another command
    """
    if launch_command not in (None, LAUNCH_COMMANDS[engine]):
        raise ValueError(
            f"with engine={engine!r} processes are started by {LAUNCH_COMMANDS[engine]!r}, not by "
            f"distributed_launch_cmd={launch_command!r}"
        )
    if num_processes is None:
        if nodes is not None:
            raise ValueError(f"multi_node_slots={nodes} needs horovod_num_processes")
        return 1
    if num_processes < 1 or (nodes or 1) < 1 or num_processes % (nodes or 1):
        raise ValueError(f"horovod_num_processes={num_processes} cannot be spread evenly over {nodes} nodes")
    return num_processes // (nodes or 1)


def launcher(engine: str, num_processes: int | None, nodes: int | None) -> list[str]:
    """
    The command that starts so many processes of the program that is added to it; nothing for a single one.

    :param engine: of the training
    :param num_processes: how many in all
    :param nodes: on how many nodes; None: one
    :raises ReturnnError: if its program is not installed
    """
    if num_processes is None:
        return []
    if engine == "torch":
        command = _torchrun(num_processes, nodes or 1)
    else:
        command = [_MPIRUN[0], "-np", str(num_processes), *_MPIRUN[1:]]
    _check_installed(command)
    return command


def _torchrun(num_processes: int, nodes: int) -> list[str]:
    """``torchrun`` of this Python: on one node by itself, on several once on each of them, by Slurm."""
    command = [sys.executable, "-m", "torch.distributed.run", f"--nnodes={nodes}"]
    command += [f"--nproc-per-node={num_processes // nodes}", "--no-python"]
    if nodes == 1:
        return [*command, "--standalone"]
    slurm = ["srun", f"--nodes={nodes}", f"--ntasks={nodes}", "--ntasks-per-node=1"]
    meeting = f"--rdzv-endpoint={os.uname().nodename}:{_free_port()}"
    return [*slurm, *command, "--rdzv-backend=c10d", meeting, f"--rdzv-id={os.environ.get('SLURM_JOB_ID', 'training')}"]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])


def _check_installed(command: Sequence[str]) -> None:
    if shutil.which(command[0]) is None:
        raise ReturnnError(
            f"{command[0]} is not installed, which starts the processes of a training: {_HINTS[command[0]]}, or leave "
            f"horovod_num_processes{' and multi_node_slots' if command[0] == 'srun' else ''} out"
        )
