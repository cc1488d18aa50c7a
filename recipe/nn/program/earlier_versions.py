"""
Pickles of earlier versions: a job that was set up with one has a network in its ``job.save``, and is resumed with the
code of today.

- Classes and functions of version 1309500 whose modules are gone: ``recipe.nn.dim.Dim`` is
  :class:`recipe.nn.plain.dim.Dim`. Such a module is made when a pickle names it.
- Classes that stood in another one of today's modules: it is given their names.
- What ops hold since then. Most of it has a default in the class; :func:`complete` finds the rest.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from ..ops.array import Concat
from ..record.state_leaf import StateLeaf

_PACKAGE = __name__.removesuffix(".program.earlier_versions")

MOVED: dict[str, tuple[str, ...]] = {
    "attention": ("modules.attention",),
    "branch": ("language.branch",),
    "cond": ("language.cond",),
    "convolution": ("modules.convolution", "ops.convolution"),
    "delayed": ("plain.delayed",),
    "dim": ("plain.dim",),
    "embedding": ("modules.embedding",),
    "errors": ("plain.errors",),
    "frozen": ("plain.frozen",),
    "initializer": ("plain.initializer",),
    "interpreter": ("numpy_run.interpreter",),
    "layers": ("plain.formula",),
    "linear": ("modules.linear", "ops.linear"),
    "loop": ("language.loop",),
    "loop_op": ("record.loops",),
    "loop_ops": ("record.loops",),
    "lstm": ("modules.lstm", "ops.lstm"),
    "masked_computation": ("language.masked_computation",),
    "module": ("language.module",),
    "naming": ("language.naming",),
    "normalization": ("modules.normalization", "ops.layer_norm"),
    "number": ("plain.number",),
    "op": ("record.graph",),
    "parameter": ("record.parameter",),
    "pickling": ("program.pickling",),
    "python_source": ("tf_layers.python_source",),
    "recording": ("record.graph", "record.recording"),
    "state": ("record.state_leaf", "language.state"),
    "tensor": ("record.graph",),
    "window": ("modules.window",),
}
"""By the name of a module that is gone: those that have what was in it."""


MOVED_SINCE = {"record.graph": (StateLeaf,)}
"""By the name of a module: the classes that were in it after version 1309500."""


def install() -> None:
    """Lets the modules that are gone be imported, and gives those that are left the classes that were in them."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
    for name, classes in MOVED_SINCE.items():
        vars(importlib.import_module(f"{_PACKAGE}.{name}")).update({cls.__name__: cls for cls in classes})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and makes the modules that are gone; it is asked after all others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        package, _, name = fullname.rpartition(".")
        return importlib.machinery.ModuleSpec(fullname, self) if package == _PACKAGE and name in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        """Gives the module the names of those that took its place."""
        for place in MOVED[module.__name__.rpartition(".")[2]]:
            names: dict[str, Any] = vars(importlib.import_module(f"{_PACKAGE}.{place}"))
            vars(module).update({name: value for name, value in names.items() if not name.startswith("__")})


def complete(item: object) -> None:
    """Gives an op that was read from a pickle what ops of its class hold today."""
    if isinstance(item, Concat) and item.axes is None and all(x.known_dims is not None for x in item.inputs):
        item.axes = [x.feature_dim for x in item.inputs]
