"""Runs the text that the engine PyTorch writes of a network, in this process, with given parameters and inputs."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy

from recipe import nn
from recipe.nn.plain.dim import Dim
from recipe.nn.torch_code.program_text import after_passes

from .returnn_run import ReturnnOutput


class TorchRun(NamedTuple):
    """
    What a run gave.

    :ivar outputs: by name
    :ivar losses: the mean over all frames, by name
    :ivar gradients: of the total loss, by parameter; None where it does not depend on the parameter
    :ivar beam_scores: of the hypotheses of the last search, [batch, beam]
    """

    outputs: dict[str, ReturnnOutput]
    losses: dict[str, float]
    gradients: dict[str, numpy.ndarray | None]
    beam_scores: numpy.ndarray | None


def torch_module(network: nn.Network) -> types.ModuleType:
    """The written functions of a network, as a module that can be called."""
    module = types.ModuleType("written")
    exec(compile(network.config_text(engine="torch"), "written.config", "exec"), vars(module))
    return module


def run_torch(
    network: nn.Network,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    *,
    train: bool = False,
    gradients: bool = False,
    train_step: int = 0,
    seed: int = 42,
) -> TorchRun:
    """
    Computes all outputs and losses.

    :param feeds: as for ``nn.run_numpy``
    :param gradients: also of the total loss by each parameter
    """
    import returnn.frontend as rf
    import torch

    rf.select_backend_torch()
    rf.init_train_step_run_ctx(train_flag=train, step=train_step, epoch=1)
    torch.manual_seed(seed)
    module = torch_module(network)
    model = module.get_model()
    model.train(train)
    paths = {name.replace(".", "/"): parameter for name, parameter in model.named_parameters()}
    assert set(paths) == set(network.parameters)
    with torch.no_grad():
        for name, value in parameters.items():
            paths[name].copy_(torch.as_tensor(value))
    with torch.set_grad_enabled(gradients):
        outputs, losses = module.network(model, _extern_data(network, feeds))
        total = sum(loss * scale for loss, _, scale, as_error in losses.values() if not as_error)
    known: dict[str, numpy.ndarray | None] = {}
    if gradients and isinstance(total, torch.Tensor):
        trained = {name: parameter for name, parameter in paths.items() if parameter.requires_grad}
        known = dict.fromkeys(paths)
        if total.requires_grad:
            found = torch.autograd.grad(total, list(trained.values()), allow_unused=True)
            known |= {name: None if one is None else one.numpy() for name, one in zip(trained, found)}
    program = after_passes(network)
    results = {name: _output(outputs[name], tensor.dims) for name, tensor in program.outputs}
    scores = [outputs[f"beam_scores_{n}" if n else "beam_scores"][0] for n in range(len(program.scores))]
    return TorchRun(
        outputs=results,
        losses={
            name: float(loss) / float(count) if float(count) else float("nan")
            for name, (loss, count, _, _) in losses.items()
        },
        gradients=known,
        beam_scores=scores[-1].reshape(-1, scores[-1].shape[-1]).detach().numpy() if scores else None,
    )


def _extern_data(network: nn.Network, feeds: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as RETURNN gives them."""
    import torch
    from returnn.tensor import Dim as ReturnnDim
    from returnn.tensor import Tensor, batch_dim

    dims: dict[Dim, Any] = {}
    data: dict[str, Any] = {}
    for name, declared in network.extern_data.items():
        feed = feeds[name]
        value, *lengths = map(numpy.asarray, feed if isinstance(feed, tuple) else (feed,))
        dynamic = [dim for dim in declared.dims if dim.is_dynamic]
        for position, dim in enumerate(dynamic):
            if dim not in dims:
                size = value.shape[declared.dims.index(dim)]
                given = (
                    lengths[position]
                    if position < len(lengths)
                    else [size] * value.shape[declared.dims.index(nn.batch_dim)]
                )
                counts = Tensor(
                    "lengths", [batch_dim], "int32", raw_tensor=torch.as_tensor(numpy.array(given, "int32"))
                )
                dims[dim] = ReturnnDim(counts, name=dim.name)
        axes = [
            batch_dim if dim.is_batch else dims[dim] if dim in dims else ReturnnDim(dim.size, name=dim.name)
            for dim in declared.dims
        ]
        raw = torch.as_tensor(value.astype(declared.dtype))
        data[name] = Tensor(name, axes, declared.dtype, raw_tensor=raw)
    return data


def _output(output: tuple[Any, list[Any], Any], dims: tuple[Dim, ...]) -> ReturnnOutput:
    """An output, with a row for each hypothesis where it has axes over hypotheses."""
    value, axes, _ = output
    beams = [axis for axis, dim in enumerate(dims) if dim.is_beam]
    if beams:
        assert nn.batch_dim in dims, dims
        rows = [dims.index(nn.batch_dim), *beams]
        order = [*rows, *(axis for axis in range(len(dims)) if axis not in rows)]
        value = value.permute(order).flatten(0, len(rows) - 1)
        sizes = {dim: output[0].shape[axis] for axis, dim in enumerate(dims)}
        beam_dims = tuple(dims[axis] for axis in rows)
        dims, axes = (
            (nn.batch_dim, *(dims[axis] for axis in order[len(rows) :])),
            [None, *(axes[axis] for axis in order[len(rows) :])],
        )
    lengths = {}
    for dim, axis in zip(dims, axes):
        if isinstance(axis, tuple):
            axis, _ = axis
            if beams:
                shape = [sizes[one] if one in dim.length_dims else 1 for one in beam_dims]
                axis = axis.reshape(shape).expand([sizes[one] for one in beam_dims]).flatten()
            lengths[dim.name] = axis.numpy()
    return ReturnnOutput(value.detach().numpy(), [dim.name for dim in dims], lengths)
