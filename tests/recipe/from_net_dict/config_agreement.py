"""Whether the network of an old config and the module that it becomes give the same in RETURNN."""

from __future__ import annotations

import pathlib
import traceback
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy

from jobs.old_parameters import old_parameters
from recipe.from_net_dict import WrittenModule
from recipe.from_net_dict.losses import smoothing_constant
from recipe.from_net_dict.net_dict import Input, NetDict
from recipe.from_net_dict.translation import Translation
from recipe.from_net_dict.writer import module_text

from ..nn.agreement import ragged_frames, ragged_labels
from ..nn.returnn_run import ReturnnOutput, run_returnn
from .original_run import OriginalRun, run_original
from .original_settings import NotComparable, original_settings
from .same_frames import frames_of
from .written_module import imported

FRAMES, LABELS = [40, 26, 33], [4, 2, 3]
"""Lengths of a batch: of recordings that are made shorter by pooling, and of the labels said in them."""
RELATIVE, ABSOLUTE = 1e-3, 1e-4
"""What may differ: of the value, and of the largest one."""


class Outcome(NamedTuple):
    """
    What came out.

    :ivar status: one of :data:`STATUSES`
    :ivar detail: why, or by how much and in which layer
    """

    status: str
    detail: str


STATUSES = ("agrees", "differs", "written fails", "original refused", "not comparable", "not translated", "not read")


def compare(net: NetDict, directory: pathlib.Path, settings: Mapping[str, Any]) -> Outcome:
    """
    Runs both with the same random parameters on the same batch and compares outputs and losses.

    :param net: translated whole
    :param directory: for the written module
    :param settings: of the config
    """
    translation = Translation(net)
    text, notes = module_text(translation, "a config"), translation.notes
    try:
        module = imported(WrittenModule(text, notes.name_map, []), directory)
        is_search = not hasattr(module, "training_network")
        network = module.search_network() if is_search else module.training_network()
    except Exception as error:
        return Outcome("written fails", _short(error))
    feeds = _feeds(net, network.extern_data)
    names = [name for name, _ in network.outputs]
    try:
        original = original_settings(net, settings)
    except NotComparable as error:
        return Outcome("not comparable", str(error))
    original["extern_data"] = {name: one for name, one in original["extern_data"].items() if name in feeds}
    try:
        run = run_original(original, feeds, names, search=is_search, values=_moderate_values)
    except Exception as error:
        return Outcome("original refused", _short(error))
    try:
        names_used = {name: module.NAME_MAP[name] for name in network.parameters}
        parameters = old_parameters(run.parameters, names_used)
    except (KeyError, ValueError) as error:
        return Outcome("differs", f"names of parameters: {str(error)[-300:]}")
    try:
        own_feeds = {name: feeds[name] for name in network.extern_data}
        new = run_returnn(network, own_feeds, parameters, search=is_search)
    except Exception as error:
        return Outcome("written fails", _short(error))
    return _differences(net, run, new, beams=is_search)


def _differences(net: NetDict, original: OriginalRun, new: Any, *, beams: bool) -> Outcome:
    largest = 0.0
    for name, output in new.outputs.items():
        difference = _difference(original.outputs[name], output, beams=beams)
        if isinstance(difference, str) or difference > 1:
            return Outcome(
                "differs", f"layer {name!r}: {difference if isinstance(difference, str) else ''}{difference}"
            )
        largest = max(largest, difference)
    losses = _comparable_losses(net, original)
    own = {name if name in losses else name.removesuffix("_loss"): loss for name, loss in new.losses.items()}
    if not beams and set(own) != set(losses):
        return Outcome("differs", f"losses {sorted(own)}, originally {sorted(losses)}")
    for name, loss in own.items():
        if not numpy.isclose(loss, losses[name], rtol=RELATIVE, atol=ABSOLUTE):
            return Outcome("differs", f"loss of {name!r}: {loss:.6g}, originally {losses[name]:.6g}")
    if not new.outputs and not new.losses:
        return Outcome("not comparable", "it has neither outputs nor losses")
    return Outcome(
        "agrees", f"{len(new.outputs)} outputs, {len(new.losses)} losses, up to {largest:.2g} of what may be"
    )


