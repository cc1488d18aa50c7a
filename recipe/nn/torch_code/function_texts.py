"""The texts of the functions in ``functions``, read as Python files: nothing is imported, so no PyTorch is needed."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
from collections.abc import Iterable
from typing import NamedTuple


class FunctionText(NamedTuple):
    """
    A function or class.

    :ivar text: its definition
    :ivar needs: the names of others that it uses
    """

    text: str
    needs: frozenset[str]


def texts_of(names: Iterable[str]) -> list[str]:
    """The definitions of functions and of all that they use, each after those that it uses."""
    known, ordered = _all_functions(), dict[str, None]()

    def add(name: str) -> None:
        if name not in ordered:
            for needed in sorted(known[name].needs - {name}):
                add(needed)
            ordered[name] = None

    for name in names:
        add(name)
    return [known[name].text for name in ordered]


def all_names() -> frozenset[str]:
    """The names of all functions."""
    return frozenset(_all_functions())


_IMPORTS = {
    "itertools": "import itertools",
    "math": "import math",
    "Callable": "from collections.abc import Callable",
    "Any": "from typing import Any",
    "numpy": "import numpy",
    "rf": "import returnn.frontend as rf",
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "Tensor": "from torch import Tensor",
    "PackedSequence": "from torch.nn.utils.rnn import PackedSequence",
    "pack_padded_sequence": "from torch.nn.utils.rnn import pack_padded_sequence",
    "pad_packed_sequence": "from torch.nn.utils.rnn import pad_packed_sequence",
}
"""By the names that they bind."""


def imports_of(texts: Iterable[str], *, has_labels: bool = False) -> list[str]:
    """
    The lines of the imports that code needs, beside RETURNN's dims.

    :param has_labels: whether the dims have labels
    """
    words = set(re.findall(r"[^\W\d]\w*", "\n".join(texts)))
    standard = [_IMPORTS[name] for name in ("itertools", "math", "Callable", "Any") if name in words]
    others = [line for name, line in _IMPORTS.items() if name in words and line not in standard]
    others.append("from returnn.tensor import Dim, batch_dim")
    if has_labels:
        others.append("from returnn.datasets.util.vocabulary import Vocabulary")
    return ["from __future__ import annotations", "", *standard, *([""] if standard else []), *others]


@functools.cache
def _all_functions() -> dict[str, FunctionText]:
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for path in sorted((pathlib.Path(__file__).parent / "functions").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names = frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))
                text = ast.get_source_segment(source, node)
                assert text is not None and node.name not in found, node.name
                found[node.name] = (text, names)
    return {name: FunctionText(text, names & found.keys()) for name, (text, names) in found.items()}
