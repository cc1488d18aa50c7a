"""What comes into a network: data, parameters, numbers."""

from __future__ import annotations

from ...ops.constants import Constant
from ...ops.inputs import ExternDataOp, ParameterOp
from ...plain.dim import batch_dim
from ..code import Code
from ..rule import rule


@rule(ExternDataOp)
def data(op: ExternDataOp, code: Code) -> str:
    """The tensor that RETURNN gives; the size of the batch and the device are those of the first one."""
    given = op.data
    name = code.assign(given.name, f'inputs["{given.name}"].raw_tensor  # {code.dims_text(op.output)}')
    code.define(op.output, name)
    code.set_batch(f"{name}.shape[{given.dims.index(batch_dim)}]", f"{name}.device")
    for axis, dim in enumerate(given.dims):
        if dim.is_dynamic and not code.knows_lengths(dim):
            lengths = f'{code.function("sequence_lengths")}(inputs["{given.name}"], {axis})'
            code.set_lengths(dim, lengths, f"{name}.shape[{axis}]")
    return ""


@rule(ParameterOp)
def parameter(op: ParameterOp, code: Code) -> str:
    """Read by its path."""
    return f'model["{op.path}"]'


@rule(Constant)
def constant(op: Constant, code: Code) -> str:
    """A number where that is enough; else ``torch.full``."""
    number = code.number(op.value)
    if op.output.dims:
        full = f"torch.full({code.shape(op.output.dims)}, {number}, dtype={code.dtype(op.dtype)}, device=device)"
        code.define(op.output, code.assign(op.variable or "constant", full, optional=True))
    code.define_scalar(op.output, number)
    return ""
