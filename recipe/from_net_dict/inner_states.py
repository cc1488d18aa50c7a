"""States of a loop that belong to layers within a layer of it: of a subnetwork, or of a masked computation."""

from __future__ import annotations

from .level import Level
from .loop_level import LoopLevel


def loop_state(level: Level, name: str) -> str:
    """
    The expression for the state of a layer: an attribute of the loop around, which forward gets.

    :param level: of the layer, somewhere in a loop
    :param name: of the layer
    """
    loop, name = level.loop, name if level.loop is not level else f"{name}_state"
    assert isinstance(loop, LoopLevel)
    names = [name]
    while level is not loop and level.parent is not None:
        level.uses_loop = True
        names.insert(0, level.name)
        level = level.parent
    return f"loop.state.{loop.inner_state('/'.join(names))}"
