"""Callbacks: the classes of :mod:`jobs.callbacks`, as texts for the configs of RETURNN on PyTorch."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from recipe import nn
from recipe.nn.plain.python_source import PythonSource

_FUTURE = "from __future__ import annotations\n"


class Callback(NamedTuple):
    """
    What RETURNN calls with the outputs of each sequence.

    :ivar module: the name of a file in ``callbacks``
    :ivar name: of the class in it
    :ivar arguments: of which it is made: plain values
    """

    module: str
    name: str
    arguments: Sequence[Any]

    def text(self) -> str:
        """The code of the file, which is to stand before :meth:`option`; a config has the import of ``annotations``."""
        path = pathlib.Path(__file__).parent / "callbacks" / f"{self.module}.py"
        _, future, code = path.read_text(encoding="utf-8").partition(_FUTURE)
        assert future, f"{path} has no {_FUTURE}"
        return code.strip()

    def option(self) -> nn.PythonCode:
        """RETURNN's option ``forward_callback``."""
        return nn.PythonCode(f"{self.name}({', '.join(map(PythonSource().value, self.arguments))})")
