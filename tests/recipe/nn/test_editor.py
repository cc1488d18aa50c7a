"""What an editor gets to know of the language: types, docstrings, names."""

from __future__ import annotations

import ast
import inspect
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest

from recipe import nn

ROOT = pathlib.Path(__file__).parents[3]
MODEL = """
from recipe import nn

labels = nn.Dim(5, "labels")


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(labels, 3)
        self.cell = nn.LstmCell(3, 4)
        self.output = nn.Linear(4, labels)

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        with nn.Loop() as loop:
            reveal_type(loop)
            y = self.embedding(loop.unstack(x))
            reveal_type(y)
            h, state = self.cell(y, self.cell.initial_state())
            reveal_type(state.h)
            reveal_type(nn.concat(h, y) * 2)
            reveal_type(loop.stack(self.output(h)))
            return loop.stack(h)


network = nn.Network(Model())
reveal_type(network.summary())
reveal_type(nn.run_numpy(network, {}).outputs["output"].lengths)
nn.Linear(3)(1)
"""


def test_types_of_a_model(tmp_path: pathlib.Path) -> None:
    """In a file of the user's a type checker, and so an editor, knows what calls give, and what they take."""
    file = tmp_path / "model.py"
    file.write_text(MODEL)
    command = [sys.executable, "-m", "mypy", "--namespace-packages", "--explicit-package-bases", str(file)]
    options = ["--follow-imports=silent", "--ignore-missing-imports", "--config-file=", f"--cache-dir={tmp_path / 'c'}"]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run([*command, *options], capture_output=True, text=True, env=environment, check=False)
    revealed = re.findall(r'Revealed type is "(?:\w+\.)*?([\w\[\]., ]+)"', done.stdout)
    lengths = "dict[recipe.nn.plain.dim.Dim, numpy.ndarray[tuple[Any, ...], numpy.dtype[Any]]]"
    assert [text.rpartition(".")[2] if "[" not in text else text for text in revealed] == [
        "Loop",
        "Tensor",
        "Tensor",
        "Tensor",
        "Tensor",
        "str",
        lengths,
    ], done.stdout + done.stderr
    errors = [line for line in done.stdout.splitlines() if "error:" in line and line.startswith(str(file))]
    assert len(errors) == 1 and 'incompatible type "int"; expected "Tensor | Sequence[Tensor]"' in errors[0]


@pytest.mark.parametrize("name", nn.__all__)
def test_public_name(name: str) -> None:
    """It has a docstring, so have its public methods, and each parameter and result has its type."""
    public = getattr(nn, name)
    if name in ("batch_dim",):
        return
    assert inspect.getdoc(public)
    for function in _functions(public):
        assert inspect.getdoc(function), function
        signature = inspect.signature(function)
        for parameter in list(signature.parameters.values()):
            if parameter.name not in ("self", "cls"):
                assert parameter.annotation is not parameter.empty, f"{function.__qualname__}: {parameter.name}"
        if function.__name__ != "__init__":
            assert signature.return_annotation is not signature.empty, function


def _functions(public: Any) -> list[Any]:
    if inspect.isfunction(public):
        return [public]
    members = vars(public).items() if inspect.isclass(public) else ()
    return [member for key, member in members if inspect.isfunction(member) and not key.startswith("_")]


def test_names_are_complete() -> None:
    """What is offered behind ``nn.`` is what is public, and the package says that it has types."""
    offered = {name for name in vars(nn) if not name.startswith("_") and not inspect.ismodule(getattr(nn, name))}
    assert offered == set(nn.__all__) and list(nn.__all__) == sorted(nn.__all__)
    assert (ROOT / "recipe" / "nn" / "py.typed").exists()


def test_no_star_imports() -> None:
    """With one, an editor knows no name of a file, nor where it comes from."""
    for directory in ("recipe", "jobs", "localsis", "configs", "returnn_recurrent", "benchmarks", "tests"):
        for file in (ROOT / directory).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                stars = isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
                assert not stars, f"{file}:{node.lineno}"
