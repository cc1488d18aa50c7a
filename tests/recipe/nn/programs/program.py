"""A program with its reference."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy

from recipe import nn

from ..agreement import random_parameters
from .inputs import RAGGED, Batch, sequence
from .plain_search import beam_search


class Program(NamedTuple):
    """
    A program, and what it means.

    :ivar name: what is special about it
    :ivar model: a module or function; or the class of a module, where making one is what is tested
    :ivar reference: a plain loop over one sequence. Its parameters are names of inputs, ``p`` for the parameters of
        the network by name, ``everyone`` for the inputs of all sequences of the batch, and in a search ``choose``. It
        returns what the model returns, and for each loss (by its name) the values of all frames
    :ivar batch: that RETURNN runs; NumPy runs others as well
    :ivar padding: what stands after the ends of the sequences
    :ivar beam_size: of the search, where the model has choices that do not say their own
    :ivar seed: of the parameters
    :ivar scale: of the parameters
    :ivar add: what is added to parameters, by name
    :ivar arguments: for the model
    :ivar compares_scores: whether the scores of hypotheses are those of the reference, too
    """

    name: str
    model: nn.Module | Callable[..., Any]
    reference: Callable[..., Any]
    batch: Batch = RAGGED
    padding: float = 77.0
    beam_size: int | None = None
    seed: int = 1
    scale: float = 1.0
    add: Mapping[str, Any] = {}
    arguments: Mapping[str, Any] = {}
    compares_scores: bool = True

    def network(self) -> nn.Network:
        """The model, recorded."""
        search = nn.BeamSearch(self.beam_size, length_normalization=0.0) if self.beam_size is not None else None
        model: Any = self.model() if inspect.isclass(self.model) else self.model
        return nn.Network(model, search=search, **self.arguments)

    def parameters(self, network: nn.Network) -> dict[str, numpy.ndarray]:
        """Random ones, by name."""
        parameters = random_parameters(network, self.seed, self.scale)
        for name, value in self.add.items():
            parameters[name] = (parameters[name] + value).astype("float32")
        return parameters

    def feeds(self, network: nn.Network, batch: Batch) -> dict[str, Any]:
        """The inputs that the network reads, by name."""
        return {name: feed for name, feed in batch.feeds(self.padding).items() if name in network.extern_data}

    def expected(self, batch: Batch, parameters: Mapping[str, Any]) -> list[Expected]:
        """What the reference gives, sequence by sequence."""
        feeds = batch.feeds(self.padding)
        p = {name: numpy.asarray(value, "float64") for name, value in parameters.items()}
        wanted = inspect.signature(self.reference).parameters
        every = []
        everyone = [sequence(feeds, index) for index in range(len(batch.time))]
        for inputs in everyone:
            known = {**inputs, "p": p, "everyone": everyone}
            given = {name: known[name] for name in wanted if name != "choose"}
            every.append(self._of_sequence(functools.partial(self.reference, **given), "choose" in wanted))
        return every

    def _of_sequence(self, run: Callable[..., Any], searches: bool) -> Expected:
        if not searches:
            return Expected([_named(run())], [])
        found = beam_search(lambda choose: run(choose=choose), self.beam_size or 1)
        scores = [score for score, _ in found] if self.compares_scores else []
        return Expected([_named(result) for _, result in found], scores)


class Expected(NamedTuple):
    """
    What the reference gives for one sequence.

    :ivar results: of each hypothesis, best first, by the names of outputs and losses; one without a search
    :ivar scores: of the hypotheses, if they are compared
    """

    results: list[dict[str, Any]]
    scores: list[float]


def _named(result: Any) -> dict[str, Any]:
    """By the names that outputs and losses have."""
    return result if isinstance(result, dict) else {"output": result}
