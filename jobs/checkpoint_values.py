"""
The values in a checkpoint, by the names that parameters have in a network, on both engines.

Each function imports the engine of its checkpoint and no other one: call them in a task, not in a graph.
"""

from __future__ import annotations

import os
import pickle
import re
import shutil
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy

from .checkpoint import FILES, META, PT, Checkpoint

GLOBAL_STEP = "global_step"
"""The number of batches that it was trained on, among the values."""

_DAMAGED = (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError, KeyError, AttributeError, TypeError)
"""What reading a file of PyTorch raises if it is none, or was cut short or changed."""


def read_checkpoint(checkpoint: Checkpoint) -> dict[str, numpy.ndarray]:
    """
    All values by name: the parameters, and :data:`GLOBAL_STEP`.

    :raises ValueError: if it cannot be read
    """
    return _read_torch(checkpoint) if checkpoint.engine == "torch" else _read_tensorflow(checkpoint)


def write_checkpoint(checkpoint: Checkpoint, values: Mapping[str, numpy.ndarray], *, like: Checkpoint) -> None:
    """
    Writes values as a checkpoint that RETURNN's option ``load`` reads.

    :param like: one of the same network. If both are of TensorFlow, its description of the graph is taken over, and if
        both are of PyTorch, its epoch
    :raises ValueError: for a name that the engine cannot have
    """
    if checkpoint.engine == "torch":
        _write_torch(checkpoint, values, like)
    else:
        _write_tensorflow(checkpoint, values, like)


def torch_name(name: str) -> str:
    """
    The name of a parameter in PyTorch: ``encoder.layers.0.W`` for ``encoder/layers/0/W``.

    :raises ValueError: if it has a dot already: then it could not be told from another one
    """
    if "." in name:
        raise ValueError(f"the parameter {name} has a dot in its name, so it cannot be converted: rename the module")
    return name.replace("/", ".")


def _read_torch(checkpoint: Checkpoint) -> dict[str, numpy.ndarray]:
    torch = _torch()
    path = checkpoint.prefix() + PT
    try:
        with zipfile.ZipFile(path) as file:
            wrong = file.testzip()  # PyTorch does not look at the checksums
        if wrong is not None:
            raise ValueError(f"the checkpoint {path} cannot be read, it is damaged: wrong checksum of {wrong}")
        content = torch.load(path, map_location="cpu", weights_only=True)
        values = {name.replace(".", "/"): tensor.numpy() for name, tensor in content["model"].items()}
        return {**values, GLOBAL_STEP: numpy.array(content["step"], "int64")}
    except _DAMAGED as error:
        raise ValueError(f"the checkpoint {path} cannot be read, it is damaged: {error}") from error


def _write_torch(checkpoint: Checkpoint, values: Mapping[str, numpy.ndarray], like: Checkpoint) -> None:
    torch = _torch()
    parameters = {name: value for name, value in values.items() if name != GLOBAL_STEP}
    content = {
        # writable copies: NumPy's arrays may be views of memory that another engine owns
        "model": {torch_name(name): torch.from_numpy(numpy.array(value)) for name, value in parameters.items()},
        "epoch": _epoch(like),
        "step": int(values.get(GLOBAL_STEP, 0)),
    }
    path = checkpoint.prefix() + PT
    torch.save(content, path + ".part")
    os.replace(path + ".part", path)


def _epoch(like: Checkpoint) -> int:
    """The number of the epoch after which it was written, as far as a file says; RETURNN wants one to be there."""
    if like.engine == "torch":
        content = _torch().load(like.prefix() + PT, map_location="cpu", weights_only=True, mmap=True)
        return int(content.get("epoch", 1))
    match = re.fullmatch(r".*\.(\d+)", like.prefix())
    return int(match[1]) if match else 1


def _read_tensorflow(checkpoint: Checkpoint) -> dict[str, numpy.ndarray]:
    tensorflow = _tensorflow()
    try:
        reader = tensorflow.train.load_checkpoint(checkpoint.prefix())
        return {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}
    except (tensorflow.errors.OpError, RuntimeError) as error:
        raise ValueError(f"the checkpoint {checkpoint.prefix()} cannot be read, it is damaged: {error}") from error


def _write_tensorflow(checkpoint: Checkpoint, values: Mapping[str, numpy.ndarray], like: Checkpoint) -> None:
    """In a graph of its own, so that it writes in a process in which RETURNN has switched eager execution off."""
    tensorflow = _tensorflow()
    prefix = checkpoint.prefix()
    names = sorted(values)
    with tensorflow.Graph().as_default(), tensorflow.compat.v1.Session() as session:
        tensors = [tensorflow.compat.v1.placeholder(values[name].dtype, values[name].shape) for name in names]
        save = tensorflow.raw_ops.SaveV2(
            prefix=prefix + ".part", tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors
        )
        session.run(save, {tensor: values[name] for tensor, name in zip(tensors, names)})
    if like.engine == "tensorflow":
        shutil.copyfile(like.prefix() + META, prefix + ".part" + META)
    else:
        with open(prefix + ".part" + META, "wb"):
            pass  # RETURNN wants the file to be there, and builds the graph itself; no bytes are an empty description
    for ending in FILES:
        os.replace(prefix + ".part" + ending, prefix + ending)


def _tensorflow() -> Any:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow

    return tensorflow


def _torch() -> Any:
    import torch

    return torch
