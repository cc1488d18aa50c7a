"""RETURNN on PyTorch: the written functions of a network, run in this process. Both are imported when it is built."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy

from ..passes.for_engines import for_engines
from ..plain.config_sections import BEHAVIOR_VERSION
from ..plain.dim import Dim, batch_dim
from ..program.program import Program
from ..torch_code.config import config_text
from .comparison import EngineValue
from .engine import Engine, EngineNetwork, EngineRun, EngineValues, T
from .failure import error_text, line_text
from .returnn_state import behavior_version, quiet, torch_frontend
from .torch_values import VariableValues, noted_values

NAME = "RETURNN on PyTorch"


class TorchNetwork(EngineNetwork):
    """
    The written functions of a network, with a model on the CPU; see :func:`built`.

    :param network: the user's program
    :param train: whether dropout is on
    """

    def __init__(self, network: Program, *, train: bool = False):
        self.program = network
        self.module = types.ModuleType("written")
        text = config_text({1: network}, network.extern_data)
        exec(compile(text, "written.config", "exec"), vars(self.module))
        self.model = self.module.get_model()
        self.model.train(train)
        self._parameters = {name.replace(".", "/"): value for name, value in self.model.named_parameters()}

    @property
    def parameter_names(self) -> set[str]:
        """Of all, trained or not."""
        return set(self._parameters)

    @property
    def trained_names(self) -> set[str]:
        """Of those that are trained."""
        return {name for name, parameter in self._parameters.items() if parameter.requires_grad}

    def set_parameters(self, values: Mapping[str, numpy.ndarray]) -> None:
        """Gives the parameters values."""
        import torch

        with torch.no_grad():
            for name, value in values.items():
                if name in self._parameters:
                    self._parameters[name].copy_(torch.as_tensor(value))

    def run(self, feeds: Mapping[str, Any]) -> EngineRun:
        """What it gives."""
        import torch

        with torch.no_grad():
            outputs, losses = self.module.network(self.model, self.inputs(feeds))
        program = for_engines(self.program).program
        scores = [outputs[f"beam_scores_{n}" if n else "beam_scores"][0] for n in range(len(program.scores))]
        return EngineRun(
            {name: _output(outputs[name], tensor.dims) for name, tensor in program.outputs},
            {name: _mean(float(total), float(count)) for name, (total, count, _, _) in losses.items()},
            scores[-1].reshape(-1, scores[-1].shape[-1]).numpy() if scores else None,
        )

    def gradients(self, feeds: Mapping[str, Any]) -> dict[str, numpy.ndarray]:
        """Of the total loss, by parameter; without those that it does not depend on."""
        import torch

        _, losses = self.module.network(self.model, self.inputs(feeds))
        total = sum(loss * scale for loss, _, scale, as_error in losses.values() if not as_error)
        if not isinstance(total, torch.Tensor) or not total.requires_grad:
            return {}
        names = sorted(self.trained_names)
        found = torch.autograd.grad(total, [self._parameters[name] for name in names], allow_unused=True)
        return {name: gradient.numpy() for name, gradient in zip(names, found) if gradient is not None}

    def inputs(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs as RETURNN gives them."""
        import torch
        from returnn.tensor import Dim as ReturnnDim
        from returnn.tensor import Tensor
        from returnn.tensor import batch_dim as returnn_batch_dim

        dims: dict[Dim, Any] = {batch_dim: returnn_batch_dim}
        inputs: dict[str, Any] = {}
        for name, declared in self.program.extern_data.items():
            if name not in feeds:
                continue  # nothing needs it
            feed = feeds[name]
            value, *lengths = map(numpy.asarray, feed if isinstance(feed, tuple) else (feed,))
            dynamic = [dim for dim in declared.dims if dim.is_dynamic]
            sizes = dict(zip(declared.dims, value.shape))
            given = {**{dim: [sizes[dim]] * sizes[batch_dim] for dim in dynamic}, **dict(zip(dynamic, lengths))}
            for dim in declared.dims:
                if dim in given and dim not in dims:
                    counts = torch.as_tensor(numpy.array(given[dim], "int32"))
                    over = Tensor("lengths", [returnn_batch_dim], "int32", raw_tensor=counts)
                    dims[dim] = ReturnnDim(over, name=dim.name)
                elif dim not in dims:
                    dims[dim] = ReturnnDim(dim.size, name=dim.name)
            raw = torch.as_tensor(value.astype(declared.dtype))
            inputs[name] = Tensor(name, [dims[dim] for dim in declared.dims], declared.dtype, raw_tensor=raw)
        return inputs


def _mean(total: float, count: float) -> float:
    return total / count if count else float("nan")


def _output(output: tuple[Any, list[Any], Any], dims: tuple[Dim, ...]) -> EngineValue:
    """An output, with a row for each hypothesis where it has axes over hypotheses."""
    value, axes, _ = output
    lengths = {dim: axis[0] for dim, axis in zip(dims, axes) if isinstance(axis, tuple)}
    beams = [dim for dim in dims if dim.is_beam]
    if beams:
        rows = [batch_dim, *beams]
        sizes = [value.shape[dims.index(dim)] for dim in rows]
        rest = [dim for dim in dims if dim not in rows]
        value = value.permute([dims.index(dim) for dim in (*rows, *rest)]).flatten(0, len(rows) - 1)
        for dim, axis in lengths.items():
            shape = [size if one in dim.length_dims else 1 for one, size in zip(rows, sizes)]
            lengths[dim] = axis.reshape(shape).expand(sizes).flatten()
        dims = (batch_dim, *rest)
    names = ["batch" if dim.is_batch else dim.name for dim in dims]
    return EngineValue(value.numpy(), names, {dim.name: axis.numpy() for dim, axis in lengths.items()})


@contextlib.contextmanager
def built(network: Program, *, train: bool = False, train_step: int = 0) -> Iterator[TorchNetwork]:
    """
    Runs what is written of a network, on the CPU; search networks search.

    What RETURNN prints is thrown away. Its state and PyTorch's random numbers are as they were in the end.

    :param train: whether dropout is on
    :param train_step: how many batches were trained on before
    """
    import torch

    with (
        quiet(),
        behavior_version(BEHAVIOR_VERSION),
        torch_frontend(train=train, train_step=train_step),
        torch.random.fork_rng(devices=[]),
    ):
        yield TorchNetwork(network, train=train)


class Torch(Engine):
    """RETURNN on PyTorch."""

    name = "torch"
    title = NAME
    short = "PyTorch"
    packages = ("returnn", "torch")

    def built(self, network: Program) -> AbstractContextManager[TorchNetwork]:
        """Builds a network."""
        return built(network)

    def look_at_values(
        self,
        network: Program,
        parameters: Mapping[str, numpy.ndarray],
        feeds: Mapping[str, Any],
        look: Callable[[EngineValues], T],
    ) -> T:
        """What a function finds in the values of variables."""
        with built(network) as in_torch:
            in_torch.set_parameters(parameters)
            noted = noted_values(network, in_torch.model, in_torch.inputs(feeds))
            if noted.error is not None:
                raise noted.error
            return look(VariableValues(noted))

    def failure_text(self, error: BaseException, network: Program, feeds: Mapping[str, Any]) -> str:
        """What an error says, and the user's line that was written or computed."""
        failed = None
        with contextlib.suppress(Exception):
            failed = noted_values(network).failed
            if failed is None:
                with built(network) as in_torch:
                    failed = noted_values(network, in_torch.model, in_torch.inputs(feeds)).failed
        return error_text(error) if failed is None else f"{error_text(error)}\n  {line_text(failed.source)}"
