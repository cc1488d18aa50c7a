"""What is checked of each program in NumPy: that it means what it means unrolled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy

from recipe import nn

from ..agreement import frames_mask, random_parameters
from .model import RandomModel
from .program import Program
from .rows import rows
from .unrolled import NeedsLabel, Unrolled


class RunInNumpy:
    """
    A program, recorded and run in NumPy.

    :ivar in_numpy: what the last run gave
    """

    def __init__(self, program: Program):
        self.program = program
        self.model = RandomModel(program)
        self.feeds = program.feeds()
        self.network = nn.Network(self.model)
        self.run_with(seed=1)

    def run_with(self, seed: int) -> None:
        """Runs it with other parameters."""
        self.parameters = random_parameters(self.network, seed)
        unused = {name: numpy.zeros(parameter.shape) for name, parameter in self.model.named_parameters()}
        self.all_parameters = {**unused, **self.parameters}
        self.in_numpy: nn.NumpyRun = nn.run_numpy(self.network, self.feeds, self.parameters)

    def check_unrolled(self) -> None:
        """
        Each sequence for itself in plain Python; in a search, the same hypotheses by a plain beam search.

        :raises AssertionError: if they differ
        """
        if self.program.beam_size:
            self._check_search()
            return
        losses: dict[str, float] = {}
        for index in range(len(self.program.lengths[0])):
            unrolled = Unrolled(self.program, self.all_parameters, self.feeds, index)
            self._compare(unrolled.run(), index)
            for name, value in unrolled.losses.items():
                losses[name] = losses.get(name, 0.0) + value
        in_network: dict[str, float] = {}
        for loss in self.network.losses:
            name = re.sub(r"_\d+$", "", loss.name)  # without the number of one of several
            in_network[name] = in_network.get(name, 0.0) + self._loss_sum(loss)
        for name in losses.keys() | in_network.keys():
            sums = in_network.get(name, 0.0), losses.get(name, 0.0)
            numpy.testing.assert_allclose(*sums, rtol=1e-4, atol=1e-4, err_msg=f"unrolled: loss {name}")

    def _loss_sum(self, loss: Any) -> float:
        result = self.in_numpy.result(loss.tensor)
        return float(result.value[frames_mask(result)].sum())

    def _compare(self, unrolled: Mapping[str, Any], row: int, place: int = 0) -> None:
        """
        :param row: which sequence of the batch
        :param place: which of its hypotheses
        """
        for name, result in self.in_numpy.outputs.items():
            if name not in unrolled:
                continue
            values = rows(result)
            per_sequence = len(values) // len(self.program.lengths[0])  # 0 of a value without batch dim
            value = values[row * per_sequence + min(place, max(per_sequence - 1, 0))]
            _assert_same(value, unrolled[name], f"unrolled: {name} of {row}")

    def _check_search(self) -> None:
        assert self.in_numpy.beam_scores is not None
        for index in range(len(self.program.lengths[0])):
            hypotheses = self._beam_search(index)
            scores = [score for score, _ in hypotheses]
            in_numpy = self.in_numpy.beam_scores[index]
            if self.program.length_normalization:
                continue
            numpy.testing.assert_allclose(in_numpy[: len(scores)], scores, rtol=1e-4, atol=1e-4)
            for place, (_, labels) in enumerate(hypotheses):
                outputs = Unrolled(self.program, self.all_parameters, self.feeds, index, labels).run()
                self._compare(outputs, index, place)

    def _beam_search(self, index: int) -> list[tuple[float, tuple[int, ...]]]:
        """Scores and labels; each hypothesis runs from the start with the labels that it has."""
        beam: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
        while True:
            continued: list[tuple[float, tuple[int, ...]]] = []
            size = len(beam)
            for score, labels in beam:
                try:
                    Unrolled(self.program, self.all_parameters, self.feeds, index, labels).run()
                except NeedsLabel as choice:
                    size = choice.beam_size
                    continued += [(score + more, (*labels, label)) for label, more in enumerate(choice.log_prob)]
                else:
                    continued.append((score, labels))
            continued = sorted(continued, key=lambda hypothesis: -hypothesis[0])[:size]
            if continued == beam:
                return beam
            beam = continued


def _assert_same(value: numpy.ndarray, expected: Any, message: str) -> None:
    if isinstance(expected, list):
        assert len(value) == len(expected), f"{message}: {len(value)} steps, not {len(expected)}"
    if value.size or numpy.size(expected):
        numpy.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5, err_msg=message)
