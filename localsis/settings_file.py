"""Reads the settings of a setup: its settings.py and the environment."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

from .hashing import hash_bytes, object_state, short_hash
from .settings_values import PREFIX, defaults


def read(base_dir: str) -> dict[str, Any]:
    """All settings of the setup in a directory: its settings files, then the environment, as Sisyphus reads them."""
    values = defaults()
    for file in os.environ.get("SIS_GLOBAL_SETTINGS_FILE", "settings.py").split(":"):
        if file:
            from_file(os.path.join(base_dir, file), values)
    from_environment(os.environ, values)
    return values


def from_file(path: str, values: dict[str, Any]) -> None:
    """Runs a settings file, in which all settings of :data:`DEFAULTS` can be changed, as Sisyphus runs it."""
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as file:
        text = file.read()
    values.update({"__name__": "sisyphus.global_settings", "__file__": path})
    with _hashes_can_be_imported():
        exec(compile(text, path, "exec"), values)


def from_environment(environment: Mapping[str, str], values: dict[str, Any]) -> None:
    """Takes over each variable ``SIS_NAME`` as the setting NAME: a literal, or else the text itself."""
    for variable, text in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX)
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            value = text
        values[name] = value.split(":") if name == "IMPORT_PATHS" and isinstance(value, str) else value


def hash_functions() -> dict[str, Any]:
    """What the module ``sisyphus.hash`` has, from which a setup can make a SIS_HASH of its own."""
    return {"short_hash": short_hash, "sis_hash_helper": hash_bytes, "get_object_state": object_state}


@contextlib.contextmanager
def _hashes_can_be_imported() -> Iterator[None]:
    """While a settings file is read where there is no module ``sisyphus`` at all, gives it ``sisyphus.hash``."""
    if "sisyphus" in sys.modules or importlib.util.find_spec("sisyphus") is not None:
        yield
        return
    package, hashes = types.ModuleType("sisyphus"), types.ModuleType("sisyphus.hash")
    vars(hashes).update(hash_functions())
    vars(package).update({"__path__": [], "hash": hashes})
    sys.modules.update({"sisyphus": package, "sisyphus.hash": hashes})
    try:
        yield
    finally:
        del sys.modules["sisyphus"], sys.modules["sisyphus.hash"]
