"""Functions of datasets stand in one file with those of the network, so their names must differ."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterable

from recipe.data.dataset_functions import at_random_speed, function_code, log_mel_features, sorted_first
from recipe.nn import torch_code

FUNCTIONS = pathlib.Path(torch_code.__file__).parent / "functions"


def names(texts: Iterable[str]) -> set[str]:
    """Of the functions that texts define."""
    parsed = [node for text in texts for node in ast.parse(text).body]
    return {node.name for node in parsed if isinstance(node, ast.FunctionDef)}


def test_no_name_is_that_of_a_function_of_networks() -> None:
    of_networks = names(path.read_text(encoding="utf-8") for path in FUNCTIONS.glob("*.py"))
    of_datasets = names(
        text
        for function in (log_mel_features, at_random_speed, sorted_first)
        for text in function_code(function, 1).definitions
    )
    assert "transducer_losses" in of_networks and "stacked_frames" in of_datasets
    assert not of_networks & of_datasets
