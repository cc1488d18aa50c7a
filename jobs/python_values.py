"""Options whose Python code is run, for what reads a dataset without a config."""

from __future__ import annotations

from typing import Any

from recipe.nn.plain.python_source import PythonCode


def with_python_values(value: Any) -> Any:
    """
    Options with the value of the code in place of each :class:`recipe.nn.PythonCode`, and the dataset itself in place
    of a MultiProcDataset, as only RETURNN's own process can hand on functions of a config to others.

    :param value: options with file names, as of :func:`jobs.returnn_process.resolve_paths`
    """
    if isinstance(value, PythonCode):
        names: dict[str, Any] = {}
        exec("\n\n".join(("from __future__ import annotations", *value.definitions)), names)
        return eval(value.code, names)
    if isinstance(value, dict) and value.get("class") == "MultiProcDataset" and isinstance(value.get("dataset"), dict):
        return with_python_values(value["dataset"])
    if isinstance(value, dict):
        return {key: with_python_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(with_python_values(item) for item in value)
    return value
