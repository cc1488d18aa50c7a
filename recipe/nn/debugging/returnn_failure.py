"""Where RETURNN failed on TensorFlow: the layer that it was at, and the user's line that this layer computes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType

from ..plain.errors import SourceLine
from ..tf_layers.layers import Layer, LayerNetwork
from .failure import error_text, line_text


def returnn_failure_text(error: BaseException, layers: LayerNetwork | None) -> str:
    """
    An error of RETURNN or TensorFlow for the user: what it says, and the user's line, as far as that can be told.

    :param layers: of the network that was built
    """
    said = error_text(error, _message(str(error)))
    layer = _failed_layer(error, layers) if layers is not None else None
    if layer is None:
        return said
    source = source_of(layer)
    line = f"\n  {line_text(source)}" if source is not None else ""
    return f"{said}{line}\n  in the layer {layer.name!r}"


def _message(text: str) -> str:
    """What an error says, of TensorFlow's without the tracebacks."""
    said = re.search(r"^Node: '[^']*'\n(.*?)(?:\n\t ?\[\[|\n\nOriginal stack trace|\Z)", text, re.MULTILINE | re.DOTALL)
    return said[1] if said else text


def source_of(layer: Layer) -> SourceLine | None:
    """The user's line that a layer computes; of one that was made for others, that of the loop around."""
    if layer.source is not None or layer.network.parent is None:
        return layer.source
    around = next((one for one in layer.network.parent.layers if one.options.get("unit") is layer.network), None)
    return source_of(around) if around is not None else None


def _failed_layer(error: BaseException, layers: LayerNetwork) -> Layer | None:
    """The layer that was built or run when it failed: the innermost one that the traceback or the text names."""
    for text in (*reversed(list(_layers_built(error.__traceback__))), *_operations(error)):
        found = _layer_named(text, layers)
        if found is not None:
            return found
    return None


def _layers_built(traceback: TracebackType | None) -> Iterator[str]:
    """The paths of layers that RETURNN was building, the outermost first."""
    while traceback is not None:
        variables = traceback.tb_frame.f_locals
        name, network = variables.get("name"), variables.get("self")
        if traceback.tb_frame.f_code.co_name in ("construct_layer", "_create_layer", "add_layer"):
            prefix = getattr(network, "get_absolute_name_prefix", None)
            if isinstance(name, str):
                yield (prefix() if prefix is not None else "") + name
        traceback = traceback.tb_next


def _operations(error: BaseException) -> Iterator[str]:
    """The names of TensorFlow's operations in an error: ``loop/rec/while/h/Tanh``."""
    operation = getattr(error, "op", None)
    if operation is not None:
        yield str(operation.name)
    yield from re.findall(r"node (\S+?)[ :(\[]", str(error))


def _layer_named(path: str, layers: LayerNetwork) -> Layer | None:
    """The innermost layer that a path leads to, whatever stands between its parts."""
    found, network = None, layers
    for part in path.split("/"):
        layer = next((one for one in network.layers if one.name == part), None)
        if layer is not None:
            found = layer
            unit = layer.options.get("unit")
            network = unit if isinstance(unit, LayerNetwork) else LayerNetwork()
    return found
