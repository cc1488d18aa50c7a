"""Makes this process one of a setup: its jobs and configs can be imported, as its engine has them."""

from __future__ import annotations

import importlib
import os
import sys

from . import import_paths, settings
from .module import install
from .sisyphus_program import choose_engine


def enter_setup(directory: str) -> None:
    """
    The embedded engine, with the settings of a setup.

    :param directory: of the setup
    :raises SettingsError: for a setting that this engine cannot follow
    """
    install()
    settings.load(directory)
    sys.path.insert(0, settings.BASE_DIR)
    import_paths.install()


def open_setup(directory: str | None = None) -> str:
    """
    For notebooks and plain Python: makes ``import configs.g2p`` and ``from sisyphus import tk`` work in this process,
    by Sisyphus where it is installed, else by the embedded engine, and goes to the directory of the setup.

    :param directory: of the setup; default: the one that this package stands in
    :return: the engine, "sisyphus" or "embedded"
    :raises RuntimeError: if the engine that SIS_ENGINE names is not there, or it cannot follow a setting
    """
    directory = os.path.abspath(directory or os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    os.chdir(directory)  # paths of a setup are relative to it
    is_here = getattr(sys.modules.get("sisyphus"), "gs", None) is settings  # as when this is called again
    engine = "embedded" if is_here else choose_engine()
    if engine == "embedded":
        enter_setup(directory)
    else:
        sys.path.insert(0, directory)
        importlib.import_module("sisyphus.toolkit")  # which reads the settings of this directory
    return engine
