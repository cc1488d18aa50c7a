"""The values in a checkpoint of TensorFlow. Both functions import TensorFlow: call them in a task, not in a graph."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Any

import numpy

from .checkpoint import FILES, META, Checkpoint


def read_checkpoint(checkpoint: Checkpoint) -> dict[str, numpy.ndarray]:
    """
    All values by name: the parameters, and ``global_step``.

    :raises ValueError: if it cannot be read
    """
    tensorflow = _tensorflow()
    try:
        reader = tensorflow.train.load_checkpoint(checkpoint.prefix())
        return {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}
    except (tensorflow.errors.OpError, RuntimeError) as error:
        raise ValueError(f"the checkpoint {checkpoint.prefix()} cannot be read, it is damaged: {error}") from error


def write_checkpoint(checkpoint: Checkpoint, values: Mapping[str, numpy.ndarray], *, like: Checkpoint) -> None:
    """
    Writes values as a checkpoint that RETURNN's option ``load`` reads. In a graph of its own, so that it writes in a
    process in which RETURNN has switched eager execution off.

    :param like: a checkpoint of the same network, of which it takes over the description of the graph
    """
    tensorflow = _tensorflow()
    prefix = checkpoint.prefix()
    names = sorted(values)
    with tensorflow.Graph().as_default(), tensorflow.compat.v1.Session() as session:
        tensors = [tensorflow.compat.v1.placeholder(values[name].dtype, values[name].shape) for name in names]
        save = tensorflow.raw_ops.SaveV2(
            prefix=prefix + ".part", tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors
        )
        session.run(save, {tensor: values[name] for tensor, name in zip(tensors, names)})
    shutil.copyfile(like.prefix() + META, prefix + ".part" + META)
    for ending in FILES:
        os.replace(prefix + ".part" + ending, prefix + ending)


def _tensorflow() -> Any:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow

    return tensorflow
