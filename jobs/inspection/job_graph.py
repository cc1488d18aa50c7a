"""The graph of the jobs of a config: which needs what of which, and how far each is."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from .show import directory_state

STATES = ("finished", "failed", "started", "runnable", "waiting")
_COLOURS = {
    "finished": "#c6f6d5",
    "failed": "#fed7d7",
    "started": "#bee3f8",
    "runnable": "#fefcbf",
    "waiting": "#edf2f7",
}
_MOST_NAMES = 3


class GraphJob(NamedTuple):
    """
    A job of a graph.

    :ivar job_id: its id
    :ivar name: its alias, if it has one, else its class and the start of its hash
    :ivar state: one of STATES
    :ivar inputs: the names of the outputs that it reads, by the ids of their jobs; under "" files of the user
    """

    job_id: str
    name: str
    state: str
    inputs: dict[str, list[str]]


def job_graph(roots: Iterable[Any], work_dir: str) -> list[GraphJob]:
    """
    The jobs that some need, inputs first, as their directories tell how far they are.

    :param roots: jobs of either engine
    :param work_dir: where the directories of jobs are
    """
    order = jobs_with_inputs(roots)
    states: dict[str, str] = {}
    graph = []
    for job in order:
        inputs: dict[str, list[str]] = {}
        for path in sorted(job._sis_inputs, key=lambda path: str(path.path)):
            creator = path.creator
            inputs.setdefault(creator.job_id() if creator is not None else "", []).append(_path_name(path))
        state = directory_state(os.path.join(work_dir, job.job_id())).partition(" ")[0].partition(",")[0]
        if state not in ("finished", "failed", "started"):
            ready = all(states.get(other) == "finished" for other in inputs if other)
            state = "runnable" if ready else "waiting"
        states[job.job_id()] = state
        graph.append(GraphJob(job.job_id(), _name(job), state, inputs))
    return graph


def jobs_with_inputs(roots: Iterable[Any]) -> list[Any]:
    """Jobs with all that they need, inputs first; with a stack of its own, as graphs are deep."""
    order: dict[str, Any] = {}
    entered: set[str] = set()
    todo = [(job, False) for job in sorted(roots, key=lambda job: job.job_id(), reverse=True)]
    while todo:
        job, is_done = todo.pop()
        if is_done:
            order[job.job_id()] = job
        elif job.job_id() not in entered:
            entered.add(job.job_id())
            creators = {path.creator.job_id(): path.creator for path in job._sis_inputs if path.creator is not None}
            todo.append((job, True))
            todo += [(creators[job_id], False) for job_id in sorted(creators, reverse=True)]
    return list(order.values())


def job_title(job: Any) -> str:
    """A job on one line: its alias and class, or its class and the start of its hash."""
    return _name(job).replace("\n", " ")


def _name(job: Any) -> str:
    aliases = sorted(job._sis_aliases or ())
    job_class, _, job_hash = os.path.basename(job.job_id()).rpartition(".")
    return f"{aliases[0]}\n{job_class}" if aliases else f"{job_class}\n{job_hash[:6]}"


def _path_name(path: Any) -> str:
    return os.path.basename(str(path.path).rstrip("/"))


def graph_table(graph: list[GraphJob]) -> str:
    """The jobs as text: state, name, inputs, and how many there are in which state."""
    names = {job.job_id: job.name.replace("\n", " ") for job in graph}
    lines = []
    for job in graph:
        lines.append(f"{job.state:10}{names[job.job_id]}")
        for other, outputs in job.inputs.items():
            lines.append(f"{'':12}{_short(outputs)} of {names[other]}" if other else f"{'':12}{_short(outputs)}")
    return "\n".join([*lines, "", _counts(graph)]) + "\n"


def _counts(graph: list[GraphJob]) -> str:
    counts = collections.Counter(job.state for job in graph)
    parts = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    return f"{len(graph)} {'job' if len(graph) == 1 else 'jobs'}: {parts}" if graph else "no job is asked for"


def _short(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def graph_picture(graph: list[GraphJob], title: str) -> Any:
    """The graph as a ``graphviz.Digraph``: jobs as boxes in the colours of their states, what they read as edges."""
    import graphviz

    font = {"fontname": "Helvetica", "fontsize": "10"}
    drawn = graphviz.Digraph(
        graph_attr={**font, "rankdir": "LR", "nodesep": "0.2", "ranksep": "0.6"},
        node_attr={**font, "shape": "box", "style": "rounded,filled", "margin": "0.1,0.06"},
        edge_attr={**font, "fontsize": "8", "arrowsize": "0.6", "color": "#4a5568", "fontcolor": "#718096"},
    )
    drawn.attr(label=f"{title}: {_counts(graph)}", labelloc="t")
    numbers = {job.job_id: f"j{number}" for number, job in enumerate(graph)}
    for job in graph:
        drawn.node(numbers[job.job_id], label=f"{job.name}\n{job.state}", fillcolor=_COLOURS[job.state])
        for other, outputs in job.inputs.items():
            if other:
                drawn.edge(numbers[other], numbers[job.job_id], label=_short(outputs).replace(", ", "\n"))
            else:
                files = f"{numbers[job.job_id]}_files"
                drawn.node(files, label=_short(outputs).replace(", ", "\n"), shape="note", fillcolor="white")
                drawn.edge(files, numbers[job.job_id])
    return drawn
