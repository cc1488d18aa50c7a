"""``./sis check CONFIG``: finds the networks of a graph and has them checked in a process of their own."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from recipe import nn

from ..inspection.job_graph import job_title, jobs_with_inputs
from ..selected_network import SelectedNetwork
from .engine_of_jobs import engine_environment


class FoundNetwork(NamedTuple):
    """
    A network of a graph.

    :ivar network: the network
    :ivar names: the jobs and arguments that have it
    """

    network: nn.Network
    names: list[str]


def check_config(jobs: list[Any], arguments: list[str]) -> int:
    """
    Runs all networks of the jobs of a config for two steps in NumPy and in RETURNN, on all engines that are installed,
    and tells where they differ; then a step of each job that trains or runs one, with its own options, on its engine.

    :param jobs: those that are asked for
    :param arguments: the config; "numbers" or "steps", if only one of the two is to be done
    :return: exit status: 0 if all agree and all run
    """
    config, *only = arguments
    status = 0 if only == ["steps"] else check_numbers(jobs, config)
    return status if only == ["numbers"] else status | check_steps(jobs)


def check_numbers(jobs: list[Any], config: str) -> int:
    """
    Compares NumPy and RETURNN.

    :return: exit status: 0 if all agree
    """
    found = networks_of(jobs)
    if not found:
        print(f"{config} has no network")
        return 0
    from .job_steps import source_name
    from .made_up_values import MadeUpValues

    checked = []
    with MadeUpValues() as values:
        for one in found:
            made_up = ", ".join(sorted(map(source_name, values.make_up(one.network))))
            waits_for = [repr(delayed) for delayed in one.network.delayed if not delayed.is_available()]
            if waits_for:
                print(f"not checked, it waits for {', '.join(waits_for)}: {network_title(one)}")
            else:
                checked.append((network_title(one) + (f", made-up {made_up}" if made_up else ""), one.network))
        return run_checks(checked) if checked else 0


def check_steps(jobs: list[Any]) -> int:
    """
    Makes a step of each training, and of each job that searches with a network or runs it, by RETURNN with the options
    of the job, on its engine. Files of steps that fail are kept.

    :return: exit status: 0 if all run
    """
    from .job_steps import steps_of
    from .made_up_values import MadeUpValues
    from .run_steps import run_steps

    directory = tempfile.mkdtemp(prefix="check.")
    status = 1
    try:
        with MadeUpValues() as values:
            steps, waiting = steps_of(jobs, directory, values)
            print("".join(f"{line}\n" for line in waiting), end="", flush=True)
            status = run_steps(steps, directory) if steps else 0
    finally:
        if status == 0:
            shutil.rmtree(directory)
    return status


def run_checks(networks: list[tuple[str, nn.Network]]) -> int:
    """
    Checks networks in a process of their own, which alone imports TensorFlow and PyTorch.

    :param networks: with their names
    :return: exit status: 0 if all agree
    """
    from ..returnn_process import returnn_environment

    package = __package__ or "jobs.check"
    environment = returnn_environment("cpu")
    environment["PYTHONPATH"] = os.pathsep.join([path for path in sys.path if path])
    environment.update(engine_environment())
    with tempfile.NamedTemporaryFile(suffix=".pkl") as file:
        pickle.dump(networks, file)
        file.flush()
        return subprocess.run([sys.executable, "-m", package, file.name], env=environment, check=False).returncode


def networks_of(jobs: Iterable[Any]) -> list[FoundNetwork]:
    """All networks in the arguments of jobs and of those that they need; equal ones are one."""
    found: dict[str, FoundNetwork] = {}
    for job in jobs_with_inputs(jobs):
        for key, network in _networks(_arguments(job)):
            one = found.setdefault(network.digest, FoundNetwork(network, []))
            one.names.append(f"{key} of {job_title(job)}")
    return list(found.values())


def _arguments(job: Any) -> Any:
    """The arguments of a job, as its engine keeps them."""
    state = vars(job)
    return state.get("_sis_kwargs") or state.get("_sis_parsed") or {}


def _networks(value: Any, path: str = "") -> Iterator[tuple[str, nn.Network]]:
    if isinstance(value, nn.Network):
        yield path, value
    elif isinstance(value, nn.StagedNetwork):
        yield from _networks(dict(value.stages), path)
    elif isinstance(value, (dict, list, tuple)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _networks(item, f"{path}/{key}".lstrip("/"))
    elif isinstance(value, SelectedNetwork):
        yield from _networks(value.networks, path)


def network_title(found: FoundNetwork) -> str:
    """What it is for, and whose it is."""
    kind = "search" if found.network.beam_sizes else "training" if found.network.losses else "forward"
    first, *others = found.names
    return f"{kind} network, {first}{f' (and {len(others)} more)' if others else ''}"
