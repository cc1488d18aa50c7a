"""Functions of a config, as RETURNN calls them: those that its layers name, with what they use of the config."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from recipe.from_net_dict.python_values import Function

Compiled = Callable[..., Any]


def called_by_layers(layers: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """
    What formulas of layers ask the config for: ``self.network.get_config().typed_value('transform')``.

    :param layers: options by name
    :param settings: of the config
    """
    text = json.dumps(layers, default=str)
    names = set(re.findall(r"""(?:typed_value|typed_dict\.get|value)\(\\*["'](\w+)\\*["']""", text))
    names |= set(re.findall(r"""typed_dict\[\\*["'](\w+)\\*["']""", text))
    found = {name: settings[name] for name in sorted(names) if name in settings}
    return {name: compiled(value) if isinstance(value, Function) else value for name, value in found.items()}


def know_early_names() -> None:
    """Gives TensorFlow and RETURNN the names by which early configs call what they have under others today."""
    import tensorflow
    from returnn.tf.util import basic

    sys.modules.setdefault("TFUtil", basic)
    for name in ("log_sigmoid", "log"):
        if not hasattr(tensorflow, name):
            setattr(tensorflow, name, getattr(tensorflow.math, name))


def compiled(function: Function) -> Compiled:
    """The function, in a module of its own with the functions and numbers that it uses."""
    import numpy
    import tensorflow

    definitions: dict[str, ast.FunctionDef] = {}
    namespace: dict[str, Any] = {"tf": tensorflow, "tensorflow": tensorflow, "numpy": numpy, "np": numpy}
    _collect(function, definitions, namespace)
    if isinstance(function.definition, ast.Lambda):
        expression = ast.Assign([ast.Name("found", ast.Store())], function.definition)
        body: list[ast.stmt] = [*definitions.values(), expression]
        name = "found"
    else:
        definitions[function.name] = function.definition
        body, name = [*definitions.values()], function.name
    module = ast.fix_missing_locations(ast.Module(body, []))
    exec(compile(module, "<functions of the config>", "exec"), namespace)
    made: Compiled = namespace[name]
    return made


def _collect(function: Function, definitions: dict[str, ast.FunctionDef], namespace: dict[str, Any]) -> None:
    for node in ast.walk(function.definition):
        if not isinstance(node, ast.Name) or node.id in definitions or node.id not in function.names:
            continue
        value = function.names[node.id]
        if isinstance(value, Function):
            if isinstance(value.definition, ast.FunctionDef) and value.definition is not function.definition:
                definitions[node.id] = value.definition
                _collect(value, definitions, namespace)
        elif value is None or isinstance(value, (bool, int, float, str, tuple, list, dict)):
            namespace.setdefault(node.id, value)
