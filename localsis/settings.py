"""Where this setup is, and what its settings.py says."""

from __future__ import annotations

import os
import runpy
import string
from typing import Any

from .beyond import beyond

BASE_DIR = os.path.abspath(".")
WORK_DIR = "work"
OUTPUT_DIR = "output"
ALIAS_DIR = "alias"
IMPORT_PATHS: list[str] = ["config", "recipe", "recipe/"]
DEFAULT_ENVIRONMENT_SET: dict[str, Any] = {}

_of_file: dict[str, Any] = {}


def __getattr__(name: str) -> Any:
    """What settings.py defines for itself."""
    if name in _of_file:
        return _of_file[name]
    raise AttributeError(name if name.startswith("__") else beyond(f"sisyphus.global_settings.{name}"))


def work_dir() -> str:
    """The absolute path of the work directory."""
    return os.path.join(BASE_DIR, WORK_DIR)


def load(base_dir: str) -> None:
    """Takes over the setup in a directory, with the settings that this engine knows of its settings.py."""
    global BASE_DIR, DEFAULT_ENVIRONMENT_SET, WORK_DIR, OUTPUT_DIR, ALIAS_DIR, IMPORT_PATHS
    BASE_DIR = os.path.abspath(base_dir)
    path = os.path.join(BASE_DIR, "settings.py")
    values = runpy.run_path(path) if os.path.exists(path) else {}
    _of_file.clear()
    _of_file.update({name: value for name, value in values.items() if not name.startswith("_")})
    DEFAULT_ENVIRONMENT_SET = values.get("DEFAULT_ENVIRONMENT_SET", {})
    WORK_DIR = values.get("WORK_DIR", WORK_DIR)
    OUTPUT_DIR = values.get("OUTPUT_DIR", OUTPUT_DIR)
    ALIAS_DIR = values.get("ALIAS_DIR", ALIAS_DIR)
    IMPORT_PATHS = values.get("IMPORT_PATHS", IMPORT_PATHS)


def task_environment() -> dict[str, str]:
    """The environment of tasks: this one, with DEFAULT_ENVIRONMENT_SET."""
    environment = dict(os.environ)
    for name, value in DEFAULT_ENVIRONMENT_SET.items():
        environment[name] = substitute(str(value))
    return environment


def substitute(text: str) -> str:
    """The text with values of this environment in place of ``$NAME``."""
    return string.Template(text).safe_substitute(os.environ)
