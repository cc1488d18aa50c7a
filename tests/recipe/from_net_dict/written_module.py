"""Imports the modules that a net dict became, and makes inputs for them."""

from __future__ import annotations

import importlib.util
import pathlib
import types
from typing import Any

from recipe import nn
from recipe.from_net_dict import WrittenModule

from ..nn.agreement import ragged_frames, ragged_labels

LENGTHS = ([4, 2, 3], [5, 3, 1])


def imported(written: WrittenModule, directory: pathlib.Path) -> types.ModuleType:
    """The written module, as a file that Python imports."""
    file = directory / "written.py"
    file.write_text(written.text)
    spec = importlib.util.spec_from_file_location("written", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def feeds_for(*networks: nn.Network) -> dict[str, Any]:
    """Random inputs for all of some networks, of several lengths; inputs over one dim have the same ones."""
    feeds: dict[str, Any] = {}
    lengths: dict[str, list[int]] = {}
    inputs = {name: data for network in networks for name, data in network.extern_data.items()}
    for number, (name, data) in enumerate(sorted(inputs.items())):
        over = next(dim for dim in data.dims if dim.is_dynamic)
        its_lengths = lengths.setdefault(over.name, LENGTHS[number % 2])
        if data.sparse_dim is not None:
            feeds[name] = ragged_labels(its_lengths, data.sparse_dim.size, seed=number, first=1)
        else:
            feeds[name] = ragged_frames(its_lengths, *[dim.size for dim in data.dims if dim.is_static], seed=number)
    return feeds
