"""Summary: a table of a network's modules, with what they give and how many parameters they have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..language.module import Module
from ..ops.inputs import ExternDataOp, ParameterOp
from ..plain.dims import dims_text
from ..program.program import Program
from ..record.graph import Op
from ..record.loops import LoopOp
from ..record.parameter import Parameter


class ModuleRow(NamedTuple):
    """
    One module of a network.

    :ivar path: the attributes that lead to it, "" for the model itself
    :ivar class_name: its class
    :ivar dims: those of what its last call gave
    :ivar parameters: how many numbers its own parameters hold, without those of modules in it
    :ivar loops: the loops in which it is called: "" outside, the names of loops otherwise
    """

    path: str
    class_name: str
    dims: str
    parameters: int
    loops: str


def loop_names(network: Program) -> dict[LoopOp, str]:
    """How pictures and tables call the loops: ``loop``, ``loop 2``, ..., in the order in which they were written."""
    loops = sorted(network.loops, key=lambda loop: (loop.source.file, loop.source.line))
    return {loop: "loop" if number == 1 else f"loop {number}" for number, loop in enumerate(loops, 1)}


def own_parameters(network: Program) -> dict[str, int]:
    """How many numbers the parameters of each module hold, by the module's path; without sizes that jobs will give."""
    counts: dict[str, int] = {}
    for name, parameter in network.parameters.items():
        size = 0 if _waits_for_a_job(parameter) else math.prod(dim.size for dim in parameter.dims)
        path = name.rpartition("/")[0]
        counts[path] = counts.get(path, 0) + size
    return counts


def count_text(count: int) -> str:
    """A number of parameters for people: ``512``, ``13.3 k``, ``1.05 M``."""
    for limit, unit in ((10**6, "M"), (10**3, "k")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return str(count)


def module_rows(network: Program) -> list[ModuleRow]:
    """One row for each module that was called, in the order of the calls."""
    names = loop_names(network)
    modules: dict[Module, list[Op]] = {}
    ops = [op for op in network.ops_in_order() if op.outputs and not isinstance(op, (ParameterOp, ExternDataOp))]
    for op in ops:
        for module in op.modules:
            modules.setdefault(module, []).append(op)
    counts = own_parameters(network)
    recording = network.root_body.recording
    rows = []
    for module, its_ops in modules.items():
        path = recording.module_path(module)
        loops = {_loops_around(op, names, module) for op in its_ops if op.modules[-1] is module} or {""}
        rows.append(
            ModuleRow(
                path,
                type(module).__name__,
                dims_text(its_ops[-1].outputs[0].known_dims),
                counts.get(path, 0),
                ", ".join(sorted(filter(None, loops))),
            )
        )
    return sorted(rows, key=lambda row: _order(row.path, [other.path for other in rows]))


def summary_text(network: Program) -> str:
    """The table as text: a line a module, indented by its depth, and the number of all parameters."""
    header = ("module", "class", "gives", "parameters", "in")
    lines: list[Sequence[str]] = [header]
    around: list[str] = []
    for row in module_rows(network):
        while around and not row.path.startswith(around[-1]):
            around.pop()
        name = "  " * len(around) + (row.path.removeprefix(around[-1] if around else "") or "(model)")
        around.append(f"{row.path}/" if row.path else "")
        lines.append((name, row.class_name, row.dims, f"{row.parameters:,}" if row.parameters else "", row.loops))
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    texts = [
        "  ".join(cell.rjust(width) if column == 3 else cell.ljust(width) for column, (cell, width) in cells).rstrip()
        for cells in ([*enumerate(zip(line, widths))] for line in lines)
    ]
    total = sum(own_parameters(network).values())
    more = ", and those of sizes that jobs give" if any(map(_waits_for_a_job, network.parameters.values())) else ""
    texts.insert(1, "-" * max(len(text) for text in texts))
    loops = [f"{name}: {loop_title(loop)}" for loop, name in loop_names(network).items()]
    return "\n".join([*texts, "", f"{total:,} parameters{more}", *loops]) + "\n"


def _waits_for_a_job(parameter: Parameter) -> bool:
    return any(dim.known_size is None for dim in parameter.dims)


def loop_title(loop: LoopOp) -> str:
    """What a loop runs over, and when it ends."""
    parts = [f"over {loop.input_axis}"] if loop.axis is not None and loop.axis_is_known else []
    if loop.end is not None:
        parts.append("until its end condition")
    if loop.max_seq_len is not None:
        parts.append(f"at most {loop.max_seq_len} steps")
    return ", ".join(parts)


def _loops_around(op: Op, names: dict[LoopOp, str], module: Module) -> str:
    """The loops that a call of a module is in; not those that the call itself makes."""
    found, loop = [], op.body.loop
    while loop is not None and module not in loop.modules:
        found.append(names.get(loop, "loop"))
        loop = loop.body.loop
    return " in ".join(found)


def _order(path: str, paths: Sequence[str]) -> list[int]:
    """Where a module stands: behind the modules around it, among its like in the order of their calls."""
    parts = path.split("/") if path else []
    prefixes = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return [
        next(number for number, other in enumerate(paths) if other == prefix or other.startswith(prefix + "/"))
        for prefix in prefixes
    ]
