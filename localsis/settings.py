"""Where this setup is, and what its settings.py says."""

from __future__ import annotations

import os
import runpy
import string
from typing import Any

BASE_DIR = os.path.abspath(".")
WORK_DIR = "work"
OUTPUT_DIR = "output"
ALIAS_DIR = "alias"
DEFAULT_ENVIRONMENT_SET: dict[str, Any] = {}


def work_dir() -> str:
    """The absolute path of the work directory."""
    return os.path.join(BASE_DIR, WORK_DIR)


def load(base_dir: str) -> None:
    """Takes over the setup in a directory, with the settings that this engine knows of its settings.py."""
    global BASE_DIR, DEFAULT_ENVIRONMENT_SET, WORK_DIR, OUTPUT_DIR, ALIAS_DIR
    BASE_DIR = os.path.abspath(base_dir)
    path = os.path.join(BASE_DIR, "settings.py")
    values: dict[str, Any] = {}
    if os.path.exists(path):
        values = runpy.run_path(path)
    DEFAULT_ENVIRONMENT_SET = values.get("DEFAULT_ENVIRONMENT_SET", {})
    WORK_DIR = values.get("WORK_DIR", WORK_DIR)
    OUTPUT_DIR = values.get("OUTPUT_DIR", OUTPUT_DIR)
    ALIAS_DIR = values.get("ALIAS_DIR", ALIAS_DIR)


def task_environment() -> dict[str, str]:
    """The environment of tasks: this one, with DEFAULT_ENVIRONMENT_SET."""
    environment = dict(os.environ)
    for name, value in DEFAULT_ENVIRONMENT_SET.items():
        environment[name] = string.Template(str(value)).safe_substitute(os.environ)
    return environment
