"""
Functions that datasets of RETURNN call, as they stand in its configs: features, other speeds, orders of an epoch.

Their texts are written into each config that uses them, so that it runs in RETURNN by itself. RETURNN (1.20261022,
``Pickler`` in util/task_system.py) gives functions of a config to its worker processes without the defaults of
keyword-only arguments: so none of these may be left out in a call.
Test: tests/jobs/corpus/test_training.py
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from recipe.nn.plain.python_source import CodeWithDefinitions, PythonSource

from .log_mel import log_mel, normalised, stacked_frames
from .speed import at_speed

_IMPORTS = ("import fractions", "import functools", "import numpy")


def log_mel_features(
    audio: numpy.ndarray,
    sample_rate: int,
    num_feature_filters: int,
    stack: int = 1,
    normalise: bool = True,
    **_other: Any,
) -> numpy.ndarray:
    """Log-mel features of a recording, as RETURNN's ExtractAudioFeatures wants them: [frames, num_feature_filters]."""
    features = log_mel(audio, sample_rate, num_mel=num_feature_filters // stack)
    return stacked_frames(normalised(features) if normalise else features, stack)


def at_random_speed(
    audio: numpy.ndarray,
    sample_rate: int,
    random_state: numpy.random.RandomState,
    speeds: Sequence[float] = (0.9, 1.0, 1.1),
) -> numpy.ndarray:
    """A recording at one of several speeds, drawn anew in each epoch."""
    return at_speed(audio, speeds[random_state.randint(len(speeds))])


def sorted_first(epoch: int, num_epochs: int, then: str, **_other: Any) -> str:
    """An order for each epoch: by length in the first ones, short sequences first."""
    return "sorted" if (epoch or 1) <= num_epochs else then


def space_as_label(text: str) -> str:
    """A text whose characters are labels."""
    return text.replace(" ", "\u2581")


def function_code(function: Callable[..., Any], version: int, **arguments: Any) -> CodeWithDefinitions:
    """
    A function of this module as an option.

    :param function: which
    :param version: to be raised with each change of what it computes
    :param arguments: that it is always called with
    """
    needed = {
        log_mel_features: (log_mel, normalised, stacked_frames),
        at_random_speed: (at_speed,),
        sorted_first: (),
        space_as_label: (),
    }[function]
    values = "".join(f", {name}={PythonSource().value(value)}" for name, value in arguments.items())
    code = f"functools.partial({function.__name__}{values})" if arguments else function.__name__
    texts = [inspect.getsource(one) for one in (*needed, function)]
    used = [line for line in _IMPORTS if any(f"{line.split()[1]}." in text for text in (code, *texts))]
    return CodeWithDefinitions(code, (*used, *texts), version=version)
