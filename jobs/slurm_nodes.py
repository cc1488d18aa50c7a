"""What the nodes of a Slurm cluster have, so that a request that none can meet is refused before it is submitted."""

from __future__ import annotations

import functools
import math
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class NodeGroup(NamedTuple):
    """
    Nodes of one kind in one partition.

    :ivar number: how many
    :ivar cores: of each
    :ivar mem: GB of each
    :ivar gpus: of each, by name; "" where Slurm knows none
    :ivar hours: how long a job may run there
    """

    number: int
    cores: int
    mem: float
    gpus: dict[str, int]
    hours: float

    def fits(self, rqmt: Mapping[str, Any]) -> bool:
        """Whether a request could ever run there, were all of it free."""
        name = rqmt.get("gpu_name") or ""
        gpus = self.gpus.get(name, 0) if name else sum(self.gpus.values())
        return (
            self.number >= rqmt.get("multi_node_slots", 1)
            and self.cores >= rqmt.get("cpu", 1)
            and self.mem >= math.ceil(rqmt.get("mem", 0))
            and gpus >= rqmt.get("gpu", 0)
            and self.hours >= rqmt.get("time", 0)
        )


def fitting_request(
    rqmt: dict[str, Any], asked: Mapping[str, Any], task: str, groups: Sequence[NodeGroup]
) -> dict[str, Any]:
    """
    A request that the cluster can meet. What Sisyphus raised after an interruption is cut to what there is.

    :param rqmt: the request: ``cpu``, ``gpu``, ``mem`` (GB), ``time`` (hours), ...
    :param asked: what the job asks for itself
    :param task: its name, for the message
    :param groups: the nodes of the cluster; none: nothing is known, and the request stays
    :raises RuntimeError: if no node has what the job asks for
    """
    if not groups or any(group.fits(rqmt) for group in groups):
        return rqmt
    raised = [name for name in ("mem", "time") if _is_less(asked.get(name), rqmt.get(name))]
    possible = [group for group in groups if group.fits({**rqmt, **{name: asked[name] for name in raised}})]
    if not possible:
        wanted = ", ".join(
            f"{name}={rqmt[name]!r}" for name in ("cpu", "mem", "gpu", "gpu_name", "time") if name in rqmt
        )
        most = "; ".join(sorted({_text(group) for group in groups}))
        raise RuntimeError(
            f"{task}: no node of this cluster has what it asks for ({wanted}). There are: {most}. Ask for less "
            "(mem_rqmt, cpu_rqmt, time_rqmt, job.rqmt)"
        )
    best = max(possible, key=lambda group: (group.mem, group.hours))
    limits = {"mem": math.floor(best.mem), "time": best.hours}
    return {**rqmt, **{name: min(rqmt[name], limits[name]) for name in raised}}


@functools.cache
def node_groups() -> tuple[NodeGroup, ...]:
    """Those of this cluster, as ``sinfo`` says; none if it does not answer."""
    command = ["sinfo", "--noheader", "--exact", "--format=%D|%c|%m|%G|%l"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return tuple(read_node_groups(result.stdout.splitlines()))
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def read_node_groups(lines: Iterable[str]) -> list[NodeGroup]:
    """
    Reads what ``sinfo`` printed: number of nodes, cores, MB, GPUs and other resources, time limit, with ``|`` between.

    :raises ValueError: at a line that is none of these
    """
    groups = []
    for line in lines:
        count, cores, megabytes, resources, limit = line.split("|")
        gpus: dict[str, int] = {}
        for name, number in re.findall(r"(?:^|,)gpu(?::([^:,()]+))??:(\d+)", resources):
            gpus[name] = gpus.get(name, 0) + int(number)
        groups.append(NodeGroup(int(count), int(cores), int(megabytes) / 1024, gpus, _hours(limit)))
    return groups


def _hours(limit: str) -> float:
    """``infinite``, ``30:00`` or ``1-12:30:00``."""
    if limit in ("infinite", "n/a"):
        return math.inf
    days, _, clock = limit.rpartition("-")
    seconds = 0
    for part in clock.split(":"):
        seconds = 60 * seconds + int(part)
    return 24 * int(days or 0) + seconds / 3600


def _is_less(left: Any, right: Any) -> bool:
    return isinstance(left, (int, float)) and isinstance(right, (int, float)) and left < right


def _text(group: NodeGroup) -> str:
    gpus = " + ".join(f"{number} {name}".rstrip() for name, number in sorted(group.gpus.items()))
    hours = "without time limit" if math.isinf(group.hours) else f"for {group.hours:g} h"
    what = [f"{group.cores} cores", f"{math.floor(group.mem)} GB", f"GPUs: {gpus}" if gpus else "no GPU", hours]
    return f"{group.number} with {', '.join(what)}"
