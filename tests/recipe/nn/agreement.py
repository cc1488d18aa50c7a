"""Checks that RETURNN gives what the NumPy interpreter gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy

from recipe import nn
from recipe.nn.debugging.gradients import Slopes, compare_gradients
from recipe.nn.numpy_run.interpreter import Result
from recipe.nn.ops.dropout import Dropout
from recipe.nn.ops.random import RandomUniform, TrainFlag

from ...without_returnn import is_left_out, skip
from .returnn_run import ReturnnOutput, ReturnnRun, run_returnn
from .torch_run import TorchRun, run_torch


class Agreement(NamedTuple):
    """A network, and what both gave for it."""

    network: nn.Network
    in_numpy: nn.NumpyRun
    in_returnn: ReturnnRun


def check_agreement(
    model: nn.Network | nn.Module | Callable[..., Any],
    feeds: Mapping[str, Any],
    *,
    parameters: Mapping[str, numpy.ndarray] | None = None,
    train: bool = False,
    gradients: bool = False,
    trains: bool = False,
    moves_layers_out: bool = True,
    without_quirks: Collection[str] = (),
    device: str = "cpu",
    rtol: float = 1e-4,
    **kwargs: Any,
) -> Agreement:
    """
    Runs a model in NumPy and in RETURNN with the same parameters and compares all outputs, their lengths, all losses
    and the scores of a search.

    :param feeds: as for ``nn.run_numpy``
    :param parameters: default: random ones
    :param gradients: also compares the gradients in RETURNN with differences of the loss in NumPy, where nothing is
        random in training
    :param trains: also makes one step of training in RETURNN
    :param moves_layers_out: whether RETURNN may compute outside of a loop what does not need it
    :param without_quirks: names of work-arounds of recipe/nn/tf_layers/quirks that are left out
    :param kwargs: passed on to the model
    :raises AssertionError: where they differ
    """
    network = model if isinstance(model, nn.Network) else nn.Network(model, **kwargs)
    if parameters is None:
        parameters = random_parameters(network)
    assert len(network.digest) == 64, "a job cannot be made of it"
    search = bool(network.beam_sizes)
    in_numpy = nn.run_numpy(network, feeds, parameters)
    assert_padding_is_not_read(network, in_numpy, feeds, parameters)
    in_torch = check_torch(network, feeds, parameters, in_numpy, gradients=gradients, differences=False, rtol=rtol)
    in_returnn = run_returnn(
        network,
        feeds,
        parameters,
        train=train,
        search=search,
        gradients=gradients,
        trains=trains,
        moves_layers_out=moves_layers_out,
        without_quirks=without_quirks,
        device=device,
    )
    if is_left_out():
        if without_quirks:
            skip()  # who leaves one out wants to see RETURNN fail
        return Agreement(network, in_numpy, in_returnn)
    assert set(in_returnn.outputs) == set(in_numpy.outputs)
    for name, result in in_numpy.outputs.items():
        assert_same_output(name, result, in_returnn.outputs[name], rtol)
    assert set(in_returnn.losses) == set(in_numpy.losses)
    for name, loss in in_numpy.losses.items():
        numpy.testing.assert_allclose(in_returnn.losses[name], loss, rtol=rtol, atol=1e-6, err_msg=f"loss {name}")
    if search:
        assert in_numpy.beam_scores is not None and in_returnn.beam_scores is not None
        numpy.testing.assert_allclose(in_returnn.beam_scores, in_numpy.beam_scores, rtol=rtol, atol=1e-5)
    assert set(in_returnn.parameters) == set(network.parameters)
    if gradients and not _is_random(network):
        assert_same_gradients(network, feeds, parameters, in_returnn.gradients)
        if in_torch is not None:
            assert_gradients_of_both(in_returnn.gradients, in_torch.gradients)
    return Agreement(network, in_numpy, in_returnn)


def check_torch(
    network: nn.Network,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    in_numpy: nn.NumpyRun,
    *,
    gradients: bool = False,
    differences: bool = True,
    rtol: float = 1e-4,
) -> TorchRun | None:
    """
    Runs a network on PyTorch and compares it with NumPy as :func:`check_agreement` does.

    :param differences: whether gradients are compared with differences of the loss in NumPy
    :return: what PyTorch gave
    :raises AssertionError: where they differ
    """
    if is_left_out():
        return None
    in_torch = run_torch(network, feeds, parameters, gradients=gradients)
    assert set(in_torch.outputs) == set(in_numpy.outputs)
    for name, result in in_numpy.outputs.items():
        assert_same_output(name, result, in_torch.outputs[name], rtol)
    assert set(in_torch.losses) == set(in_numpy.losses)
    for name, loss in in_numpy.losses.items():
        numpy.testing.assert_allclose(in_torch.losses[name], loss, rtol=rtol, atol=1e-6, err_msg=f"loss {name}")
    if in_numpy.beam_scores is not None:
        assert in_torch.beam_scores is not None
        numpy.testing.assert_allclose(in_torch.beam_scores, in_numpy.beam_scores, rtol=rtol, atol=1e-5)
    if gradients and differences and not _is_random(network):
        assert_same_gradients(network, feeds, parameters, in_torch.gradients)
    return in_torch


def _is_random(network: nn.Network) -> bool:
    """Whether training differs from a run in NumPy, so that gradients cannot be compared."""
    return any(isinstance(op, (Dropout, RandomUniform, TrainFlag)) for op in network.needed)


def assert_gradients_of_both(
    one: Mapping[str, numpy.ndarray | None], other: Mapping[str, numpy.ndarray | None]
) -> None:
    """Compares the gradients of the two engines, number by number, where there are some; None is 0 everywhere."""
    for name in one.keys() & other.keys():
        values = [one[name], other[name]]
        known = [value for value in values if value is not None and numpy.isfinite(value).all()]
        if len(known) < sum(value is not None for value in values):
            continue  # as after padding that is no number, which no dataset of RETURNN gives
        first, second = (numpy.zeros(known[0].shape if known else ()) if v is None else v for v in values)
        scale = max(1.0, float(numpy.abs(first).max(initial=0.0)))
        numpy.testing.assert_allclose(second, first, rtol=2e-3, atol=1e-4 * scale, err_msg=f"gradient of {name}")


def assert_same_gradients(
    network: nn.Network,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    gradients: Mapping[str, numpy.ndarray | None],
) -> None:
    """
    Compares gradients with differences of NumPy's loss, along a random direction of each parameter.

    Not where padding is fed that is no number, which no dataset of RETURNN gives: times a gradient of 0 it is NaN.
    """
    arrays = [numpy.asarray(feed[0] if isinstance(feed, tuple) else feed) for feed in feeds.values()]
    if all(loss.as_error for loss in network.losses) or not all(numpy.isfinite(array).all() for array in arrays):
        return
    known = {name: gradient for name, gradient in gradients.items() if gradient is not None}
    slopes = Slopes(network, feeds, parameters)
    found = compare_gradients(slopes, known, set(gradients), numbers=0, tolerance=2e-3, engine="RETURNN")
    wrong = [f"gradient of {one.name}: {one.text}" for one in found.values() if one.text]
    assert not wrong, "\n".join(wrong)


def assert_padding_is_not_read(
    network: nn.Network, run: nn.NumpyRun, feeds: Mapping[str, Any], parameters: Mapping[str, numpy.ndarray]
) -> None:
    """
    What is fed after the ends of sequences changes nothing in NumPy, be it no number.

    :param run: that of these feeds
    :raises AssertionError: if a value, a loss or a score is another one
    """
    with numpy.errstate(all="ignore"):
        other = nn.run_numpy(network, _with_nan(network, feeds), parameters)
    for name, result in run.outputs.items():
        changed = other.outputs[name]
        assert changed.value.shape == result.value.shape
        for dim, lengths in result.lengths.items():
            numpy.testing.assert_array_equal(changed.lengths[dim], lengths)
        mask = frames_mask(result)
        _assert_same(changed.value[mask], result.value[mask], f"output {name} depends on the padding")
    for name, loss in run.losses.items():
        _assert_same(other.losses[name], loss, f"loss {name} depends on the padding")
    if run.beam_scores is not None:
        _assert_same(other.beam_scores, run.beam_scores, "scores depend on the padding")


def _assert_same(one: Any, other: Any, what: str) -> None:
    numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=what)


def _with_nan(network: nn.Network, feeds: Mapping[str, Any]) -> dict[str, Any]:
    """Feeds with NaN after the ends of sequences; those of whole numbers, and those without lengths, as they are."""
    declared = {name: data for name, data in network.extern_data.items() if data.dtype.startswith("float")}
    return {
        name: nan_in_padding(declared[name], feed) if name in declared and isinstance(feed, tuple) else feed
        for name, feed in feeds.items()
    }


def nan_in_padding(data: nn.ExternData, feed: tuple[numpy.ndarray, ...]) -> tuple[numpy.ndarray, ...]:
    """
    The same sequences with NaN after their ends.

    :param data: what the array is fed to
    :param feed: the array and its lengths
    """
    value, *lengths = map(numpy.asarray, feed)
    dynamic = [dim for dim in data.dims if dim.is_dynamic]
    inside = frames_mask(Result(value, data.dims, dict(zip(dynamic, lengths))))
    return (numpy.where(inside, value, numpy.nan), *lengths)


def assert_same_output(name: str, result: Result, output: ReturnnOutput, rtol: float = 1e-4) -> None:
    """Compares dims, lengths and, where there is no padding, values. Integers and bools must be the same."""
    axes = matching_axes(name, [dim.name for dim in result.dims], output.dims)
    for dim, lengths in result.lengths.items():
        in_returnn = output.lengths[output.dims[axes[result.dims.index(dim)]]]
        numpy.testing.assert_array_equal(in_returnn, lengths, err_msg=f"lengths of {name} over {dim}")
    value = numpy.transpose(output.value, axes)
    assert value.shape == result.value.shape, f"output {name}: {value.shape}, not {result.value.shape} {result.dims}"
    assert value.dtype == result.value.dtype, f"output {name}: {value.dtype}, not {result.value.dtype}"
    mask = frames_mask(result)
    if value.dtype.kind == "f":
        numpy.testing.assert_allclose(value[mask], result.value[mask], rtol=rtol, atol=1e-5, err_msg=f"output {name}")
    else:
        numpy.testing.assert_array_equal(value[mask], result.value[mask], err_msg=f"output {name}")


def matching_axes(name: str, wanted: list[str], given: list[str]) -> list[int]:
    """
    Where each wanted dim is among the given ones. One dim may have another name, as RETURNN makes names itself; of dims
    of one name, the first is the first.
    """
    assert len(wanted) == len(given), f"output {name} has the dims {given}, not {wanted}"
    wanted, given = _numbered(wanted), _numbered(given)
    unknown = [dim for dim in given if dim not in wanted]
    assert len(unknown) <= 1, f"output {name} has the dims {given}, not {wanted}"
    return [given.index(dim) if dim in given else given.index(unknown[0]) for dim in wanted]


def _numbered(names: list[str]) -> list[str]:
    """The same names; of those that are there more than once, the later ones with a number."""
    return [
        f"{name}#{names[:place].count(name)}" if name in names[:place] else name for place, name in enumerate(names)
    ]


def frames_mask(result: Result) -> numpy.ndarray:
    """Where a value is no padding: bool, of its shape."""
    mask = numpy.ones(result.value.shape, bool)
    if nn.batch_dim not in result.dims:
        return mask
    batch_axis = result.dims.index(nn.batch_dim)
    for dim, lengths in result.lengths.items():
        axis = result.dims.index(dim)
        inside = numpy.arange(result.value.shape[axis])[None, :] < lengths[:, None]
        if axis < batch_axis:
            inside = inside.T
        shape = [mask.shape[position] if position in (axis, batch_axis) else 1 for position in range(mask.ndim)]
        mask &= inside.reshape(shape)
    return mask


def random_parameters(network: nn.Network, seed: int = 1, scale: float = 1.0) -> dict[str, numpy.ndarray]:
    """Parameters that are nowhere constant, biases included: normal with this deviation over the root of the fan-in."""
    generator = numpy.random.default_rng(seed)
    values = {}
    for name, parameter in sorted(network.parameters.items()):
        deviation = scale / numpy.sqrt(parameter.shape[0]) if len(parameter.shape) > 1 else 0.5 * scale
        values[name] = (generator.standard_normal(parameter.shape) * deviation).astype("float32")
    return values


def ragged_frames(
    lengths: Iterable[int], *sizes: int, seed: int = 0, deviation: float = 1.0
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Random frames [batch, time, *sizes] and the lengths, with large values in the padding, which nothing may read."""
    frame_counts = numpy.array(list(lengths), "int32")
    shape = (len(frame_counts), int(frame_counts.max()), *sizes)
    value = numpy.random.default_rng(seed).standard_normal(shape) * deviation
    padding = numpy.arange(shape[1])[None, :] >= frame_counts[:, None]
    value[padding] = 77.0
    return value.astype("float32"), frame_counts


def ragged_labels(
    lengths: Iterable[int], num_labels: int, *, seed: int = 0, first: int = 0
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Random labels [batch, time] from ``first`` to ``num_labels - 1`` and the lengths."""
    frame_counts = numpy.array(list(lengths), "int32")
    generator = numpy.random.default_rng(seed)
    value = generator.integers(first, num_labels, (len(frame_counts), int(frame_counts.max())))
    return value.astype("int32"), frame_counts
