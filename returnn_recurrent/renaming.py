"""Loads ``recipe.nn``, ``jobs`` ... under the names ``returnn_recurrent.nn``, ``returnn_recurrent.jobs`` ..."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType
from typing import Any

from .job_classes import keep_ids
from .names import PARTS, renamed

_PACKAGE = __name__.partition(".")[0]
_HERE = os.path.dirname(os.path.realpath(__file__))
_CHECKOUT = os.path.dirname(_HERE)


def install() -> None:
    """Lets the parts of this package be imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the parts of this package, in a checkout or where pip has installed them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        package, _, name = fullname.partition(".")
        part, *inner = name.split(".")
        if package != _PACKAGE or part not in PARTS:
            return None
        installed = os.path.join(_HERE, part)
        is_installed = os.path.isdir(installed)
        place = os.path.join(installed if is_installed else os.path.join(_CHECKOUT, PARTS[part]), *inner)
        is_package = os.path.isdir(place)
        file = os.path.join(place, "__init__.py") if is_package else f"{place}.py"
        if not os.path.exists(file):
            return None
        return importlib.util.spec_from_file_location(
            fullname,
            file,
            loader=_Loader(fullname, file) if is_installed else _RenamingLoader(fullname, file),
            submodule_search_locations=[place] if is_package else None,
        )


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module of this package; its jobs get the ids that they have in the project itself."""

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module."""
        super().exec_module(module)
        if module.__name__.startswith(f"{_PACKAGE}.jobs."):
            keep_ids(module)


class _RenamingLoader(_Loader):
    """Loads a module of a checkout, with imports from this package in place of those from the project."""

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """The code of a module, with the new names in its imports."""
        source = renamed(importlib.util.decode_source(data))
        return compile(source, path, "exec", dont_inherit=True, optimize=_optimize)

    def get_data(self, path: str) -> bytes:
        """The content of a file; of compiled code, of that with the new names."""
        return super().get_data(_own_cache(path))

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Keeps compiled code, beside that of the module under its other name."""
        super().set_data(_own_cache(path), data, _mode=_mode)  # type: ignore[call-arg]


def _own_cache(path: str) -> str:
    return f"{path.removesuffix('.pyc')}.{_PACKAGE}.pyc" if path.endswith(".pyc") else path
