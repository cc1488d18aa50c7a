"""What a check of a network found, as attributes and as text."""

from __future__ import annotations

from collections.abc import Sequence

from ..numpy_run.not_finite import Origin
from ..numpy_run.run import NumpyRun
from .first_difference import FirstDifference, short_path
from .gradients import GradientReport


class CheckReport:
    """
    What :func:`recipe.nn.check` found; printed, it says so in a few lines. True if nothing is wrong.

    :ivar engine: the engine beside NumPy
    :ivar compared: what was compared: ``output logits``, ``loss ce``, ``gradients of 4 parameters``
    :ivar differences: in what the engine differs from NumPy, each with the first number that does
    :ivar first: the first value in the order of the program that differs, with its line; None if none does, or that
        cannot be told
    :ivar distance: the greatest difference, relative to the greatest number of a value
    :ivar failures: what failed and why: NumPy, or the engine
    :ivar not_installed: the packages that the engine needs and that are not there
    :ivar not_finite: where the first number was made that is NaN or infinite, and has to do with losses or outputs
    :ivar gradients: see :func:`recipe.nn.check_gradients`; None if they were not compared
    :ivar notes: what else is to be known
    :ivar run: the run in NumPy, with its trace; None if it failed
    """

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.compared: list[str] = []
        self.differences: list[str] = []
        self.first: FirstDifference | None = None
        self.distance = 0.0
        self.failures: list[str] = []
        self.not_installed = ""
        self.not_finite: Origin | None = None
        self.gradients: GradientReport | None = None
        self.notes: list[str] = []
        self.run: NumpyRun | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing was found: no failure, no difference, all numbers finite."""
        return not self.failures and not self.differences and self.not_finite is None

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

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        lines = list(self.failures)
        if self.not_finite is not None:
            lines.append(f"not finite: {_origin_text(self.not_finite)}")
        if self.differences:
            lines += [f"NumPy and {self.engine} differ:", *_indented(self.differences)]
            if self.first is not None:
                lines += ["first, in the order of the program:", *_indented([str(self.first)])]
        elif self.compared:
            what = ", ".join(self.compared)
            lines.append(f"same in NumPy and {self.engine}: {what}; up to {self.distance:.1g} of the greatest number")
        if self.not_installed:
            lines.append(f"run in NumPy alone: {self.not_installed} is not installed")
        return "\n".join([*lines, *self.notes])


def _origin_text(origin: Origin) -> str:
    source = origin.tensor.op.source
    line = f": {source.text}" if source.text else ""
    return f"{origin}\n  {short_path(source.file)}:{source.line}{line}"


def _indented(texts: Sequence[str]) -> list[str]:
    return [f"  {line}" for text in texts for line in text.splitlines()]
