"""What writes the code of each class of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .layer import Layer
from .value import Value

Translate = Callable[[Any, Layer], Value]
"""It gets the level that the layer is in."""

TRANSLATIONS: dict[str, Translate] = {}
"""What writes a layer's code, by class."""


HAVE_PARAMETERS: set[str] = set()
"""The classes whose layers have parameters of their own."""


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
