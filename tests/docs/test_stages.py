"""The page that follows a loop through every pass ends with the program of which the layers are made."""

from __future__ import annotations

from typing import Any

from recipe.nn.python_text.text import python_text
from recipe.nn.tf_layers.pipeline import Pipeline

from .pages import blocks

PAGE = "docs/how_a_config_is_made.md"


def test_passes_of_the_page_are_those_of_the_pipeline() -> None:
    names: dict[str, Any] = {"__name__": "__docs__"}
    for block in blocks(PAGE):
        if block.kind == "python":
            exec(compile(block.code, block.place, "exec"), names)
    assert python_text(names["joined"]) == python_text(Pipeline(names["network"]).program)
    searching = names["join"](names["fission"](names["without_choices"](names["searching"])))
    assert python_text(searching) == python_text(Pipeline(names["searching"]).program)
