"""Runs a network in NumPy: the definition of what it means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy

from ..ops.inputs import ExternDataOp
from ..plain.delayed import resolved
from ..plain.errors import NetworkError
from ..plain.familiar_members import no_attribute
from ..plain.familiar_results import OF_RUNS
from ..plain.named import Named
from ..program.program import Program
from ..record.graph import Tensor
from ..record.parameter import Parameter
from .feeds import check_names
from .interpreter import Result, Run
from .not_finite import NotFinite
from .trace import Trace


def run_numpy(
    network: Program,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray] | None = None,
    *,
    train: bool = False,
    seed: int = 0,
    train_step: int = 0,
    trace: bool = False,
    check_finite: bool | str = False,
    precise: bool = False,
) -> NumpyRun:
    """
    Runs a network in NumPy, step by step: the definition of what it means.

    :param feeds: arrays of the inputs by name; for one with lengths a pair (array [batch, time, ...], lengths [batch])
    :param parameters: arrays by name; default: ``network.random_parameters(seed)``
    :param train: whether dropout is on
    :param train_step: how many batches were trained on before, for what depends on it
    :param trace: whether to keep each value of each step of each loop: ``print(run.trace)``
    :param check_finite: whether NaN or infinity in a loss or an output, or NaN by which something was compared or
        chosen, is an error that names the op, the step and the line that made the first one; padding does not count,
        nor do infinite constants and what is infinite because of them. ``"nan"``: infinity is all right
    :param precise: whether to compute in float64 what is float32 otherwise
    :raises NetworkError: if feeds or parameters do not fit; or as ``check_finite`` says
    """
    if not isinstance(network, Program):
        raise NetworkError(f"run_numpy wants a Network, not {network!r}: nn.Network(model) makes it")
    check_names(network, feeds)
    if parameters is None:
        parameters = network.random_parameters(seed)
    if not isinstance(parameters, Mapping) or any(isinstance(value, Parameter) for value in parameters.values()):
        raise NetworkError("parameters are arrays by name, such as network.random_parameters()")
    if check_finite not in (False, True, "nan"):
        raise NetworkError(f'check_finite is True, False or "nan", not {check_finite!r}')
    options: dict[str, Any] = {"train": train, "seed": seed, "train_step": train_step, "trace": trace}
    not_finite = NotFinite(nan_alone=check_finite == "nan") if check_finite else None
    run = Run(network, feeds, parameters, not_finite=not_finite, precise=precise, **options)
    if not_finite is None:
        run.execute(network.root_body)
    else:
        with numpy.errstate(all="ignore"):  # instead of NumPy's warnings, which name a line of this package
            run.execute(network.root_body)
        not_finite.check(results_of(network))
    return NumpyRun(network, run)


def results_of(program: Program) -> list[Tensor]:
    """What a program is computed for: losses, outputs, scores of searches."""
    return [*(loss.tensor for loss in program.losses), *(tensor for _, tensor in program.outputs), *program.scores]


class NumpyRun:
    """
    What a run in NumPy gave.

    :ivar outputs: the outputs by name, each a :class:`recipe.nn.numpy_run.interpreter.Result`
    :ivar losses: per loss its mean over all frames of the batch; other axes than the first with lengths are summed
    :ivar beam_scores: of the search, if there was one, of the last one, if there were more: [batch, beam]
    :ivar search_scores: the same of each search; of one that depends on what another one found, [batch * beam, beam]
    """

    def __init__(self, program: Program, run: Run):
        self._program, self._run = program, run
        outputs = {name: self.result(tensor) for name, tensor in program.outputs}
        self.outputs: dict[str, Result] = Named(outputs, "run.outputs")
        losses = {loss.name: self._mean(loss.tensor) for loss in program.losses}
        self.losses: dict[str, float] = Named(losses, "run.losses")
        of_ops = [self.result(tensor).value for tensor in program.scores]
        self.search_scores = tuple(scores.reshape(-1, scores.shape[-1]) for scores in [*run.scores, *of_ops])
        self.beam_scores: numpy.ndarray | None = self.search_scores[-1] if self.search_scores else None

    @property
    def trace(self) -> Trace:
        """
        The values of the steps of loops.

        :raises NetworkError: if they were not asked for
        """
        if self._run.trace is None:
            raise NetworkError("no trace was kept: nn.run_numpy(network, feeds, trace=True)")
        return self._run.trace

    def __getitem__(self, name: Any) -> NoReturn:
        raise NetworkError(f"a run has several results by name: write run.outputs[{name!r}].value, or run.losses[...]")

    if not TYPE_CHECKING:  # type checkers know which attributes there are

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name, OF_RUNS)

    @property
    def inputs(self) -> dict[str, Result]:
        """What was fed, by name, in the types of the inputs, with all lengths."""
        ops = [op for op in self._program.root_body.ops if isinstance(op, ExternDataOp) and op in self._program.needed]
        return {op.data.name: self.result(op.output) for op in ops}

    def result(self, tensor: Tensor) -> Result:
        """The value of any tensor of the network outside of loops."""
        if not isinstance(tensor, Tensor):
            raise NetworkError(
                f"run.result(x) is of a tensor of the network, not of {tensor!r}: write run.outputs[name]"
            )
        with self._run.with_rows_of(tensor):
            lengths = {dim: self._run.lengths(dim) for dim in tensor.dims if dim.is_dynamic}
            return Result(self._run.read(tensor), tensor.dims, lengths)

    @property
    def batch_size(self) -> int:
        """The number of sequences."""
        return self._run.sequences()

    @property
    def total_loss(self) -> float:
        """
        What training minimises of this batch: the sum of all losses over all frames, with their scales. Weight decay is
        not in it, nor what is only reported as an error.
        """
        trained = [loss for loss in self._program.losses if not loss.as_error]
        return sum((resolved(loss.scale) * self._sum_and_count(loss.tensor)[0] for loss in trained), 0.0)

    def _mean(self, tensor: Tensor) -> float:
        total, count = self._sum_and_count(tensor)
        return total / count if count else float("nan")

    def _sum_and_count(self, tensor: Tensor) -> tuple[float, float]:
        """The sum over all that is no padding, and the number of frames."""
        dynamic = [dim for dim in tensor.dims if dim.is_dynamic]
        with self._run.with_rows_of(tensor):
            value = self._run.read(tensor)
            mask = numpy.ones(value.shape, bool)
            for dim in dynamic:
                mask = mask & self._run.mask(dim, tensor.dims)
            frames = self._run.mask(dynamic[0], tensor.dims) if dynamic else mask
        rest = [dim for dim in tensor.dims if not (dim.is_batch or dim.is_beam) and dim not in dynamic[:1]]
        others = math.prod(value.shape[tensor.dims.index(dim)] for dim in rest)
        count = numpy.broadcast_to(frames, value.shape).sum() / others if others else 0
        return float(value[mask].sum()), float(count)