def _comparable_losses(net: NetDict, original: OriginalRun) -> dict[str, float]:
    """
    Losses as the written module has them: without error rates of what was searched, with what labels are smoothed to,
    and CTC per sequence.
    """
    found = {}
    for name, loss in original.losses.items():
        layers = [layer for layer in all_layers(net.layers) if layer[0] == name]
        options = layers[0][1] if layers else {}
        if options.get("class") == "decide":
            continue
        smoothing = (options.get("loss_opts") or {}).get("label_smoothing", 0.0)
        labels = net.inputs.get(str(options.get("target", "classes")))
        if smoothing and labels is not None and labels.labels is not None:
            loss += smoothing_constant(smoothing, labels.labels.size)
        found[name] = original.sums[name] / len(FRAMES) if options.get("loss") == "ctc" else loss
    return found


def all_layers(layers: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """All layers, also those in others, with their names there."""
    found = []
    for name, options in layers.items():
        if isinstance(options, dict) and "class" in options:
            found.append((name, options))
            for key in ("unit", "subnetwork"):
                found += all_layers(options[key]) if isinstance(options.get(key), dict) else []
    return found


def _difference(left: ReturnnOutput, right: ReturnnOutput, *, beams: bool) -> float | str:
    """The largest difference as a part of what is allowed, where there is no padding; or what about the shapes."""
    (one, lengths), (other, other_lengths) = frames_of(left), frames_of(right)
    if beams:
        beam = len(lengths) // len(FRAMES)
        one, other, lengths, other_lengths = (x[::beam] for x in (one, other, lengths, other_lengths))
    if lengths.tolist() != other_lengths.tolist():
        return f"lengths {other_lengths.tolist()}, originally {lengths.tolist()}"
    if one.shape[2:] != other.shape[2:]:
        return f"shape {other.shape}, originally {one.shape}"
    largest = 0.0
    for number, length in enumerate(lengths):
        expected = one[number, :length].astype("float64")
        given = other[number, :length].astype("float64")
        if not numpy.isfinite(expected).all():
            return "the original gives values that are not finite"
        allowed = RELATIVE * numpy.abs(expected) + ABSOLUTE * max(float(numpy.abs(expected).max(initial=0)), 1e-30)
        largest = max(largest, float((numpy.abs(given - expected) / allowed).max(initial=0)))
    return largest


def _feeds(net: NetDict, used: dict[str, Any]) -> dict[str, Any]:
    """
    Random inputs; labels of each frame have its lengths, those that a loop or CTC reads are fewer, alignments have as
    many as an encoder has frames. Where masks are computed, sequences are as long as each other, as RETURNN reads masks
    behind the end of shorter ones.
    """
    layers = [options for _, options in all_layers(net.layers)]
    has_masks = any(options.get("class") == "masked_computation" for options in layers)
    all_frames = [max(FRAMES)] * len(FRAMES) if has_masks else FRAMES
    alignments = {
        str(options.get("from")).removeprefix("data:")
        for options in layers
        if isinstance(options.get("size_base"), str)
    }
    inputs = {name: data for name, data in net.inputs.items() if any(dim.is_dynamic for dim in data.dims)}
    are_aligned = not any(
        options.get("loss") == "ctc" or isinstance(options.get("unit"), dict) for _, options in all_layers(net.layers)
    )
    feeds = {}
    for number, (name, data) in enumerate(sorted(inputs.items())):
        is_first = data.labels is None or (are_aligned or "data" not in net.inputs) or name == "data"
        lengths = all_frames if is_first else _of_encoder(layers, all_frames) if name in alignments else LABELS
        feeds[name] = _random(data, lengths, number)
    return feeds


def _of_encoder(layers: list[dict[str, Any]], lengths: list[int]) -> list[int]:
    """The lengths behind all pooling over frames."""
    for options in layers:
        size = options.get("pool_size")
        if options.get("class") == "pool" and isinstance(size, (list, tuple)) and len(size) == 1:
            lengths = [-(-length // size[0]) for length in lengths]
    return lengths


def _random(data: Input, lengths: list[int], seed: int) -> Any:
    if data.labels is not None:
        return ragged_labels(lengths, data.labels.size, seed=seed, first=1)
    return ragged_frames(lengths, *[dim.size for dim in data.dims if dim.is_static], seed=seed)


def _moderate_values(name: str, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
    """Random values that keep what goes through many layers at one size; variances are positive."""
    inputs = int(numpy.prod(shape[:-1])) if len(shape) > 1 else 4
    values = generator.standard_normal(shape) / numpy.sqrt(max(inputs, 1))
    if "variance" in name:
        values = numpy.abs(values) + 0.5
    elif name.endswith(("scale", "gamma")):
        values = values + 1.0
    return numpy.asarray(values, "float32")


def _short(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{pathlib.Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].line}" if frames else ""
    return f"{type(error).__name__}: {(lines[0] if lines else where)[:300]}"
