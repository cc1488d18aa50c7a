"""Whose parameters a layer has, and how RETURNN calls them: by scopes, ``reuse_params``, and ``variable`` layers."""

from __future__ import annotations

from typing import Any

from .layer import Layer, Unsupported
from .level import Level


def parameter_names(level: Level, layer: Layer, *names: str, within: str = "") -> dict[str, str]:
    """
    RETURNN's names of a layer's parameters, by their names in the layer.

    :param names: in the layer: "W", "b"
    :param within: what RETURNN puts between where there is no name_scope: "rec/" for those of LSTMs
    :raises Unsupported: if they are said in a way that is not followed
    """
    reused = layer.take("reuse_params")
    if isinstance(reused, dict) and "map" in reused:
        return {name: _mapped_name(level, reused["map"], name) for name in names}
    if isinstance(reused, str):
        owner, name = level, reused
        while name.startswith("base:") and owner.parent is not None:
            owner, name = owner.parent, name.removeprefix("base:")
        if name not in owner.layers:
            raise Unsupported(f"its parameters are those of {reused!r}, which is not found")
        return parameter_names(owner, Layer(name, owner.layers[name]), *names, within=within)
    if reused is not None:
        raise Unsupported(f"reuse_params={reused!r:.80}")
    scope = layer.take("name_scope")
    if scope is None:
        prefix = f"{level.scope}{layer.name}/{within}"
    elif scope.startswith("/"):
        prefix = f"{scope[1:]}/".lstrip("/")
    else:
        prefix = f"{level.scope}{scope}/" if scope else level.scope
    return {name: f"{prefix}{name}" for name in names}


def _mapped_name(level: Level, mapped: dict[str, Any], name: str) -> str:
    given = mapped.get(name)
    reference = given.get("layer_output") if isinstance(given, dict) else given
    if not isinstance(reference, str):
        raise Unsupported(f"its parameter {name} is said by {given!r:.80}")
    return variable_name(*find_layer(level, reference))


def find_layer(level: Level, reference: str) -> tuple[Level, Layer]:
    """
    The layer that a reference means, with its level.

    :raises Unsupported: if there is none
    """
    while reference.startswith("base:") and level.parent is not None:
        level, reference = level.parent, reference.removeprefix("base:")
    if reference not in level.layers:
        raise Unsupported(f"there is no layer {reference!r}")
    return level, Layer(reference, level.layers[reference])


def variable_name(level: Level, layer: Layer) -> str:
    """
    RETURNN's name of the parameter that a ``variable`` layer is.

    :raises Unsupported: if it is no such layer
    """
    if layer.class_name != "variable":
        raise Unsupported(f"a parameter is the output of {layer.name!r}, which is no variable")
    scope, name = layer.options.get("name_scope"), layer.options.get("param_name") or layer.name
    if scope is None:
        return f"{level.scope}{layer.name}/{name}"
    return f"{scope}/{name}".lstrip("/") if scope.startswith("/") else f"{level.scope}{scope}/{name}".lstrip("/")
