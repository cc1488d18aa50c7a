"""Code: what rules ask for while the ops of a program become lines of PyTorch: variables, sizes, lengths, masks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..ops.hypotheses import Select
from ..plain.delayed import resolved
from ..plain.dim import Dim, batch_dim
from ..plain.variable_names import VariableNames
from ..program.program import Program
from ..record.graph import Body, Op, Tensor
from ..record.loops import LoopOp
from .layout import aligned, primary
from .lines import Lines

RESERVED = frozenset(
    {
        "Dim",
        "F",
        "Tensor",
        "batch",
        "batch_dim",
        "inputs",
        "device",
        "itertools",
        "math",
        "max",
        "min",
        "int",
        "len",
        "float",
        "bool",
        "range",
        "model",
        "network",
        "numpy",
        "rf",
        "torch",
    }
)
"""Names that the text has a meaning for."""

DTYPES = {"bool": "torch.bool"}


class Code:
    """
    The text of a program while it is written.

    :param program: what the passes made of the user's program
    :param reserved: further names that have a meaning
    """

    def __init__(self, program: Program, reserved: Iterable[str] = ()):
        self.program = program
        self.lines = Lines()
        self.names = VariableNames({*RESERVED, *reserved})
        self.functions: dict[str, None] = {}
        """The functions of ``functions`` that are called, in the order of their first calls."""
        self.steps: dict[LoopOp, str] = {}
        """The numbers of the step, by the loops that are written."""
        self.frames: dict[tuple[Tensor, LoopOp], str] = {}
        """The lists of frames of sequences, which the steps of a loop read."""
        self.histories: dict[Op, str] = {}
        """The variables that hold the frames so far, by the ops that collect them."""
        self.positive: set[str] = set()
        """The variables that hold numbers of Python above 0."""
        self._has_batch = False
        self._weights: dict[tuple[Tensor, ...], str] = {}
        self._variables: dict[Tensor, str] = {}
        self._scalars: dict[Tensor, str] = {}
        self._sizes: dict[Dim, str] = {}
        self._lengths: dict[Dim, str] = {}
        self._masks: dict[Dim, str] = {}
        self._paddings: dict[Dim, str] = {}
        self._dims_of_steps: set[Dim] = set()
        self._before_loops: dict[str, str] = {}
        self._rows: dict[tuple[Body, Tensor, Dim], str] = {}

    # tensors

    def define(self, tensor: Tensor, code: str) -> None:
        """Says by which code a tensor is read."""
        self._variables[tensor] = code

    def define_scalar(self, tensor: Tensor, code: str) -> None:
        """Says that a tensor is a number of Python, and by which code it is read."""
        self._scalars[tensor] = code

    def assign_scalar(self, tensor: Tensor, code: str) -> str:
        """Writes a variable that holds a number of Python, unless no other line reads it; gives its name."""
        self._scalars[tensor] = self.assign(tensor.op.variable or tensor.op.name, code, optional=True)
        return self._scalars[tensor]

    def scalar(self, tensor: Tensor) -> str | None:
        """The code of a number of Python; None for what is a tensor of PyTorch."""
        return self._scalars.get(tensor)

    def of(self, tensor: Tensor) -> str:
        """The code of a tensor, with its axes in the order of its dims."""
        if tensor in self._variables:
            return self._variables[tensor]
        return f"torch.tensor({self._scalars[tensor]}, dtype={self.dtype(tensor.dtype)}, device=device)"

    def aligned(self, tensor: Tensor, dims: Sequence[Dim], *, full: bool = False) -> str:
        """
        The code of a tensor that broadcasts to dims.

        :param full: whether it has all of these axes, also the first ones of size 1
        """
        return aligned(self.of(tensor), tensor.dims, dims, full=full)

    def expanded(self, tensor: Tensor, dims: Sequence[Dim]) -> str:
        """The code of a tensor that has all of these dims, in full size."""
        code = self.aligned(tensor, dims)
        if set(tensor.dims) >= set(dims):
            return code
        return f"{primary(code)}.expand({', '.join(self.size(dim) for dim in dims)})"

    def moved(self, code: str, dims: Sequence[Dim], target: Sequence[Dim]) -> str:
        """The code of a tensor with its axes in another order; what is long gets a line of its own before."""
        if tuple(dims) == tuple(target):
            return code
        name = code if code.isidentifier() else self.assign(code.partition("(")[0].rpartition(".")[2] or "moved", code)
        return aligned(name, dims, target)

    def lstm_weights(self, *parameters: Tensor) -> str:
        """The variable that holds the parameters of an LSTM as PyTorch has them; it is written before all loops."""
        if parameters not in self._weights:
            first = self.of(parameters[0])
            name = self._weights[parameters] = self.names.new(
                f"{first.removesuffix('W').rstrip('_') or 'lstm'}_weights"
            )
            given = ", ".join(self.of(parameter) for parameter in parameters)
            self.lines.add_before_blocks(f"{name} = {self.function('lstm_weights')}({given})")
        return self._weights[parameters]

    def hypothesis_rows(self, op: Select, origin: str) -> str:
        """The variable that holds the rows of the hypotheses that are selected, in the body of the op."""
        key = (op.body, op.inputs[1], op.before)
        if key not in self._rows:
            count = self.size(op.before)
            self._rows[key] = self.assign("rows", f"{self.function('hypothesis_rows')}({origin}, {count})")
        return self._rows[key]

    def operands(self, op: Op) -> list[str]:
        """
        The code of each input of an op that computes place by place, which together broadcast to its result.

        Numbers stay numbers, where the others have all axes of the result.
        """
        dims = op.output.dims
        is_number = [self.scalar(x) is not None for x in op.inputs]
        having = {dim for x, number in zip(op.inputs, is_number) if not number for dim in x.dims}
        if all(is_number):
            return [
                self.aligned(x, dims) if x.dims or not index else str(self.scalar(x))
                for index, x in enumerate(op.inputs)
            ]
        enough = having >= set(dims)
        return [
            str(self.scalar(x)) if number and (enough or not x.dims) else self.aligned(x, dims)
            for x, number in zip(op.inputs, is_number)
        ]

    # dims

    def size(self, dim: Dim) -> str:
        """How far an axis reaches, as an int of Python: its size, or the greatest length."""
        if dim.is_batch:
            return "batch"
        return str(dim.size) if dim.is_static else self._sizes[dim]

    def shape(self, dims: Iterable[Dim]) -> str:
        """The shape of a tensor with these dims, as a tuple."""
        sizes = [self.size(dim) for dim in dims]
        return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"

    def knows_lengths(self, dim: Dim) -> bool:
        """Whether the lengths along a dim are known by now."""
        return dim in self._lengths

    def lengths(self, dim: Dim) -> str:
        """The lengths along a dim: int32, over its ``length_dims``."""
        if dim.is_static:
            return f"torch.full((batch,), {dim.size}, dtype=torch.int32, device=device)"
        return self._lengths[dim]

    def lengths_along(self, dim: Dim, dims: Sequence[Dim]) -> str:
        """The lengths along a dim, which broadcast to dims; the size of a static one."""
        if dim.is_static:
            return str(dim.size)
        return aligned(self._lengths[dim], dim.length_dims, dims)

    def lengths_of_each(self, dim: Dim, dims: Sequence[Dim]) -> str:
        """The lengths along a dim at each place of dims, in full size: int32."""
        if dim.is_static:
            return f"torch.full({self.shape(dims)}, {dim.size}, dtype=torch.int32, device=device)"
        lengths = self.lengths_along(dim, dims)
        if set(dim.length_dims) >= set(dims):
            return lengths
        return f"{primary(lengths)}.expand({', '.join(self.size(one) for one in dims)})"

    def mask(self, dim: Dim, dims: Sequence[Dim]) -> str | None:
        """Where frames along a dim are no padding, which broadcasts to dims; None if there is no padding."""
        if not dim.is_dynamic or batch_dim not in dims:
            return None
        return aligned(self._masks[dim], (*dim.length_dims, dim), dims)

    def padding(self, dim: Dim, dims: Sequence[Dim]) -> str | None:
        """Where frames along a dim are padding, which broadcasts to dims; None if there is no padding."""
        if self.mask(dim, dims) is None:
            return None
        return aligned(self._paddings[dim], (*dim.length_dims, dim), dims)

    def masks(self, axes: Iterable[Dim], dims: Sequence[Dim]) -> str | None:
        """Where places are no padding along any of several dims; None if there is no padding."""
        masks = [mask for mask in (self.mask(axis, dims) for axis in axes) if mask is not None]
        return " & ".join(masks) if masks else None

    def without_padding(self, tensor: Tensor, axes: Iterable[Dim], neutral: str, dims: Sequence[Dim] = ()) -> str:
        """
        The code of a tensor with a number in the padding along axes; of one from outside of all loops, a variable.

        :param dims: the order of its axes; default: its own
        """
        axes, dims = [*axes], dims or tensor.dims
        mask, code = self.masks(axes, dims), self.aligned(tensor, dims)
        if mask is None:
            return code
        masked = f"torch.where({mask}, {code}, {neutral})"
        if tensor.op.body.loop is not None or not self._dims_of_steps.isdisjoint(axes):
            return masked
        return self.before_loops(masked, f"{self.of(tensor).split('[')[0]}_masked")

    def before_loops(self, code: str, stem: str) -> str:
        """A variable for what no step changes, written before all loops; outside of loops the code itself."""
        if not self.lines.is_in_block:
            return code
        if code not in self._before_loops:
            name = self._before_loops[code] = self.names.new(stem)
            self.lines.add_before_blocks(f"{name} = {code}")
        return self._before_loops[code]

    def set_lengths(self, dim: Dim, lengths: str, size: str | None = None) -> None:
        """
        Writes how long the sequences are along a dim; what nothing reads of it is left out.

        :param lengths: int32, over the ``length_dims``
        :param size: the greatest length; default: that of the lengths
        """
        stem = self._sizes.get(dim) or self.names.new(dim.name)
        name = self._lengths.get(dim) or self.names.new(f"{stem}_lengths")
        self.lines.add(f"{name} = {lengths}", defines=name)
        if size is None:
            self.lines.add(f"{stem} = {self.function('greatest')}({name})", defines=stem)
        else:
            self.lines.add(f"{stem} = {size}", defines=stem)
        mask = self._masks.get(dim) or self.names.new(f"{stem}_mask")
        places = with_lengths_axis(name, dim)
        self.lines.add(f"{mask} = torch.arange({stem}, device=device) < {places}", defines=mask)
        padding = self._paddings.get(dim) or self.names.new(f"{stem}_padding")
        self.lines.add(f"{padding} = ~{mask}", defines=padding)
        self._sizes[dim], self._lengths[dim], self._masks[dim], self._paddings[dim] = stem, name, mask, padding
        if self.lines.is_in_block:
            self._dims_of_steps.add(dim)

    def same_lengths(self, dim: Dim, other: Dim) -> None:
        """Says that a dim has the lengths of another one."""
        if other.is_static:
            self.set_lengths(dim, self.lengths(other), self.size(other))
            return
        for known in (self._sizes, self._lengths, self._masks, self._paddings):
            known[dim] = known[other]
        if other in self._dims_of_steps:
            self._dims_of_steps.add(dim)

    def set_batch(self, size: str, device: str) -> None:
        """Writes how many sequences there are, and where they are; for the first input."""
        if not self._has_batch:
            self.lines.add(f"batch = {size}", defines="batch")
            self.lines.add(f"device = {device}", defines="device")
        self._has_batch = True

    # the text

    @staticmethod
    def dims_text(tensor: Tensor) -> str:
        """The dims of a tensor for a comment: ``[batch, time, 512]``."""
        parts = [str(dim.size) if dim.is_static and not dim.is_beam else dim.name for dim in tensor.dims]
        labels = f", labels of {tensor.sparse_dim.name}" if tensor.sparse_dim is not None else ""
        dtype = "" if tensor.dtype == "float32" or labels else f" {tensor.dtype}"
        return f"[{', '.join(parts)}]{dtype}{labels}"

    def dtype(self, dtype: str) -> str:
        """PyTorch's name of a type."""
        return DTYPES.get(dtype, f"torch.{dtype}")

    def number(self, value: Any) -> str:
        """A number as Python; one that a job gives is read."""
        value = resolved(value)
        if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
            return f'float("{value}")'
        return repr(value).replace("e+", "e")  # as formatters have it

    def function(self, name: str) -> str:
        """The name of a function of ``functions``, which is written into the text."""
        self.functions[name] = None
        return name

    def variable(self, stem: str) -> str:
        """A new variable."""
        return self.names.new(stem)

    def assign(self, stem: str, code: str, *, optional: bool = False) -> str:
        """Writes a variable; gives its name."""
        name = self.names.new(stem)
        self.lines.add(f"{name} = {code}", defines=name if optional else "")
        return name

    @contextlib.contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A statement with a block."""
        with self.lines.block(head):
            yield


def with_lengths_axis(name: str, dim: Dim) -> str:
    """The code of lengths with one more axis, over the positions."""
    return f"{name}[{', '.join([':'] * len(dim.length_dims))}, None]"
