"""The text of a program: the function ``network``, from the inputs to the results."""

from __future__ import annotations

from typing import NamedTuple

from ..passes.for_engines import for_engines
from ..plain.dim import Dim
from ..plain.python_source import DimNames
from ..program.program import Program
from ..record.graph import Tensor
from ..record.recording import Loss
from . import rules  # noqa: F401 - fills the table of rules
from .bodies import Bodies
from .code import Code
from .function_texts import all_names
from .layout import primary


class ProgramText(NamedTuple):
    """
    A program as text.

    :ivar lines: of the body of ``network(model, data)``
    :ivar functions: the names of the functions that it calls
    """

    lines: list[str]
    functions: tuple[str, ...]


def program_text(program: Program, dims: DimNames) -> ProgramText:
    """
    The text of a program of a user, after the passes.

    :param dims: the names of dims in the text
    """
    program = for_engines(program).program
    for _, tensor in program.outputs:
        for dim in (*tensor.dims, tensor.sparse_dim):
            if dim is not None and not dim.is_dynamic:
                dims.name(dim)
    for scores in program.scores:
        dims.name(scores.dims[-1])
    code = Code(program, {*all_names(), *dims.used.values()})
    Bodies(code).write(program.root_body)
    _write_results(code, dims)
    return ProgramText(code.lines.kept(), tuple(code.functions))


def _write_results(code: Code, dims: DimNames) -> None:
    """The outputs and losses that ``network`` returns."""
    losses = {loss.name: _loss(code, loss) for loss in code.program.losses}
    outputs = {name: _output(code, tensor, dims) for name, tensor in code.program.outputs}
    for number, scores in enumerate(code.program.scores):
        outputs[f"beam_scores_{number}" if number else "beam_scores"] = _output(code, scores, dims)
    _write_dict(code, "outputs", outputs)
    _write_dict(code, "losses", losses)
    code.lines.add("return outputs, losses")


def _write_dict(code: Code, name: str, items: dict[str, str]) -> None:
    if not items:
        code.lines.add(f"{name} = {{}}")
        return
    code.lines.add(f"{name} = {{")
    code.lines.depth += 1
    for key, value in items.items():
        code.lines.add(f'"{key}": {value},')
    code.lines.depth -= 1
    code.lines.add("}")


def _output(code: Code, tensor: Tensor, dims: DimNames) -> str:
    """The values, for each axis its dim or the lengths along it with their dims, and what labels are of."""
    axes = [_lengths(code, dim, dims) if dim.is_dynamic else dims.name(dim) for dim in tensor.dims]
    labels = dims.name(tensor.sparse_dim) if tensor.sparse_dim is not None else "None"
    return f"({code.of(tensor)}, [{', '.join(axes)}], {labels})"


def _lengths(code: Code, dim: Dim, dims: DimNames) -> str:
    over = ", ".join(dims.name(one) for one in dim.length_dims)
    return f"({code.lengths(dim)}, [{over}])"


def _loss(code: Code, loss: Loss) -> str:
    """The sum over all that is no padding, the number of frames, the scale, and whether it is only reported."""
    tensor = loss.tensor
    dynamic = [dim for dim in tensor.dims if dim.is_dynamic]
    without_padding = code.without_padding(tensor, dynamic, "0.0")
    total = code.assign(f"{loss.name}_total", f"{primary(without_padding)}.sum()")
    rows = [dim for dim in tensor.dims if dim.is_batch or dim.is_beam]
    count = _count(code, rows, dynamic[:1], tensor)
    return f"({total}, {count}, {code.number(loss.scale)}, {loss.as_error})"


def _count(code: Code, rows: list[Dim], frames: list[Dim], tensor: Tensor) -> str:
    """How many frames a loss is of."""
    if frames and code.mask(frames[0], tensor.dims) is not None:
        others = [dim for dim in rows if dim not in frames[0].length_dims]
        factors = [f"{primary(code.lengths(frames[0]))}.sum()", *(code.size(dim) for dim in others)]
    else:
        factors = [code.size(dim) for dim in (*rows, *frames)]
    return " * ".join(factors) or "1"
