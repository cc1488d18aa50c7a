"""What writes the code of each class of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .layer import Layer
from .value import Value

Translate = Callable[[Any, Layer], Value]
"""It gets the level that the layer is in."""

WriteLoss = Callable[[Any, Layer, Value], None]
"""It gets the level, the layer, and its output."""

LOSSES: dict[str, WriteLoss] = {}
"""What writes the loss of a layer whose translation does not do that itself, by its name."""

TRANSLATIONS: dict[str, Translate] = {}
"""What writes a layer's code, by class."""


HAVE_PARAMETERS: set[str] = set()
"""The classes whose layers have parameters of their own."""


def writes_loss(*names: str) -> Callable[[WriteLoss], WriteLoss]:
    """Notes a function that writes losses of these names."""

    def note(function: WriteLoss) -> WriteLoss:
        LOSSES.update(dict.fromkeys(names, function))
        return function

    return note


def translates(*class_names: str, has_parameters: bool = False) -> Callable[[Translate], Translate]:
    """
    Notes a function that writes the code for layers of these classes.

    :param has_parameters: whether such layers have parameters
    """

    def note(function: Translate) -> Translate:
        TRANSLATIONS.update(dict.fromkeys(class_names, function))
        HAVE_PARAMETERS.update(class_names if has_parameters else ())
        return function

    return note
