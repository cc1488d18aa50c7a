"""The values of the user's program in the layers that RETURNN has on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy

from ..plain.dim import Dim
from ..record.graph import Tensor
from ..tf_layers.value_layers import Place
from .comparison import EngineValue
from .engine import EngineValues, FoundValue, loops_around


class LayerValues(EngineValues):
    """
    The values of layers.

    :param places: where they are
    :param value_of: gives the value of a layer
    """

    def __init__(self, places: Mapping[Tensor, Place], value_of: Callable[[str], EngineValue]):
        self._places, self._value_of = places, value_of
        self._known: dict[str, EngineValue | None] = {}

    def __contains__(self, tensor: Tensor) -> bool:
        """Whether there is a layer for it alone."""
        return tensor in self._places

    def of(self, tensor: Tensor) -> FoundValue | None:
        """The value of a tensor; None if it cannot be looked at."""
        place = self._places.get(tensor)
        value = self._value(place) if place is not None else None
        if place is None or value is None:
            return None
        names = ["batch" if dim.is_batch else dim.name for dim in (*tensor.dims, *place.beams)]
        axes = [axis for axis, name in enumerate(value.dims) if name not in names]
        depth = len(loops_around(tensor))
        if depth and (len(axes) != depth or (depth > 1 and not place.is_inner)):
            return None
        return _LayerValue(place, value, axes)

    def _value(self, place: Place) -> EngineValue | None:
        """What a layer has; None if it cannot be asked for."""
        if place.layer not in self._known:
            try:
                self._known[place.layer] = self._value_of(place.layer)
            except Exception:
                if not place.is_inner:
                    raise
                self._known[place.layer] = None  # an inner loop made other numbers of steps each time
        return self._known[place.layer]


class _LayerValue(FoundValue):
    """
    The value of a layer.

    :param value: of all steps
    :param axes: those over the steps of the loops around, outermost first
    """

    def __init__(self, place: Place, value: EngineValue, axes: list[int]):
        self.place = f"layer {place.layer!r}"
        self.beams: tuple[Dim, ...] = place.beams
        self._value, self._axes = value, axes

    def at(self, step: tuple[int, ...]) -> EngineValue | None:
        """What it is in a step; None if the layer has no such step."""
        if not step:
            return self._value
        value = self._value.value
        if any(number >= value.shape[axis] for number, axis in zip(step, self._axes)):
            return None
        for number, axis in sorted(zip(step, self._axes), key=lambda one: -one[1]):
            value = numpy.take(value, number, axis=axis)
        return EngineValue(value, [name for axis, name in enumerate(self._value.dims) if axis not in self._axes])
