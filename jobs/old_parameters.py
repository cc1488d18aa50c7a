"""The values of an old network's parameters by their names in the module that it became."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy

_FORGET_BIAS = 1.0
"""What TensorFlow's LSTM cells add to the forget gate where nothing else is said."""


class _Lstm(NamedTuple):
    """The parameters of RETURNN's NativeLstm2, gates in the order j, i, f, o."""

    W: numpy.ndarray
    W_re: numpy.ndarray
    b: numpy.ndarray


class OldParameters:
    """
    The parameters of an old checkpoint, in today's layouts.

    - TensorFlow's LSTMs keep W and W_re as the rows of one kernel, with the gates in the order i, j, f, o, and add 1 to
      the forget gate. RETURNN computes the unit ``lstmblock`` over a sequence by a NativeLstm2 since TensorFlow 2; the
      gates of that are j, i, f, o, and the 1 becomes a part of b.
    - Over the years the cells, and their kernels and biases, have had several names.
    - ``batch_norm`` has called its parameters after its input once, and kept axes of size 1.

    :param values: of the checkpoint, by RETURNN's names
    """

    def __init__(self, values: Mapping[str, numpy.ndarray]):
        self._values = values
        self._lstms: dict[str, _Lstm | None] = {}

    def value(self, name: str) -> numpy.ndarray | None:
        """
        A parameter by the name that RETURNN gives it today: ``lstm/rec/W_re``.

        :return: None if the checkpoint has it in no form that is known
        """
        if name in self._values:
            return self._values[name]
        prefix, _, last = name.rpartition("/")
        if last in _Lstm._fields:
            lstm = self._lstm(prefix)
            return getattr(lstm, last) if lstm is not None else None
        cell = re.fullmatch(r"(.*/rec)/\w*lstm_cell/(kernel|bias)", name)
        if cell is not None:
            found = self._of_cell(cell[1], cell[2])
            return found[0] if len(found) == 1 else None
        return self._batch_norm(name)

    def _of_cell(self, prefix: str, name: str) -> list[numpy.ndarray]:
        """The kernel or bias of a cell, which TensorFlow has called otherwise at times."""
        names = {"kernel": "(kernel|weights)", "bias": "bias(es)?"}
        return self._matching(rf"{re.escape(prefix)}/(rnn/)?\w*lstm\w*/{names[name]}")

    def _lstm(self, prefix: str) -> _Lstm | None:
        if prefix not in self._lstms:
            kernels, biases = self._of_cell(prefix, "kernel"), self._of_cell(prefix, "bias")
            self._lstms[prefix] = None
            if len(kernels) == len(biases) == 1:
                self._lstms[prefix] = _native(kernels[0], biases[0])
        return self._lstms[prefix]

    def _batch_norm(self, name: str) -> numpy.ndarray | None:
        match = re.fullmatch(r"(.*/batch_norm)/(?:v2_|\w+_)?(beta|gamma|mean|variance)", name)
        found = self._matching(rf"{re.escape(match[1])}/(\w+_)?{match[2]}") if match else []
        return found[0].reshape(-1) if len(found) == 1 else None

    def _matching(self, pattern: str) -> list[numpy.ndarray]:
        return [value for name, value in self._values.items() if re.fullmatch(pattern, name)]


def _native(kernel: numpy.ndarray, bias: numpy.ndarray) -> _Lstm:
    """
    An LSTM of TensorFlow as RETURNN's NativeLstm2.

    :param kernel: [n_in + n_out, 4 * n_out], gates in the order i, j, f, o
    :param bias: [4 * n_out]
    """
    size = bias.shape[0] // 4
    i, j, f, o = numpy.split(kernel, 4, axis=1)
    rows = numpy.concatenate([j, i, f, o], axis=1)
    i, j, f, o = numpy.split(bias, 4)
    return _Lstm(rows[:-size], rows[-size:], numpy.concatenate([j, i, f + numpy.asarray(_FORGET_BIAS, f.dtype), o]))


def old_parameters(
    values: Mapping[str, numpy.ndarray],
    name_map: Mapping[str, str],
    *,
    ignore_missing: bool = False,
) -> dict[str, numpy.ndarray]:
    """
    The values of a checkpoint under the names of a module.

    :param values: of the checkpoint
    :param name_map: RETURNN's names by those of the module: ``NAME_MAP`` of what ``recipe.from_net_dict`` writes
    :param ignore_missing: whether to leave out what is not there
    :raises ValueError: if a value is not there; the message has what the checkpoint has in its place
    """
    old = OldParameters(values)
    found = {own: old.value(there) for own, there in name_map.items()}
    missing = sorted(own for own, value in found.items() if value is None)
    if missing and not ignore_missing:
        lines = [f"  {own}: {name_map[own]}; there is {_beside(values, name_map[own])}" for own in missing]
        raise ValueError("the checkpoint lacks parameters of the module:\n" + "\n".join(lines))
    return {own: value for own, value in found.items() if value is not None}


def _beside(values: Mapping[str, numpy.ndarray], name: str) -> str:
    """The parameters of the same layer."""
    layer = name.partition("/rec/")[0] if "/rec/" in name else name.rpartition("/")[0]
    return ", ".join(sorted(other for other in values if other.startswith(f"{layer}/"))[:6]) or "nothing of this layer"
