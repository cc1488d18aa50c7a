"""Edit distance of label sequences, and the expected risk of hypotheses."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim, DimLike, batch_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from ..record.unknown_start import wrong_type
from .as_tensor import as_tensor
from .elementwise import cast
from .reduce import reduce_sum
from .softmax import softmax


class EditDistance(Op):
    """How many labels are to be inserted, deleted or replaced to make one sequence of another."""

    name = "edit_distance"

    def __init__(self, a: Tensor, b: Tensor, a_axis: Dim, b_axis: Dim):
        self.a_axis, self.b_axis = a_axis, b_axis
        super().__init__(a, b)

    def infer(self) -> None:
        """int32, with the axes of the two but for those along the sequences."""
        a, b = self.inputs
        for x in (a, b):
            if not x.dtype.startswith("int"):
                message = f"edit_distance wants two sequences of labels, but {x} is {x.dtype}"
                raise wrong_type(x, "int32", message)
        if a.sparse_dim is not b.sparse_dim:
            raise NetworkError(
                f"edit_distance wants labels of one dim, but they are of {a.sparse_dim} and {b.sparse_dim}: {a} and {b}"
            )
        rest = [dim for dim in a.dims if dim is not self.a_axis]
        rest += [dim for dim in b.dims if dim is not self.b_axis and dim not in rest]
        if self.a_axis in b.dims and self.a_axis is not self.b_axis or self.b_axis in rest:
            raise NetworkError(
                f"edit_distance over {self.a_axis} of {a} and over {self.b_axis} of {b}: one has the other's axis, too"
            )
        self.set_output(rest, dtype="int32")

    def numpy(self, run: Arrays, a: numpy.ndarray, b: numpy.ndarray) -> numpy.ndarray:
        """The table of Wagner and Fischer (1974), row by row, for each pair of sequences."""
        dims = self.output.dims
        shape = run.shape(dims)
        left = run.aligned(a, self.inputs[0].dims, (*dims, self.a_axis))
        right = run.aligned(b, self.inputs[1].dims, (*dims, self.b_axis))
        left = numpy.broadcast_to(left, (*shape, left.shape[-1]))
        right = numpy.broadcast_to(right, (*shape, right.shape[-1]))
        counts = [numpy.broadcast_to(run.lengths_along(axis, dims), shape) for axis in (self.a_axis, self.b_axis)]
        distances: numpy.ndarray = numpy.zeros(shape, "int32")
        for place in numpy.ndindex(*shape):
            distances[place] = _distance(left[place][: counts[0][place]], right[place][: counts[1][place]])
        return distances

    def form(self) -> Form:
        """``edit_distance``, which is no layer of RETURNN that needs nothing native: each engine has a rule for it."""
        return Form("edit_distance", {"from": list(self.inputs), "a_axis": self.a_axis, "b_axis": self.b_axis})


def _distance(a: numpy.ndarray, b: numpy.ndarray) -> int:
    row = list(range(len(b) + 1))
    for number, label in enumerate(a, 1):
        before, row = row, [number]
        for position, other in enumerate(b, 1):
            row.append(min(before[position] + 1, row[-1] + 1, before[position - 1] + int(label != other)))
    return row[-1]


def edit_distance(
    a: Tensor, b: Tensor, *, a_axis: DimLike | str | None = None, b_axis: DimLike | str | None = None
) -> Tensor:
    """
    How many labels are to be inserted, deleted or replaced to make one sequence of the other (Levenshtein 1966), as
    word errors are counted. It has no gradient.

    :param a: labels [batch, positions], or with more axes, such as one over hypotheses
    :param b: labels of the same dim, [batch, other positions]
    :param a_axis: along which the sequence goes, where there is more than one axis with lengths
    :param b_axis: the same of ``b``
    :return: int32 [batch], and the other axes of the two
    """
    a, b = as_tensor(a), as_tensor(b)
    axes = [x.resolve_axis(axis) for x, axis in ((a, a_axis), (b, b_axis))]
    for x, axis in zip((a, b), axes):
        if axis.is_batch or batch_dim not in x.dims:
            raise NetworkError(
                f"edit_distance wants a sequence of labels for each of the batch, but {x} is {dims_text(x.dims)}"
            )
    return EditDistance(a, b, *axes).output


def expected_risk(scores: Tensor, risks: Tensor, axis: DimLike | str, *, scale: Any = 1.0) -> Tensor:
    """
    The risk that is expected of hypotheses, by their scores renormalized among them: the loss of minimum-risk training
    (Och 2003; Shannon 2017; Prabhavalkar et al. 2018)::

        sum over hypotheses of  softmax(scale * scores) * risks

    :param scores: the log probability of each hypothesis, [..., hypotheses]
    :param risks: what each costs, such as ``nn.edit_distance(hypotheses, targets)``: numbers or int32 [..., hypotheses]
    :param axis: the one over hypotheses
    :param scale: flattens (below 1) or sharpens (above 1) the distribution
    :return: [...]
    """
    scores, risks = as_tensor(scores), as_tensor(risks)
    dim = scores.resolve_axis(axis)
    if set(scores.dims) != set(risks.dims):
        raise NetworkError(f"expected_risk wants a risk for each score, but they are {risks} and {scores}")
    costs = risks if risks.dtype.startswith("float") else cast(risks, "float32")
    return reduce_sum(softmax(scores * scale, dim) * costs, dim)
