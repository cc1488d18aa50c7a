"""IMPORT_PATHS of settings.py, as Sisyphus understands them."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from typing import Any

from . import settings


def install() -> None:
    """Lets modules be imported as IMPORT_PATHS says, after all other ways to find them."""
    if not any(isinstance(finder, ImportPathFinder) for finder in sys.meta_path):
        sys.meta_path.append(ImportPathFinder())


class ImportPathFinder(importlib.abc.MetaPathFinder):
    """``"recipe"`` stands for the package ``recipe``; ``"recipe/"`` for all that is in this directory."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The first module of that name in one of the directories."""
        for entry in settings.IMPORT_PATHS:
            directory, package = os.path.split(entry)
            if package and fullname.partition(".")[0] != package:
                continue
            places = [os.path.join(settings.BASE_DIR, directory)] if path is None else list(path)
            spec = importlib.machinery.PathFinder.find_spec(fullname, places, target)
            if spec is not None:
                return spec
        return None
