"""What a check asks of an engine: a network that is built in it, and the values that it computes on the way."""

from __future__ import annotations

import abc
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, TypeVar

import numpy

from ..plain.dim import Dim
from ..program.program import Program
from ..record.graph import Tensor
from ..record.loops import LoopOp
from .comparison import EngineValue

T = TypeVar("T")


class EngineRun(NamedTuple):
    """
    What a network gave.

    :ivar outputs: by name; those of a search have a row of the batch for each hypothesis
    :ivar losses: the mean of each loss over all frames, by name
    :ivar beam_scores: of the hypotheses of a search, [batch, beam]; None if there was none
    """

    outputs: dict[str, EngineValue]
    losses: dict[str, float]
    beam_scores: numpy.ndarray | None


class EngineNetwork(abc.ABC):
    """A network as an engine has it, with dropout switched off."""

    @property
    @abc.abstractmethod
    def parameter_names(self) -> set[str]:
        """Of all, trained or not."""

    @property
    @abc.abstractmethod
    def trained_names(self) -> set[str]:
        """Of those that are trained."""

    @abc.abstractmethod
    def set_parameters(self, values: Mapping[str, numpy.ndarray]) -> None:
        """Gives the parameters values."""

    @abc.abstractmethod
    def run(self, feeds: Mapping[str, Any]) -> EngineRun:
        """
        What it gives.

        :param feeds: of each input the array and all lengths
        """

    @abc.abstractmethod
    def gradients(self, feeds: Mapping[str, Any]) -> dict[str, numpy.ndarray]:
        """Of the total loss, by parameter; without those that it does not depend on."""


class FoundValue(abc.ABC):
    """
    A value of the user's program in an engine.

    :ivar place: where the engine has it, for readers: ``layer 'encoder/output'``
    :ivar beams: the axes over hypotheses that it has there
    """

    place: str
    beams: tuple[Dim, ...]

    @abc.abstractmethod
    def at(self, step: tuple[int, ...]) -> EngineValue | None:
        """
        What it is in a step; None if the engine made no such step.

        :param step: the numbers of the step of all loops around, outermost first; () outside of loops
        """


class EngineValues(abc.ABC):
    """The values of the user's program that an engine computes."""

    @abc.abstractmethod
    def __contains__(self, tensor: Tensor) -> bool:
        """Whether the engine has a value for it alone."""

    @abc.abstractmethod
    def of(self, tensor: Tensor) -> FoundValue | None:
        """The value of a tensor; None if it cannot be looked at."""


class Engine(abc.ABC):
    """
    An engine that a network can be compared with.

    :cvar name: as ``config_text`` takes it, which is also the name of the extra that installs it
    :cvar title: for readers
    :cvar short: beside a number
    :cvar packages: that it needs
    """

    name: str
    title: str
    short: str
    packages: tuple[str, ...]

    def missing(self) -> str:
        """What has to be installed for it; nothing if all is there. Imports nothing."""
        return " and ".join(name for name in self.packages if importlib.util.find_spec(name) is None)

    @abc.abstractmethod
    def built(self, network: Program) -> AbstractContextManager[EngineNetwork]:
        """Builds a network from the config that is written of it, on the CPU; search networks search."""

    @abc.abstractmethod
    def look_at_values(
        self,
        network: Program,
        parameters: Mapping[str, numpy.ndarray],
        feeds: Mapping[str, Any],
        look: Callable[[EngineValues], T],
    ) -> T:
        """What a function finds in the values that the engine computes."""

    @abc.abstractmethod
    def failure_text(self, error: BaseException, network: Program, feeds: Mapping[str, Any]) -> str:
        """
        What an error of the engine says, and the user's line, as far as that can be told.

        :param feeds: with which it was run
        """


def loops_around(tensor: Tensor) -> list[LoopOp]:
    """The loops that a value is computed in, outermost first."""
    loops: list[LoopOp] = []
    loop = tensor.op.body.loop
    while loop is not None:
        loops.insert(0, loop)
        loop = loop.body.loop
    return loops


def missing_text(engine: Engine) -> str:
    """What to install for an engine that is not installed."""
    return f'without {engine.title}: {engine.missing()} is not installed, pip install ".[{engine.name}]"'


def and_text(texts: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
