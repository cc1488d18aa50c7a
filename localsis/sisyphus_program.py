"""Sisyphus where it is installed: whether it is, its program, and what is looked at before that is started."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import subprocess
import sys

from . import settings
from .beyond import SISYPHUS
from .command_line import Parser
from .config_names import check_name


def choose_engine() -> str:
    """
    "sisyphus" where the real one can be imported, else "embedded".

    :raises RuntimeError: if the package called sisyphus is another project, or the one wanted is not there
    """
    wanted = os.environ.get("SIS_ENGINE", "")
    if wanted not in ("", "embedded", "sisyphus"):
        raise RuntimeError(f"SIS_ENGINE is embedded or sisyphus, not {wanted!r}")
    if wanted == "embedded":
        return "embedded"
    found = importlib.util.find_spec("sisyphus")
    if found is None:
        if wanted:
            raise RuntimeError(f"SIS_ENGINE=sisyphus, but Sisyphus is not installed: {SISYPHUS}")
        return "embedded"
    places = [pathlib.Path(place) for place in found.submodule_search_locations or []]
    if any((place / "toolkit.py").exists() and (place / "job.py").exists() for place in places):
        return "sisyphus"
    raise RuntimeError(
        f"the installed package sisyphus ({places[0] if places else found.origin}) is another project of that name. "
        f"Remove it: pip uninstall sisyphus. The one that is meant is {SISYPHUS}; without it the embedded engine runs"
    )


def program() -> pathlib.Path:
    """
    The program that pip installs with Sisyphus, of this Python.

    :raises RuntimeError: if it is not there
    """
    path = pathlib.Path(sys.executable).with_name("sis")
    if not path.exists():
        raise RuntimeError(f"Sisyphus can be imported, but its program {path} is not there; install it with pip")
    return path


def pass_on(arguments: list[str]) -> int:
    """Runs Sisyphus' program; gives its exit status."""
    return subprocess.call([str(program()), *arguments])


def check_configs(arguments: list[str]) -> None:
    """
    Looks at the names of configs before Sisyphus reads them, which would end with a traceback.

    :param arguments: of Sisyphus' manager or console
    :raises ConfigError: if one of them cannot be called
    """
    parser = Parser("sis")
    parser.add_argument("configs", nargs="*", default=[])
    parser.add_argument("--config", action="append", default=[])
    for option in ("--http", "--fs", "--filesystem", "--load", "-c"):
        parser.add_argument(option, action="append")  # which take a value that is no config
    options, _ = parser.parse_known_intermixed_args(arguments)
    settings.load(os.getcwd(), for_sisyphus=True)
    below = [entry for entry in settings.IMPORT_PATHS if entry.endswith("/")]
    for config in [*options.config, *options.configs]:
        check_name(config, settings.BASE_DIR, below=below, needs_py=False)
