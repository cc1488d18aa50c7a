"""
TensorFlow's sessions of tests: a tiny graph that runs once costs more to optimise than to run.

So TensorFlow does not optimise its graphs, but for the first one of each test file, and for all of the files and runs
in which the optimiser itself may be at fault: random programs, models, and what work-arounds are for.
"""

from __future__ import annotations

import os
from typing import Any

OPTIMIZED = ("random_programs", "tests/recipe/nn/tf_layers/", "tests/recipe/models/", "tests/configs/")
"""In the names of test files whose graphs are all optimised, as RETURNN has them."""

_seen: set[str] = set()
_never: list[bool] = []


def never_optimize() -> None:
    """Leaves all graphs of this process as they are, also outside of pytest."""
    _never.append(True)


def is_optimized() -> bool:
    """Whether the next graph is; outside of pytest all are, but for :func:`never_optimize`."""
    if _never:
        return False
    file, _, name = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")
    if not name or any(part in file for part in OPTIMIZED):
        return True
    is_first = file not in _seen
    _seen.add(file)
    return is_first


def new_session(*, optimized: bool) -> Any:
    """
    A session on the default graph.

    :param optimized: whether TensorFlow optimises the graph before it runs it, as in RETURNN
    :return: a ``tf.compat.v1.Session``
    """
    import tensorflow as tf

    tf.debugging.disable_traceback_filtering()  # each op in Python is wrapped for it
    config = tf.compat.v1.ConfigProto()
    if not optimized:
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        config.graph_options.optimizer_options.opt_level = tf.compat.v1.OptimizerOptions.L0
    return tf.compat.v1.Session(config=config)
