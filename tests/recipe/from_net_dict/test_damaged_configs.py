"""Net dicts with options missing or wrong: what is not understood is named, and the rest is a module all the same."""

from __future__ import annotations

import copy
import pathlib
import random
from typing import Any

from recipe.from_net_dict import from_net_dict
from recipe.from_net_dict.net_dict import NetDict, read_net_dict
from recipe.from_net_dict.translation import Translation
from recipe.from_net_dict.writer import module_text

FILES = [pathlib.Path(__file__).with_name(name) for name in ("old_style.config", "many_layers.config")]
WRONG: list[Any] = [None, 0, -3, 2.5, "", "nothing", [], {}, ["nothing"], {"nothing": 1}, True, ("a", 3), [None]]


def test_damaged_options() -> None:
    generator = random.Random(1)
    for file in FILES:
        whole = read_net_dict(file.read_text())
        for _ in range(150):
            layers = copy.deepcopy(whole.layers)
            path = _damage(layers, generator)
            translation = Translation(NetDict(layers, whole.inputs, whole.dim_names))
            text = module_text(translation, "damaged")
            compile(text, "<damaged>", "exec")
            for problem in translation.notes.problems:
                assert problem.split("'")[1].split("/")[0] in text, (path, problem)


def _damage(layers: dict[str, Any], generator: random.Random) -> str:
    """Takes out an option of some layer, or puts something else in its place."""
    name = generator.choice(sorted(layers))
    options, path = layers[name], name
    while isinstance(options.get("unit", options.get("subnetwork")), dict) and generator.random() < 0.9:
        unit = options.get("unit", options.get("subnetwork"))
        name = generator.choice(sorted(unit))
        options, path = unit[name], f"{path}/{name}"
    key = generator.choice(sorted(options))
    if generator.random() < 0.3:
        del options[key]
    else:
        options[key] = generator.choice(WRONG)
    return f"{path}: {key} = {options.get(key)!r}"


def test_layers_that_depend_on_each_other() -> None:
    network = {"a": {"class": "copy", "from": "b"}, "output": {"class": "tanh", "from": "a"}}
    network |= {"b": {"class": "activation", "activation": "tanh", "from": "a", "loss": "as_is"}}
    written = from_net_dict(f"extern_data = {{'data': {{'dim': 3}}}}\nnetwork = {network!r}")
    assert any("layers depend on each other: b <- a <- b" in problem for problem in written.problems)
    assert any("'output' (tanh): there is no translation" in problem for problem in written.problems)
