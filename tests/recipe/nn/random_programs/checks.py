"""What is checked of each program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from recipe import nn

from ..agreement import Agreement, assert_same_output, check_agreement, check_torch
from ..returnn_run import LEARNING_RATE, run_returnn
from .in_numpy import RunInNumpy
from .model import RandomModel
from .program import Program
from .unrolled import Unrolled

MODULES_OF_STATEMENTS = {
    "square": ("forth", "back"),
    "window": ("both",),
    "history": ("history",),
    "attend": ("attention",),
    "label": ("readout",),
    "embed": ("embedding",),
    "choice": ("readout", "embedding"),
    "greedy": ("readout", "embedding"),
    "concat": ("both",),
    "norm": ("norm",),
    "dropout": ("forth", "back"),
    "other_cell": ("cells/0",),
    "embed_step": ("embedding",),
    "emit": ("embedding",),
}
MODULES_OF_READERS = {"dot": ("attention",), "additive": ("additive",), "best": ("readout",)}
MODULES_OF_FRAMES = {"found": ("embedding",), "split": ("wide",)}
NO_STEP_AT_ALL = (
    "TensorArray has size zero",
    "is not in [0, 0)",
    "Requires start <= limit when delta > 0: 0/-2147483648",
)
"""What TensorFlow says to stacking no steps, to the last of none, and to a mask over them."""
_DIFFERENCE = 1e-5


class Checked(RunInNumpy):
    """
    A program, recorded and run in NumPy and in RETURNN with random parameters.

    :raises AssertionError: if these differ
    """

    def __init__(self, program: Program):
        super().__init__(program)
        trains = not program.beam_size
        self.run: Agreement = check_agreement(
            self.network, self.feeds, parameters=self.parameters, train=trains, gradients=trains, trains=trains
        )

    def check_all(self) -> None:
        """All of the following."""
        self.check_unrolled()
        self.check_kept_in_loops()
        self.check_names()
        self.check_training()
        self.check_greedy()
        self.check_text()

    # what RETURNN moves out of loops

    def check_kept_in_loops(self) -> None:
        """What RETURNN moves out of loops gives the same as kept in them."""
        kept = run_returnn(
            self.network,
            self.feeds,
            self.parameters,
            search=bool(self.program.beam_size),
            train=not self.program.beam_size,
            moves_layers_out=False,
        )
        for name, result in self.run.in_numpy.outputs.items():
            assert_same_output(name, result, kept.outputs[name])

    # parameters

    def check_names(self) -> None:
        """Parameters are called after the attributes that lead to them (rule L6), none more, none twice."""
        called = called_modules(self.program)
        known = dict(self.model.named_parameters())
        names = set(self.run.in_returnn.parameters)
        assert names == set(self.network.parameters)
        for name in names:
            assert any(name.startswith(f"{module}/") for module in called), f"{name} of {called}"
            assert self.network.parameters[name].shape == known[name].shape
        if self.program.beam_size:
            greedy = nn.Network(RandomModel(self.program._replace(beam_size=1)))
            assert set(greedy.parameters) == names

    def check_training(self) -> None:
        """One step of training changes each parameter by its gradient, which is that of the unrolled program."""
        if self.program.beam_size:
            return
        run = self.run.in_returnn
        for name, gradient in run.gradients.items():
            change = run.trained[name] - run.parameters[name]
            expected = numpy.zeros_like(change) if gradient is None else -LEARNING_RATE * gradient
            numpy.testing.assert_allclose(change, expected, rtol=1e-3, atol=1e-6, err_msg=f"step of {name}")
            self._check_gradient(name, gradient)

    def _check_gradient(self, name: str, gradient: numpy.ndarray | None) -> None:
        generator = numpy.random.default_rng(7)
        direction = generator.standard_normal(self.parameters[name].shape)
        sums = [self._total_loss(name, direction * step * _DIFFERENCE) for step in (-1, 0, 1)]
        before, after = (sums[1] - sums[0]) / _DIFFERENCE, (sums[2] - sums[1]) / _DIFFERENCE
        if abs(before - after) > 1e-2 * max(abs(before), abs(after), 1e-2):
            return  # not differentiable here: two equal values are compared
        slope = 0.0 if gradient is None else float((gradient * direction).sum())
        numpy.testing.assert_allclose(slope, (before + after) / 2, rtol=1e-2, atol=1e-3, err_msg=f"gradient of {name}")

    def _total_loss(self, name: str, change: numpy.ndarray) -> float:
        parameters: dict[str, Any] = {key: value.astype("float64") for key, value in self.all_parameters.items()}
        parameters[name] = parameters[name] + change
        total = 0.0
        for index in range(len(self.program.lengths[0])):
            unrolled = Unrolled(self.program, parameters, self.feeds, index)
            unrolled.run()
            total += sum(unrolled.losses.values())
        return total

    # search

    def check_greedy(self) -> None:
        """A beam of one hypothesis is the best label in each step."""
        if not self.program.beam_size:
            return
        greedy_body = tuple(
            ("greedy", *arguments) if kind == "choice" else (kind, *arguments) for kind, *arguments in self.program.body
        )
        of_one = tuple(statement[:3] if statement[0] == "choice" else statement for statement in self.program.body)
        greedy = RandomModel(self.program._replace(body=greedy_body, beam_size=0))
        beam = RandomModel(self.program._replace(body=of_one, beam_size=1))
        expected = nn.run_numpy(nn.Network(greedy), self.feeds, self.all_parameters)
        searched = nn.run_numpy(nn.Network(beam), self.feeds, self.all_parameters)
        if self.program.beam_size == 1 and of_one == self.program.body:
            searched = self.run.in_numpy
        for name, result in expected.outputs.items():
            for one, other in zip(result.sequences(), searched.outputs[name].sequences(), strict=True):
                numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5, err_msg=f"greedy: {name}")

    # the written config

    def check_text(self) -> None:
        """Other names of local variables and helpers, and code that nothing needs, change nothing in the config."""
        text = self.network.config_text()
        assert nn.Network(InOtherWords(self.program)).config_text() == text
        assert nn.Network(InOtherWords(self.program)).digest == self.network.digest


def called_modules(program: Program) -> set[str]:
    """The paths of the modules that a program may call."""
    called = {"linear/0"} if "encoded" in program.initial else set()
    for kind, *arguments in program.statements():
        called |= set(MODULES_OF_STATEMENTS.get(kind, ()))
        if kind in ("linear", "cell", "restart", "peek"):
            called.add(f"{'linear' if kind == 'linear' else 'cells'}/{arguments[0]}")
        elif kind == "read":
            called |= set(MODULES_OF_READERS.get(arguments[0], ()))
        elif kind == "inner" and arguments[0][0] == "labels":
            called.add("embedding")
    for kind, *arguments in program.frames():
        called |= set(MODULES_OF_FRAMES.get(kind, ()))
        if kind in ("linear", "lstm", "conv"):
            called.add(f"{kind}/{arguments[1] - (kind == 'conv')}")
    return called


class InOtherWords(RandomModel):
    """The same with other local names, by another helper, and with values that nothing reads."""

    def run_statements(self, statements: Sequence[Any], values: list[nn.Tensor], loop: nn.Loop | None) -> None:
        def helper(word: str, *rest: Any) -> nn.Tensor:
            getattr(self, f"_{word}")(values, loop, *rest)
            return nn.tanh(self.vector * 3.0)

        for renamed in statements:
            helper(*renamed)


def check_on_torch(program: Program) -> bool:
    """
    Runs a program in NumPy and on PyTorch.

    :return: True
    :raises AssertionError: if these differ, or NumPy and the unrolled program
    """
    run = RunInNumpy(program)
    check_torch(run.network, run.feeds, run.parameters, run.in_numpy, gradients=not program.beam_size)
    run.check_unrolled()
    return True


def check_program(program: Program, *, everything: bool = True) -> bool:
    """
    Runs a program in NumPy and in RETURNN, and makes all other checks.

    :param everything: whether also those that run it in RETURNN a second time
    :return: False if TensorFlow cannot run it: a loop in which no sequence of the whole batch makes a step
    :raises AssertionError: if a check fails
    """
    try:
        checked = Checked(program)
    except Exception as error:
        if any(message in str(error) for message in NO_STEP_AT_ALL):
            return False
        raise
    if everything:
        checked.check_all()
    else:
        for check in (checked.check_unrolled, checked.check_names, checked.check_training, checked.check_greedy):
            check()
    return True
