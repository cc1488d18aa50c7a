"""States of a loop that belong to layers within a layer of it: of a subnetwork, or of a masked computation."""

from __future__ import annotations

from .level import Level
from .loop_level import LoopLevel


def loop_state(level: Level, name: str, module: str = "") -> str:
    """
    The expression for the state of a layer: an attribute of the loop around, which forward gets.

    :param level: of the layer, somewhere in a loop
    :param name: of the layer
    :param module: the expression for the cell whose state it is; "" for a value, which starts with zeros
    """
    path = module.removeprefix("self.")
    loop, name = level.loop, name if level.loop is not level else f"{name}_state"
    assert isinstance(loop, LoopLevel)
    names = [name]
    while level is not loop and level.parent is not None:
        level.uses_loop = True
        names.insert(0, level.name)
        path = f"{level.attribute}.{path}"
        level = level.parent
    state = loop.inner_state("/".join(names))
    if module:
        loop.inner_initial[state] = f"self.{path}.initial_state()"
    return f"loop.state.{state}"
