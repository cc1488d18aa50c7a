"""
Layers of our configs against those that an expert wrote by hand for the same models (benchmarks/handwritten/).

Per model, as RETURNN builds it: layers in all (declarations of parameters apart, which hand-written layers contain),
layers that are left in the loop after RETURNN has moved out what it can, and TensorFlow ops in the body of the loop.
Run ``python benchmarks/layers.py``; names of models may be given as arguments.
"""

from __future__ import annotations

import os
import pathlib
import sys
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DISABLE_CUDA", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

HANDWRITTEN = {
    "rec_ff": ("rec_ff", False),
    "attention_training": ("attention", False),
    "attention_search": ("attention", True),
    "transformer_training": ("transformer", False),
    "transformer_search": ("transformer", True),
    "transducer_training": ("transducer", False),
    "transducer_search": ("transducer", True),
    "language_model": ("language_model", False),
}
"""The hand-written config of each network of tests/recipe/nn/golden_networks.py, and whether it searches."""


class Counts(NamedTuple):
    """How much there is of what."""

    layers: int
    layers_in_loop: int
    ops_in_loop: int
    parameters: int


def ours(name: str) -> Counts:
    """Of the config that is written for a network of the golden files."""
    from tests.recipe.nn.golden_networks import NETWORKS

    return counts(NETWORKS[name]().config_text("gpu"), HANDWRITTEN[name][1])


def handwritten(name: str) -> Counts:
    """Of the config that was written by hand."""
    file, search = HANDWRITTEN[name]
    return counts((ROOT / "benchmarks" / "handwritten" / f"{file}.config").read_text(encoding="utf-8"), search)


def counts(text: str, search: bool) -> Counts:
    """
    Builds a config's network in RETURNN.

    :param text: the config
    :param search: whether to build it for search, else for training
    """
    import tensorflow as tf
    from returnn.config import Config, global_config_ctx
    from returnn.tf.network import ExternData, TFNetwork
    from returnn.util.basic import BehaviorVersion

    settings: dict[str, Any] = {"config": Config({"task": "search" if search else "train"})}
    exec(compile(text, "<config>", "exec"), settings)
    keys = ("backend", "behavior_version", "extern_data", "network")
    config = Config({key: settings[key] for key in keys})
    BehaviorVersion.set(settings["behavior_version"])
    with tf.Graph().as_default() as graph, global_config_ctx(config):
        extern_data = ExternData()
        extern_data.init_from_config(config, auto_create_placeholders=True)
        network = TFNetwork(
            config=config, extern_data=extern_data, train_flag=not search, search_flag=search, name="root"
        )
        network.construct_from_dict(settings["network"])
        parameters = sum(variable.shape.num_elements() for variable in network.get_trainable_params())
        return Counts(_layers(settings["network"]), _layers_in_loop(network), _ops_in_loop(graph), parameters)


def _layers(net_dict: dict[str, Any]) -> int:
    number = 0
    for layer in net_dict.values():
        number += layer["class"] != "variable"
        if isinstance(layer.get("unit"), dict):
            number += _layers(layer["unit"])
    return number


def _layers_in_loop(network: Any) -> int:
    cells = [getattr(layer, "cell", None) for layer in network.layers.values()]
    return sum(len(cell.layers_in_loop) for cell in cells if hasattr(cell, "layers_in_loop"))


def _ops_in_loop(graph: Any) -> int:
    contexts = [op._get_control_flow_context() for op in graph.get_operations()]
    return sum(context is not None and context.IsWhileContext() for context in contexts)


def main() -> None:
    """Prints a table: ours / by hand."""
    names = sys.argv[1:] or list(HANDWRITTEN)
    print(f"{'ours / by hand':22} {'layers':>12} {'layers left in loop':>22} {'TensorFlow ops in loop':>25}")
    larger = []
    for name in names:
        own, other = ours(name), handwritten(name)
        if own.parameters != other.parameters:
            raise SystemExit(f"{name}: not one model, {own.parameters} numbers to train and {other.parameters} by hand")
        cells = [f"{one} / {two}" for one, two in zip(own, other)]
        print(f"{name:22} {cells[0]:>12} {cells[1]:>22} {cells[2]:>25}", flush=True)
        larger += [f"{name}: {field}" for field, one, two in zip(Counts._fields, own, other) if one > two]
    print(f"larger than by hand: {', '.join(larger) or 'none'}")


if __name__ == "__main__":
    main()
