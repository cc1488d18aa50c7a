"""Training options that a net dict of some epochs has for itself: ``#config``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .pretraining import Stages
from .python_text import is_plain


def options_of_stages(stages: Stages, models: Mapping[int, str]) -> dict[int, dict[str, Any]]:
    """
    The options that hold in each stage alone, by its first epoch: a stage begins where the model or they change.

    The learning rate is not among them, as it goes into the training's ``learning_rates``.

    :param stages: of the training
    :param models: the expressions for the models, by the epochs that they begin at
    """
    found: dict[int, dict[str, Any]] = {}
    last: tuple[str, dict[str, Any]] | None = None
    for epoch in sorted({*models, *stages.options}):
        model = models[max((one for one in models if one <= epoch), default=min(models))]
        held = stages.options.get(max((one for one in stages.options if one <= epoch), default=0), {})
        options = {name: value for name, value in sorted(held.items()) if is_written(name, value)}
        if last != (model, options):
            found[epoch] = options
        last = model, options
    return found


def is_written(name: str, value: Any) -> bool:
    """Whether an option of some epochs stands in the stages."""
    return name != "learning_rate" and is_plain(value)
