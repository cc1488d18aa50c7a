"""Training with several processes: how RETURNN with Horovod is started."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from .returnn_errors import ReturnnError

_MPIRUN = ("mpirun", "--bind-to", "none", "--map-by", "slot", "--mca", "pml", "ob1", "--mca", "btl", "^openib")
"""Open MPI as Horovod's documentation recommends it; two dashes, since release 5 takes no single ones."""


def check_processes(num_processes: int | None, nodes: int | None) -> int:
    """
    How many processes run on one node.

    :param num_processes: how many in all; None: one, without Horovod
    :param nodes: how many nodes; None: one
    :raises ValueError: if they cannot be spread evenly
    """
    if num_processes is None:
        if nodes is not None:
            raise ValueError(f"multi_node_slots={nodes} needs horovod_num_processes")
        return 1
    if num_processes < 1 or (nodes or 1) < 1 or num_processes % (nodes or 1):
        raise ValueError(f"horovod_num_processes={num_processes} cannot be spread evenly over {nodes} nodes")
    return num_processes // (nodes or 1)


def horovod_launcher(num_processes: int | None) -> list[str]:
    """The command that starts so many processes of what is added to it; nothing for a single one."""
    return [] if num_processes is None else [_MPIRUN[0], "-np", str(num_processes), *_MPIRUN[1:]]


def check_launcher(launcher: Sequence[str]) -> None:
    """
    :raises ReturnnError: if its program is not installed
    """
    if launcher and shutil.which(launcher[0]) is None:
        raise ReturnnError(
            f"{launcher[0]} is not installed, which starts the processes of a training with Horovod: install Open MPI "
            "(Debian: apt install openmpi-bin) and horovod[tensorflow], or leave horovod_num_processes out"
        )
