"""What has parameters: linear maps, LSTMs, normalization, convolutions; and what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

from ...ops.convolution import ConvOp
from ...ops.convolution_2d import Conv2dOp
from ...ops.dropout import Dropout
from ...ops.layer_norm import LayerNormOp
from ...ops.linear import LinearOp
from ...ops.lstm import LstmCellOp, LstmSequence
from ...ops.pooling import Pool
from ...ops.positional_encoding import PositionalEncoding
from ...ops.running_average import RunningAverage
from ...ops.transposed_convolution import TransposedConvOp
from ...plain.dim import Dim
from ..code import Code
from ..labels_in_range import labels_in_range
from ..layout import primary
from ..rule import rule


@rule(LinearOp)
def linear(op: LinearOp, code: Code) -> str:
    """A product of matrices; of labels, rows of the weight."""
    x, weight, *bias = op.inputs
    dims = (*[dim for dim in op.output.dims if dim is not op.out_dim], op.out_dim)
    if x.sparse_dim is not None:
        labels = labels_in_range(x, code.aligned(x, dims[:-1]))
        rows = f"F.embedding({labels}, {code.of(weight)})"
        rows = f"{rows} + {code.of(bias[0])}" if bias else rows
        return code.moved(rows, dims, op.output.dims)
    features = code.aligned(x, (*dims[:-1], op.in_dim))
    if not bias:
        return code.moved(f"{primary(features)} @ {code.of(weight)}", dims, op.output.dims)
    return code.moved(f"F.linear({features}, {code.of(weight)}.T, {code.of(bias[0])})", dims, op.output.dims)


@rule(Dropout)
def dropout(op: Dropout, code: Code) -> str:
    """``F.dropout``, in training."""
    return f"F.dropout({code.of(op.inputs[0])}, {code.number(op.rate)}, model.training)"


@rule(LayerNormOp)
def layer_norm(op: LayerNormOp, code: Code) -> str:
    """``F.layer_norm``."""
    x, scale, bias = op.inputs
    dims = (*[dim for dim in op.output.dims if dim is not op.axis], op.axis)
    parameters = f"{code.of(scale)}, {code.of(bias)}, {op.epsilon!r}"
    return code.moved(f"F.layer_norm({code.aligned(x, dims)}, ({op.axis.size},), {parameters})", dims, op.output.dims)


@rule(LstmCellOp)
def lstm_cell(op: LstmCellOp, code: Code) -> str | Sequence[str]:
    """``torch.lstm_cell``, by a function of ours."""
    x, weight, recurrent, bias, h, c = op.inputs
    dims = op.output_dims
    weights = code.lstm_weights(weight, recurrent, bias)
    values = [code.aligned(x, (*dims[:-1], op.in_dim)), code.expanded(h, dims), code.expanded(c, dims)]
    cell = f"{code.function('lstm_step')}({', '.join(values)}, {weights})"
    if dims == op.outputs[0].dims:
        return cell
    both = code.assign("cell", cell)
    return [code.moved(f"{both}[{index}]", dims, op.outputs[index].dims) for index in range(2)]


@rule(LstmSequence)
def lstm(op: LstmSequence, code: Code) -> str | Sequence[str]:
    """``torch.lstm``, by a function of ours; one with packed sequences where the state at the end is read."""
    x, weight, recurrent, bias, *initial = op.inputs
    dims = op.outputs[1].dims
    rest = op.rest_dims
    frames = code.aligned(x, (*rest, op.axis, op.in_dim))
    lengths = code.lengths_of_each(op.axis, rest) if op.axis.is_dynamic else "None"
    state = f"({', '.join(code.expanded(value, dims) for value in initial)})" if initial else "None"
    given = f"{frames}, {lengths}, {state}, {code.lstm_weights(weight, recurrent, bias)}"
    if code.program.needed_tensors.isdisjoint(op.outputs[1:]):
        return [f"{code.function('lstm_over' if op.direction > 0 else 'lstm_to_the_start')}({given})", "", ""]
    return f"{code.function('lstm_with_state')}({given}, {op.direction})"


def _set_strided_lengths(axis: Dim, out_axis: Dim, stride: int, code: Code) -> None:
    """Says how long sequences are of which each ``stride``-th frame is there, the first one among them."""
    if out_axis.is_dynamic:
        lengths, size = (f"({given} + {stride - 1}) // {stride}" for given in (code.lengths(axis), code.size(axis)))
        code.set_lengths(out_axis, lengths, size)


@rule(ConvOp)
def convolution(op: ConvOp, code: Code) -> str:
    """``F.conv1d``, by a function of ours."""
    if op.out_axis is not op.axis:
        _set_strided_lengths(op.axis, op.out_axis, op.stride, code)
    x, filters, bias = op.inputs
    order = (*op.rest_dims, op.axis, op.in_dim)
    frames = code.without_padding(x, [op.axis], "0.0", order)
    options = f"{op.stride}, depthwise={op.depthwise}"
    y = f"{code.function('convolved')}({frames}, {code.of(filters)}, {code.of(bias)}, {options})"
    return code.moved(y, (*op.rest_dims, op.out_axis, op.out_dim), op.output.dims)


@rule(TransposedConvOp)
def transposed_convolution(op: TransposedConvOp, code: Code) -> str:
    """``F.conv_transpose1d``, by a function of ours."""
    if op.out_axis is not op.axis and op.out_axis.is_dynamic:
        code.set_lengths(op.out_axis, f"{code.lengths(op.axis)} * {op.stride}", f"{code.size(op.axis)} * {op.stride}")
    x, filters, bias = op.inputs
    order = (*op.rest_dims, op.axis, op.in_dim)
    frames = code.without_padding(x, [op.axis], "0.0", order)
    y = f"{code.function('transposed_convolved')}({frames}, {code.of(filters)}, {code.of(bias)}, {op.stride})"
    return code.moved(y, (*op.rest_dims, op.out_axis, op.out_dim), op.output.dims)


@rule(Conv2dOp)
def convolution_2d(op: Conv2dOp, code: Code) -> str:
    """``F.conv2d``, by a function of ours."""
    for axis, out_axis, stride in zip(op.axes, op.out_axes, op.strides):
        if out_axis is not axis:
            _set_strided_lengths(axis, out_axis, stride, code)
    x, filters, bias = op.inputs
    rest = op.rest_dims
    frames = code.without_padding(x, op.axes, "0.0", (*rest, *op.axes, op.in_dim))
    y = f"{code.function('convolved_2d')}({frames}, {code.of(filters)}, {code.of(bias)}, {tuple(op.strides)})"
    return code.moved(y, (*rest, *op.out_axes, op.out_dim), op.output.dims)


@rule(Pool)
def pool(op: Pool, code: Code) -> str:
    """Frames in groups, over which a function of PyTorch goes."""
    x = op.inputs[0]
    _set_strided_lengths(op.axis, op.out_dim, op.size, code)
    mask = code.mask(op.axis, x.dims) or "None"
    function = code.function({"max": "pool_max", "mean": "pool_mean"}[op.mode])
    return f"{function}({code.of(x)}, {mask}, {op.size}, {x.dims.index(op.axis)})"


@rule(PositionalEncoding)
def positional_encoding(op: PositionalEncoding, code: Code) -> str:
    """A function of ours."""
    x = op.inputs[0]
    dims = x.dims
    if op.axis is None:
        assert op.body.loop is not None
        positions = f"torch.tensor({code.steps[op.body.loop]}, device=device)"
        return f"{code.of(x)} + {code.function('sinusoids')}({positions}, {dims[-1].size})"
    positions = f"torch.arange({code.size(op.axis)}, device=device)"
    signal = f"{code.function('sinusoids')}({positions}, {dims[-1].size})"
    return f"{code.of(x)} + {code.moved(signal, (op.axis, dims[-1]), dims)}"


@rule(RunningAverage)
def running_average(op: RunningAverage, code: Code) -> str:
    """A function of ours, which changes the parameter in training."""
    value, average = op.inputs
    arguments = f"{code.aligned(value, op.output.dims)}, {code.of(average)}, {code.number(op.momentum)}"
    return f"{code.function('followed_average')}({arguments}, model.training)"
