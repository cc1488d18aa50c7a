"""What a check of a network found, as attributes and as text."""

from __future__ import annotations

from collections.abc import Sequence

from ..numpy_run.not_finite import Origin
from ..numpy_run.run import NumpyRun
from .engine import Engine, and_text
from .failure import line_text
from .first_difference import FirstDifference
from .gradients import GradientReport


class EngineReport:
    """
    What a check found in one engine.

    :param engine: the engine
    :ivar compared: what was compared with NumPy: ``output logits``, ``loss ce``, ``gradients of 4 parameters``
    :ivar differences: in what the engine differs from NumPy, each with the first number that does
    :ivar first: the first value in the order of the program that differs, with its line; None if none does, or that
        cannot be told
    :ivar distance: the greatest difference, relative to the greatest number of a value
    :ivar failure: what failed and why; nothing if nothing did
    :ivar notes: what else is to be known
    """

    def __init__(self, engine: Engine) -> None:
        self.title, self.short = engine.title, engine.short
        self.compared: list[str] = []
        self.differences: list[str] = []
        self.first: FirstDifference | None = None
        self.distance = 0.0
        self.failure = ""
        self.notes: list[str] = []

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.failure and not self.differences

    def note(self, what: str, distance: float, tolerance: float, text: str, *, is_listed: bool = True) -> None:
        """
        Takes note of what was compared.

        :param text: in what it differs, if it does
        :param is_listed: whether it is named among what was compared
        """
        if is_listed:
            self.compared.append(what)
        if distance <= tolerance:
            self.distance = max(self.distance, distance)
        else:
            self.differences.append(f"{what}: {text}")

    def lines(self) -> list[str]:
        """What is wrong, as text."""
        lines = [f"{self.title} fails: {self.failure}"] if self.failure else []
        if self.differences:
            lines += [f"NumPy and {self.title} differ:", *_indented(self.differences)]
            if self.first is not None:
                lines += ["first, in the order of the program:", *_indented([str(self.first)])]
        return lines


class CheckReport:
    """
    What :func:`recipe.nn.check` found; printed, it says so in a few lines. True if nothing is wrong.

    :ivar engines: what was found in each engine that was run, by its name
    :ivar failures: what failed and why: NumPy, or an engine
    :ivar not_installed: the engines that are not installed, by their names, and what to install
    :ivar not_finite: where the first number was made that is NaN or infinite, and has to do with losses or outputs
    :ivar gradients: see :func:`recipe.nn.check_gradients`; None if they were not compared
    :ivar run: the run in NumPy, with its trace; None if it failed
    """

    def __init__(self) -> None:
        self.engines: dict[str, EngineReport] = {}
        self.general_failures: list[str] = []
        self.not_installed: dict[str, str] = {}
        self.not_finite: Origin | None = None
        self.gradients: GradientReport | None = None
        self.general_notes: list[str] = []
        self.run: NumpyRun | None = None

    def of(self, engine: Engine) -> EngineReport:
        """What is found in an engine."""
        return self.engines.setdefault(engine.name, EngineReport(engine))

    @property
    def ok(self) -> bool:
        """Whether nothing was found: no failure, no difference, all numbers finite."""
        return not self.general_failures and self.not_finite is None and all(one.ok for one in self.engines.values())

    @property
    def compared(self) -> list[str]:
        """What was compared."""
        return list(dict.fromkeys(what for one in self.engines.values() for what in one.compared))

    @property
    def differences(self) -> list[str]:
        """In what engines differ from NumPy, each with the first number that does."""
        return [text for one in self.engines.values() for text in one.differences]

    @property
    def first(self) -> FirstDifference | None:
        """The first value that differs, of the first engine that differs; None if none does, or it cannot be told."""
        return next((one.first for one in self.engines.values() if one.differences), None)

    @property
    def distance(self) -> float:
        """The greatest difference, relative to the greatest number of a value."""
        return max((one.distance for one in self.engines.values()), default=0.0)

    @property
    def failures(self) -> list[str]:
        """What failed and why: NumPy, or an engine."""
        of_engines = [f"{one.title} fails: {one.failure}" for one in self.engines.values() if one.failure]
        return [*self.general_failures, *of_engines]

    @property
    def notes(self) -> list[str]:
        """What else is to be known."""
        return list(
            dict.fromkeys([*self.general_notes, *(note for one in self.engines.values() for note in one.notes)])
        )

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        lines = list(self.general_failures)
        if self.not_finite is not None:
            lines.append(f"not finite: {_origin_text(self.not_finite)}")
        same: dict[tuple[str, ...], list[EngineReport]] = {}
        for one in self.engines.values():
            lines += one.lines()
            if not one.differences and one.compared:
                same.setdefault(tuple(one.compared), []).append(one)
        for what, engines in same.items():
            names, distance = and_text(["NumPy", *(one.title for one in engines)]), max(one.distance for one in engines)
            lines.append(f"same in {names}: {', '.join(what)}; up to {distance:.1g} of the greatest number")
        if not self.engines and self.not_installed:
            lines.append("run in NumPy alone")
        lines += [text for text in self.not_installed.values() if text not in self.general_failures]
        return "\n".join([*lines, *self.notes])


def _origin_text(origin: Origin) -> str:
    return f"{origin}\n  {line_text(origin.tensor.op.source)}"


def _indented(texts: Sequence[str]) -> list[str]:
    return [f"  {line}" for text in texts for line in text.splitlines()]
