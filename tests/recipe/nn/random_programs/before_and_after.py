"""A program before and after a pass: both are run in NumPy and must give the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy

from recipe import nn
from recipe.nn.numpy_run.interpreter import Result
from recipe.nn.ops.choice import Choice
from recipe.nn.ops.convolution import ConvOp
from recipe.nn.ops.cumulative import CumLogSumExp, CumSum
from recipe.nn.ops.dot import Dot
from recipe.nn.ops.layer_norm import LayerNormOp
from recipe.nn.ops.linear import LinearOp
from recipe.nn.ops.loss import SmoothedLoss, SparseCrossEntropy
from recipe.nn.ops.lstm import LstmCellOp, LstmSequence
from recipe.nn.ops.pooling import Pool
from recipe.nn.ops.reduce import Reduce
from recipe.nn.ops.softmax import Softmax
from recipe.nn.passes.beams import without_choices
from recipe.nn.passes.fission import fission
from recipe.nn.passes.joins import join
from recipe.nn.program.program import Program
from recipe.nn.record.graph import Op

from ..agreement import frames_mask

RTOL, ATOL = 1e-5, 1e-5
NO_HYPOTHESIS = -1e29
"""Scores below are those of places in a beam that no hypothesis has taken."""
FEW = 8
"""NumPy adds up fewer numbers than this one after the other, in whatever array they are."""
SUMS = (
    *(Choice, ConvOp, CumLogSumExp, CumSum, Dot, LayerNormOp, LstmCellOp, LstmSequence, SmoothedLoss),
    *(Softmax, SparseCrossEntropy),
)
"""Ops that add numbers in an order that depends on the shapes of arrays."""


def passes() -> dict[str, Callable[[Program], Program]]:
    """All passes by name, some one after the other."""
    return {
        "joined": join,
        "split": fission,
        "split and joined": lambda program: join(fission(program)),
        "without choices": without_choices,
        "as an engine runs it": lambda program: join(fission(without_choices(program))),
    }


def check_pass(
    network: Program,
    rewritten: Program,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    before: nn.NumpyRun | None = None,
) -> None:
    """
    Runs a program and what a pass made of it in NumPy and compares them: see :func:`check_runs`.

    The rewritten program may have fewer parameters, if those that it lacks change nothing.

    :param before: what the program gave, if that is known
    :raises AssertionError: if they differ
    """
    before = before or nn.run_numpy(network, feeds, parameters)
    check_runs(network, before, rewritten, nn.run_numpy(rewritten, feeds, parameters))
    lacking = set(network.parameters) - set(rewritten.parameters)
    if lacking:
        others = {name: value + 1.0 if name in lacking else value for name, value in parameters.items()}
        changed = nn.run_numpy(network, feeds, others)
        for name, result in before.outputs.items():
            mask = frames_mask(result)
            is_same = numpy.array_equal(changed.outputs[name].value[mask], result.value[mask])
            assert is_same, f"there is none of {sorted(lacking)}, which {name} depends on"


def check_runs(network: Program, before: nn.NumpyRun, rewritten: Program, after: nn.NumpyRun) -> None:
    """
    Compares all outputs (their dims as sets, lengths, and values where there is no padding), losses, the scores of a
    search, and the shapes of parameters.

    Integers and bools must be equal, floats too if what they are computed by adds no numbers in an order that depends
    on the shapes of arrays; other floats nearly so. After a search a value has a row per hypothesis; the rewritten
    program may have axes for that, or none where a value is the same for all hypotheses of a sequence.

    :raises AssertionError: if they differ
    """
    assert set(rewritten.parameters) <= set(network.parameters), "new parameters"
    for name, parameter in rewritten.parameters.items():
        assert network.parameters[name].shape == parameter.shape, f"parameter {name}: another shape"
    assert set(after.outputs) == set(before.outputs), "other outputs"
    assert set(after.losses) == set(before.losses), "other losses"
    is_hypothesis = _check_scores(before.beam_scores, after.beam_scores)
    tensors = dict(network.outputs)
    for name, result in before.outputs.items():
        is_exact = not any(_adds(op) for op in Program(network.root_body, (), [(name, tensors[name])]).needed)
        _check_result(name, result, after.outputs[name], is_hypothesis, is_exact)
    for name, loss in before.losses.items():
        numpy.testing.assert_allclose(after.losses[name], loss, rtol=RTOL, atol=ATOL, err_msg=f"loss {name}")


def _adds(op: Op) -> bool:
    """Whether it adds numbers in an order that depends on the shapes of arrays."""
    if isinstance(op, LinearOp):
        return op.inputs[0].sparse_dim is None
    if isinstance(op, Reduce):
        return op.mode in ("sum", "mean") and any(axis.is_dynamic or axis.size >= FEW for axis in op.axes)
    return isinstance(op, SUMS) or (isinstance(op, Pool) and op.mode == "mean")


def _check_scores(before: numpy.ndarray | None, after: numpy.ndarray | None) -> numpy.ndarray | None:
    """
    Compares the scores of searches.

    :return: which places of the beams are those of hypotheses, in a row; None without a search
    """
    assert (before is None) == (after is None), "only one of both has scores of a search"
    if before is None or after is None:
        return None
    assert before.shape == after.shape, f"scores {after.shape}, not {before.shape}"
    is_hypothesis: numpy.ndarray = before > NO_HYPOTHESIS
    numpy.testing.assert_array_equal(after > NO_HYPOTHESIS, is_hypothesis, err_msg="how many hypotheses there are")
    given, wanted = after[is_hypothesis], before[is_hypothesis]
    numpy.testing.assert_allclose(given, wanted, rtol=RTOL, atol=ATOL, err_msg="scores of the search")
    return is_hypothesis.reshape(-1)


def _check_result(
    name: str, wanted: Result, given: Result, is_hypothesis: numpy.ndarray | None, is_exact: bool
) -> None:
    given = in_rows(name, given, wanted)
    for dim, lengths in wanted.lengths.items():
        numpy.testing.assert_array_equal(
            _of_hypotheses(given.lengths[dim], is_hypothesis),
            _of_hypotheses(lengths, is_hypothesis),
            err_msg=f"lengths of {name} over {dim}",
        )
    assert given.value.dtype == wanted.value.dtype, f"{name}: {given.value.dtype}, not {wanted.value.dtype}"
    if is_hypothesis is None or nn.batch_dim not in wanted.dims:
        assert given.value.shape == wanted.value.shape, f"{name}: {given.value.shape}, not {wanted.value.shape}"
    mask = frames_mask(wanted)
    if is_hypothesis is not None and nn.batch_dim in wanted.dims and len(is_hypothesis) == _rows(wanted):
        shape = [-1 if dim.is_batch else 1 for dim in wanted.dims]
        mask = mask & is_hypothesis.reshape(shape)
    a, b = _of_same_size(given.value, wanted.value, mask)
    if is_exact or wanted.value.dtype.kind != "f":
        numpy.testing.assert_array_equal(a, b, err_msg=f"output {name}, which must be equal bit for bit")
    else:
        numpy.testing.assert_allclose(a, b, rtol=RTOL, atol=ATOL, err_msg=f"output {name}")


def _of_same_size(given: numpy.ndarray, wanted: numpy.ndarray, mask: numpy.ndarray) -> tuple[Any, Any]:
    """
    What is compared.

    Places of a beam that no hypothesis has taken may have been longer than all others.
    """
    if given.shape == wanted.shape:
        return given[mask], wanted[mask]
    inside = tuple(slice(min(sizes)) for sizes in zip(given.shape, wanted.shape))
    outside = mask.copy()
    outside[inside] = False
    assert not outside.any(), f"{given.shape}, not {wanted.shape}"
    return given[inside][mask[inside]], wanted[inside][mask[inside]]


def _of_hypotheses(lengths: numpy.ndarray, is_hypothesis: numpy.ndarray | None) -> numpy.ndarray:
    return lengths[is_hypothesis] if is_hypothesis is not None and len(is_hypothesis) == len(lengths) else lengths


def _rows(result: Result) -> int:
    return int(result.value.shape[result.dims.index(nn.batch_dim)])


def in_rows(name: str, given: Result, like: Result) -> Result:
    """A result with the axes of another one in their order; axes that only it has are joined with the batch."""
    same = _same_dims(name, given, like)
    more = [dim for dim in given.dims if dim not in same.values()]
    if nn.batch_dim not in like.dims:
        assert not more, f"{name} has the dims {given.dims}, not {like.dims}"
        value = given.value.transpose([given.dims.index(same[dim]) for dim in like.dims])
        return Result(value, like.dims, {dim: given.lengths[same[dim]] for dim in like.lengths})
    rest = [dim for dim in like.dims if not dim.is_batch]
    order = [nn.batch_dim, *more, *(same[dim] for dim in rest)]
    value = given.value.transpose([given.dims.index(dim) for dim in order])
    value = value.reshape(math.prod(value.shape[: 1 + len(more)]), *value.shape[1 + len(more) :])
    rows = _rows(like)
    lengths: dict[nn.Dim, numpy.ndarray] = {dim: numpy.reshape(given.lengths[same[dim]], -1) for dim in like.lengths}
    value, *of_dims = (_repeated(name, array, rows) for array in (value, *lengths.values()))
    value = numpy.moveaxis(value, 0, like.dims.index(nn.batch_dim))
    return Result(value, like.dims, dict(zip(lengths, of_dims)))


def _repeated(name: str, array: numpy.ndarray, rows: int) -> numpy.ndarray:
    """One row per hypothesis of what has one per sequence."""
    assert len(array) and rows % len(array) == 0 or len(array) == rows, f"{name} has {len(array)} rows, not {rows}"
    return array if len(array) == rows else numpy.repeat(array, rows // len(array), axis=0)


def _same_dims(name: str, given: Result, like: Result) -> dict[nn.Dim, nn.Dim]:
    """Which dim of one result is which of the other: the same, or the next one of its name, as after pickling."""
    same = {dim: dim for dim in like.dims if dim in given.dims}
    for dim in like.dims:
        if dim in same:
            continue
        rest = [other for other in given.dims if other not in same.values()]
        alike = [other for other in rest if other.name == dim.name and other.dimension == dim.dimension]
        assert alike, f"{name} has the dims {given.dims}, not {like.dims}"
        same[dim] = alike[0]
    return same


def is_unstable(
    network: Program, before: nn.NumpyRun, feeds: Mapping[str, Any], parameters: Mapping[str, numpy.ndarray]
) -> bool:
    """
    Whether rounding decides what a program gives: other roundings of parameters and inputs give something else.

    So it is where two labels or hypotheses are equally good, or a number is just at the bound of a condition.
    """
    generator = numpy.random.default_rng(0)

    def rounded(value: Any) -> Any:
        if isinstance(value, tuple):
            return (rounded(value[0]), *value[1:])
        if value.dtype.kind != "f":
            return value
        return (value * (1.0 + generator.uniform(-1e-6, 1e-6, value.shape))).astype(value.dtype)

    for _ in range(3):
        other = nn.run_numpy(
            network,
            {name: rounded(value) for name, value in feeds.items()},
            {name: rounded(value) for name, value in parameters.items()},
        )
        if any(_is_far(result, other.outputs[name]) for name, result in before.outputs.items()):
            return True
    return False


def _is_far(one: Result, other: Result) -> bool:
    if one.value.shape != other.value.shape:
        return True
    mask = frames_mask(one)
    return not numpy.allclose(one.value[mask], other.value[mask], rtol=1e-3, atol=1e-3, equal_nan=True)
