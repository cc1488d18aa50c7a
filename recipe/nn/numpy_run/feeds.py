"""Feeds: the arrays that a run in NumPy gets for the inputs of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from ..ops.inputs import ParameterOp
from ..plain.dim import Dim, batch_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError, did_you_mean, warn
from ..plain.extern_data import ExternData
from ..program.program import Program
from ..record.loops import PreviousOp
from .state import RunState


def fed_array(run: RunState, feeds: Mapping[str, Any], data: ExternData) -> numpy.ndarray:
    """
    The array fed for an input; takes note of the size of the batch and of the lengths.

    :raises NetworkError: if nothing was fed, or what was fed does not fit the declaration
    """
    if data.name not in feeds:
        unknown = [name for name in map(str, feeds) if name not in run.program.extern_data]
        raise NetworkError(
            f"nothing was fed for input {data.name!r} {dims_text(data.dims)}, only for {sorted(map(str, feeds))}."
            f"{instead_of_names(data.name, unknown)}".removesuffix(".")
        )
    feed = feeds[data.name]
    given, *lengths = feed if isinstance(feed, tuple) else (feed,)
    value = _as_array(data, given)
    for dim, size in zip(data.dims, value.shape):
        if dim.is_static and size != dim.size:
            raise _wrong_shape(data, value, f"its axis {dim} has the size {dim.size}, not {size}")
    batch_size = value.shape[data.dims.index(batch_dim)]
    if run.batch_size is not None and run.batch_size != batch_size:
        raise NetworkError(
            f"input {data.name!r} has {batch_size} sequences, but inputs before it have {run.batch_size}"
        )
    run.batch_size = batch_size
    dynamic = [dim for dim in data.dims if dim.is_dynamic]
    if len(lengths) > len(dynamic):
        raise NetworkError(
            f"input {data.name!r} {dims_text(data.dims)} has {len(dynamic)} dims with lengths, but {len(lengths)} "
            "arrays of lengths were fed"
        )
    for position, dim in enumerate(dynamic):
        size = value.shape[data.dims.index(dim)]
        _note_lengths(run, data, dim, size, lengths[position] if position < len(lengths) else None)
    return value


def instead_of_names(name: str, unknown: list[str]) -> str:
    """What is said of the names that were fed and are no inputs, where that of an input is missing."""
    alike = did_you_mean(name, unknown)
    return f" {alike.strip().removeprefix('Did you mean ').removesuffix('?')} is no input" if alike else ""


def check_names(program: Program, feeds: Mapping[str, Any]) -> None:
    """
    Feeds may have more than a network reads, so that several can share them, but no parameters. Tells of states.

    :raises NetworkError: if they have a parameter, or are no dict
    """
    if not isinstance(feeds, Mapping):
        raise NetworkError(f"feeds are arrays by the names of inputs, {{'data': ...}}, not a {type(feeds).__name__}")
    states = {
        op.leaf.name
        for op in program.needed
        if isinstance(op, PreviousOp) and getattr(op.leaf, "state", None) is not None
    }
    for name in feeds:
        if name in program.extern_data:
            continue
        if name in program.parameters:
            raise NetworkError(
                f"{name!r} is a parameter, and no input: nn.run_numpy(network, feeds, {{**network.random_parameters(), "
                f"{name!r}: array}})"
            )
        if name in states:
            warn(
                f"feeds have {name!r}, which is a state, and no input: it starts with what the model says. For a start "
                f"that is fed, write loop.state.{name} = nn.get_extern_data(...) before the loop"
            )


def parameter_array(op: ParameterOp, parameters: Mapping[str, numpy.ndarray]) -> numpy.ndarray:
    """
    The array given for a parameter.

    :raises NetworkError: if none was given, or one that does not fit
    """
    if op.path not in parameters:
        raise NetworkError(
            f"no value was given for parameter {op.path!r} {dims_text(op.parameter.dims)}; there is "
            f"{sorted(parameters)}"
        )
    value = numpy.asarray(parameters[op.path])
    if value.shape != op.parameter.shape:
        raise NetworkError(
            f"parameter {op.path!r} {dims_text(op.parameter.dims)} has shape {op.parameter.shape}, but an "
            f"array {value.shape} was given"
        )
    if value.dtype.kind not in "biuf":
        raise NetworkError(f"parameter {op.path!r} is {op.parameter.dtype}, but an array of {value.dtype} was given")
    return value


def _as_array(data: ExternData, given: Any) -> numpy.ndarray:
    try:
        array = numpy.asarray(given)
    except ValueError:
        array = numpy.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise NetworkError(
            f"input {data.name!r} is an array of {data.dtype}, {dims_text(data.dims)}, but {given!r} was fed. "
            "Sequences of several lengths are padded to one array, and fed as (array, lengths)"
        )
    if array.ndim != len(data.dims):
        raise _wrong_shape(data, array, f"it has {len(data.dims)} axes, not {array.ndim}")
    if array.dtype.kind == "f" and not data.dtype.startswith("float"):
        raise NetworkError(f"input {data.name!r} is {data.dtype}, but an array of {array.dtype} was fed")
    labels = data.sparse_dim
    if labels is not None and labels.is_static and array.size and not 0 <= array.min() <= array.max() < labels.size:
        raise NetworkError(
            f"input {data.name!r} holds labels of {labels}, 0 to {labels.size - 1}, but {array.min()} to "
            f"{array.max()} were "
            "fed"
        )
    return array.astype(data.dtype)


def _wrong_shape(data: ExternData, array: numpy.ndarray, what: str) -> NetworkError:
    return NetworkError(
        f"input {data.name!r} has the dims {dims_text(data.dims)}, but an array {array.shape} was fed: {what}"
    )


def _note_lengths(run: RunState, data: ExternData, dim: Dim, size: int, fed: Any) -> None:
    given: numpy.ndarray = numpy.asarray(fed) if fed is not None else numpy.full(run.batch_size or 0, size)
    if given.shape != (run.batch_size,) or (given.size and given.dtype.kind not in "iu"):
        raise NetworkError(
            f"input {data.name!r}: lengths of {dim} are whole numbers, one for each of {run.batch_size} sequences, not "
            f"{given.tolist()}"
        )
    if given.min(initial=0) < 0 or given.max(initial=0) != size:
        raise NetworkError(
            f"input {data.name!r}: the lengths of {dim} are {given.tolist()}, but the array has {size} frames, as "
            "the greatest length must be"
        )
    if run.knows_lengths(dim) and list(run.lengths(dim)) != list(given):
        raise NetworkError(
            f"inputs disagree about the lengths of {dim}: {run.lengths(dim).tolist()}, and for {data.name!r} "
            f"{given.tolist()}. Two axes of other lengths are two Dims"
        )
    run.set_lengths(dim, given)
