"""One layer of a net dict: its options, each taken once, and what makes one of each class."""

from __future__ import annotations

import re
from typing import Any

from .python_values import Unreadable

_WITHOUT_MEANING = frozenset(
    {
        "is_output_layer",
        "need_last",
        "in_dim",
        "n_in",
        "optimize_move_layers_out",
        "register_as_extern_data",
        "only_on_search",
        "out_type",
        "out_shape",
        "allow_broadcast",
        "allow_broadcast_all_sources",
        "collocate_with",
        "use_time_mask",
        "initial_output",
        "dropout_noise_shape",
        "dropout_on_forward",
        "back_prop",
        "keep_over_epoch",
        "name_scope",
        "reuse_params",
        "param_name",
        "n_out",
        "out_dim",
        "loss_only_on_non_search",
        "only_on_eval",
        "size_target",
        "param_device",
        "auto_use_channel_first",
        "use_channel_first",
        "custom_param_importer",
        "include_eos",
    }
)
"""Options that say nothing more about what is computed, or are asked for where they mean something."""

_DEFAULTS: dict[str, Any] = {
    "trainable": True,
    "loss_scale": 1.0,
    "with_bias": True,
    "L2": 0,
    "dropout": 0,
    "spatial_smoothing": 0,
    "batch_norm": False,
    "sampling": 1,
    "use_transposed_weights": False,
    "keep_beams": False,
    "extra_deps": [],
    "prob_scale": 1.0,
    "base_beam_score_scale": 1.0,
}
"""Options that are as if they were not there, at these values."""

_OF_PARAMETERS = ("trainable", "L2", "param_device", "forward_weights_init", "bias_init", "recurrent_weights_init")
"""Options that mean nothing where a layer has no parameters."""
_OF_LOSSES = ("loss_opts", "loss_scale", "target", "loss_only_on_non_search", "only_on_eval")
"""Options that mean nothing where a layer has no loss."""


_NO_REFERENCES = ("class", "eval", "kind", "activation", "mode", "load_on_init")
"""Options whose texts name no layers."""


class Unsupported(Exception):
    """Why a layer, or an option of it, is not translated."""


class Layer:
    """
    A layer.

    :param name: as its network calls it
    :param options: of it
    """

    def __init__(self, name: str, options: dict[str, Any]):
        self.name = name
        self.options = options
        self.class_name = str(options.get("class"))
        self._taken: set[str] = {"class"}
        self.rates: set[str] = set()
        """Options that are 0 in some networks of the training alone, and so are written at 0, too."""
        self.is_masked = False
        """Whether it is the unit of a ``masked_computation`` in a loop."""

    def is_taken(self, key: str) -> bool:
        """Whether an option was understood already."""
        return key in self._taken

    def take(self, key: str, default: Any = None) -> Any:
        """
        The value of an option, which is understood by that.

        :raises Unsupported: if it could not be read
        """
        self._taken.add(key)
        value = self.options.get(key, default)
        if isinstance(value, Unreadable):
            raise Unsupported(f"its {key} can only be told by running the file, line {value.line}: {value.why}")
        return value

    def left(self, *, has_parameters: bool) -> list[str]:
        """The options that nobody took and that may mean something."""
        without_meaning = {*self._taken, *_WITHOUT_MEANING, "cheating"}  # of a search that is a part of the training
        without_meaning |= set() if has_parameters else set(_OF_PARAMETERS)
        without_meaning |= set() if self.options.get("loss") else set(_OF_LOSSES)
        return [
            key
            for key, value in self.options.items()
            if key not in without_meaning and not (key in _DEFAULTS and value == _DEFAULTS[key]) and value is not None
            if key != "from" or value  # an empty list of inputs
        ]


def references(options: Any) -> set[str]:
    """All texts in options, of which some are references to layers."""
    if isinstance(options, str):
        return {options, *re.findall(r"base:[\w/:.-]+", options)}
    if isinstance(options, dict):
        options = [item for key, item in options.items() if key not in _NO_REFERENCES]
    if isinstance(options, (list, tuple)):
        return set().union(*(references(item) for item in options))
    return set()
