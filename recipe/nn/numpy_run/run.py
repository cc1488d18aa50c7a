"""Runs a network in NumPy: the definition of what it means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy

from ..plain.dim import batch_dim
from ..plain.errors import NetworkError
from ..program.program import Program
from ..record.graph import Tensor
from .interpreter import Result, Run


def run_numpy(
    network: Program,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray] | None = None,
    *,
    train: bool = False,
    seed: int = 0,
    train_step: int = 0,
    trace: bool = False,
) -> NumpyRun:
    """
    Runs a network in NumPy, step by step: the definition of what it means.

    :param feeds: arrays of the inputs by name; for one with lengths a pair (array [batch, time, ...], lengths [batch])
    :param parameters: arrays by name; default: ``network.random_parameters(seed)``
    :param train: whether dropout is on
    :param train_step: how many batches were trained on before, for what depends on it
    :param trace: whether to keep each value of each step of each loop: ``print(run.trace)``
    """
    if not isinstance(network, Program):
        raise NetworkError(f"run_numpy wants a Network, not {network!r}: nn.Network(model) makes it")
    if not isinstance(feeds, Mapping):
        raise NetworkError(f"feeds are arrays by the names of inputs, {{'data': ...}}, not a {type(feeds).__name__}")
    if parameters is None:
        parameters = network.random_parameters(seed)
    run = Run(network, feeds, parameters, train=train, seed=seed, train_step=train_step, trace=trace)
    run.execute(network.root_body)
    return NumpyRun(network, run)


class NumpyRun:
    """
    What a run in NumPy gave.

    :ivar outputs: the outputs by name, each a :class:`recipe.nn.numpy_run.interpreter.Result`
    :ivar losses: per loss its mean over all frames of the batch; other axes than the first with lengths are summed
    :ivar beam_scores: of the search, if there was one: [batch, beam]
    :ivar trace: the values of the steps of loops, a :class:`recipe.nn.numpy_run.trace.Trace`, if asked for
    """

    def __init__(self, network: Program, run: Run):
        self._run = run
        self.outputs: dict[str, Result] = {name: self.result(tensor) for name, tensor in network.outputs}
        self.losses: dict[str, float] = {loss.name: self._mean(loss.tensor) for loss in network.losses}
        self.beam_scores: numpy.ndarray | None = run.searches[-1].scores if run.searches else None
        self.trace = run.trace

    def result(self, tensor: Tensor) -> Result:
        """The value of any tensor of the network outside of loops."""
        value = self._run.values[tensor]
        lengths = {dim: self._run._lengths[dim] for dim in tensor.dims if dim.is_dynamic}
        if batch_dim in tensor.dims:  # of a search, once per hypothesis
            rows = value.shape[tensor.dims.index(batch_dim)]
            lengths = {dim: numpy.repeat(of, rows // len(of)) if len(of) else of for dim, of in lengths.items()}
        return Result(value, tensor.dims, lengths)

    def _mean(self, tensor: Tensor) -> float:
        value = self._run.values[tensor]
        mask = numpy.ones(value.shape, bool)
        dynamic = [dim for dim in tensor.dims if dim.is_dynamic]
        with self._run.of_hypotheses(tensor):
            for dim in dynamic:
                mask = mask & self._run.mask(dim, tensor.dims)
            frames = self._run.mask(dynamic[0], tensor.dims) if dynamic else mask
        rest = [dim for dim in tensor.dims if not dim.is_batch and dim not in dynamic[:1]]
        others = math.prod(value.shape[tensor.dims.index(dim)] for dim in rest)
        count = numpy.broadcast_to(frames, value.shape).sum() / others if others else 0
        return float(value[mask].sum() / count) if count else float("nan")
