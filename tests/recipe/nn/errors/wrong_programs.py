"""What the tests of this directory share: wrong programs, each with its line of the mistake, and checks of messages."""

from __future__ import annotations

import inspect
import pathlib
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from recipe import nn

from ..inputs import FEATURES, frames

SHORT = nn.Dim(None, name="short")
SHORT_INPUT = nn.ExternData("short_input", [nn.batch_dim, SHORT, FEATURES])
HIDDEN = nn.Dim(5, name="hidden")
"""Another dim of the size of FEATURES."""


class Wrong(NamedTuple):
    """
    A wrong program.

    :param model: what is made a network; its line of the mistake ends with ``# MISTAKE``
    :param parts: what the message must say: names, dims, and what to write instead
    """

    model: Any
    parts: list[str]


def start() -> nn.Tensor:
    """Zeros [batch, features]."""
    return nn.zeros([nn.batch_dim, FEATURES])


def frame_loop() -> tuple[nn.Loop, nn.Tensor]:
    """Inputs for short programs: a loop, and the sequence that it goes over."""
    return nn.Loop(), frames()


def name_of(value: Any) -> str:
    """The id of a test case."""
    return getattr(value, "__name__", "")


def line_of_mistake(program: Any) -> tuple[str, int]:
    """File and number of the line that is marked in a program."""
    file = inspect.getsourcefile(program)
    assert file is not None
    lines, first = inspect.getsourcelines(program)
    marked = [number for number, line in enumerate(lines) if line.rstrip().endswith("# MISTAKE")]
    assert len(marked) == 1, f"{program} marks {len(marked)} lines"
    return str(pathlib.Path(file)), first + marked[0]


def message_of(model: Any, **options: Any) -> str:
    """The error about a program."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nn.NetworkWarning)
        with pytest.raises(nn.NetworkError) as caught:
            nn.Network(model() if inspect.isclass(model) else model, **options)
    return str(caught.value)


def check_error(wrong: Wrong) -> None:
    """The error must name the line of the mistake and show it, and say what is listed."""
    message = message_of(wrong.model)
    file, line = line_of_mistake(wrong.model)
    assert message.startswith(f"{file}:{line}: "), message
    assert message.splitlines()[-1].endswith("# MISTAKE"), message
    check_parts(message, wrong.parts)


def check_warning(wrong: Wrong) -> None:
    """One warning, at the line of the mistake, and it must say what is listed."""
    told = warnings_of(wrong.model)
    assert len(told) == 1, [str(warning.message) for warning in told]
    assert (told[0].filename, told[0].lineno) == line_of_mistake(wrong.model), str(told[0])
    check_parts(str(told[0].message), wrong.parts)


def warnings_of(model: Callable[..., Any], **options: Any) -> list[warnings.WarningMessage]:
    """The warnings about a program."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.Network(model() if inspect.isclass(model) else model, **options)
    return [warning for warning in caught if issubclass(warning.category, nn.NetworkWarning)]


def check_parts(message: str, parts: list[str]) -> None:
    """The message must say each of them."""
    for part in parts:
        assert part in message, f"{part!r} is not in: {message}"
