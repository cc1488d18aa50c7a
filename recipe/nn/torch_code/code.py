"""Code: what rules ask for while the ops of a program become lines of PyTorch: the variables that hold tensors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..ops.hypotheses import Select
from ..plain.dim import Dim
from ..program.program import Program
from ..record.graph import Body, Op, Tensor
from ..record.loops import LoopOp
from .axes import Axes
from .layout import aligned, primary


class Code(Axes):
    """
    The text of a program while it is written.

    :param program: what the passes made of the user's program
    :param reserved: further names that have a meaning
    """

    def __init__(self, program: Program, reserved: Iterable[str] = ()):
        super().__init__(reserved)
        self.program = program
        self.steps: dict[LoopOp, str] = {}
        """The numbers of the step, by the loops that are written."""
        self.frames: dict[tuple[Tensor, LoopOp], str] = {}
        """The lists of frames of sequences, which the steps of a loop read."""
        self.histories: dict[Op, str] = {}
        """The variables that hold the frames so far, by the ops that collect them."""
        self.positive: set[str] = set()
        """The variables that hold numbers of Python above 0."""
        self._weights: dict[tuple[Tensor, ...], str] = {}
        self._variables: dict[Tensor, str] = {}
        self._scalars: dict[Tensor, str] = {}
        self._rows: dict[tuple[Body, Tensor, Dim], str] = {}

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
        if tensor.op.body.loop is not None or not self.dims_of_steps.isdisjoint(axes):
            return masked
        return self.before_loops(masked, f"{self.of(tensor).split('[')[0]}_masked")

    @staticmethod
    def dims_text(tensor: Tensor) -> str:
        """The dims of a tensor for a comment: ``[batch, time, 512]``."""
        parts = [str(dim.size) if dim.is_static and not dim.is_beam else dim.name for dim in tensor.dims]
        labels = f", labels of {tensor.sparse_dim.name}" if tensor.sparse_dim is not None else ""
        dtype = "" if tensor.dtype == "float32" or labels else f" {tensor.dtype}"
        return f"[{', '.join(parts)}]{dtype}{labels}"
