"""What tasks of jobs have needed, where ``./sis`` is: what reads it is a part of the embedded engine."""

from __future__ import annotations

import functools
import importlib.util
import os
import time
from types import ModuleType
from typing import Any

_FILE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "localsis", "task_costs.py")


def cost_rows(directory: str) -> list[dict[str, str]]:
    """
    Each task that a job has run, as texts; in another setup, where there is no ``./sis``, none.

    :param directory: of the job
    :return: ``task``, ``time``, ``CPU time``, ``memory``, ``host``, and ``origin``: commit and versions; "" if unknown
    """
    reader: Any = _reader()
    if reader is None:
        return []
    return [
        {
            "task": cost.name,
            "time": reader.duration(cost.seconds),
            "CPU time": "" if cost.cpu_seconds is None else reader.duration(cost.cpu_seconds),
            "memory": "" if cost.memory is None else reader.memory_text(cost.memory),
            "host": cost.host,
            "origin": reader.origin(cost),
        }
        for cost in reader.read_costs(directory)
    ]


def cost_lines(directory: str) -> list[str]:
    """The same as lines, for people: each task, and below it commit and versions where they differ from those above."""
    reader: Any = _reader()
    lines: list[str] = []
    known = ""
    for cost in [] if reader is None else reader.read_costs(directory):
        lines.append(f"{cost.name}: {reader.describe_cost(cost)}")
        origin = reader.origin(cost)
        if origin and origin != known:
            lines.append(f"  {origin}")
        known = origin
    return lines


def cost_facts(directory: str) -> dict[str, str]:
    """
    Of all tasks that a job has run: when it was begun, how long it took, and where, of which commit and versions.

    :param directory: of the job
    :return: what is known of ``begun``, ``time``, ``host``, ``commit``, ``versions``
    """
    reader: Any = _reader()
    costs = [] if reader is None else reader.read_costs(directory)
    if not costs:
        return {}
    begun = [cost.began for cost in costs if cost.began is not None]
    facts = {
        "begun": time.strftime("%Y-%m-%d %H:%M", time.localtime(min(begun))) if begun else "",
        "time": reader.duration(sum(cost.seconds for cost in costs)),
        "host": ", ".join(dict.fromkeys(cost.host for cost in costs if cost.host)),
        "commit": ", ".join(dict.fromkeys(cost.commit for cost in costs if cost.commit)),
        "versions": ", ".join(f"{name} {version}" for name, version in costs[-1].versions.items()),
    }
    return {name: value for name, value in facts.items() if value}


@functools.cache
def _reader() -> ModuleType | None:
    """The module, from its file: a task that Sisyphus runs does not find the package that it is in."""
    if not os.path.exists(_FILE):
        return None
    spec = importlib.util.spec_from_file_location("task_costs_of_localsis", _FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
