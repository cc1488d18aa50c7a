"""The part of a config that computes: functions, the model, the network, and what RETURNN calls."""

from __future__ import annotations

from ..program.program import Program
from .dim_names import DimNames
from .function_texts import texts_of
from .parameters import functions_of, get_model_text
from .program_text import program_text

IMPORTS = """\
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy
import returnn.frontend as rf
import torch
import torch.nn.functional as F
from returnn.tensor import Dim, batch_dim
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence\
"""

STEPS = '''\
def train_step(*, model, extern_data, **_kwargs):
    """What RETURNN calls for each batch of training."""
    _, losses = network(model, extern_data)
    mark_losses(losses)


def forward_step(*, model, extern_data, **_kwargs):
    """What RETURNN calls for each batch of search, or to get outputs."""
    outputs, _ = network(model, extern_data)
    mark_outputs(outputs)\
'''


def module_text(program: Program, dims: DimNames) -> str:
    """
    All functions of a config, from those that others call to those that RETURNN calls.

    :param program: the user's
    :param dims: the names of dims in the config
    """
    text = program_text(program, dims)
    functions = texts_of([*functions_of(program.parameters), *text.functions, "mark_losses", "mark_outputs"])
    network = ["def network(model, data):", '    """The outputs and losses of a batch."""', *text.lines]
    return "\n\n\n".join([*functions, "\n".join(get_model_text(program.parameters)), "\n".join(network), STEPS])
