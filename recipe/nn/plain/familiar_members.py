"""Attributes of modules in PyTorch and Keras: what is written here in place of them. A test executes each line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import MissingAttributeError, did_you_mean
from .familiar_names import Alternatives

_TRAIN_FLAG = "nn.run_numpy(network, feeds, train=True)  # RETURNN trains or searches by its task"

MEMBERS: dict[str, Alternatives] = {
    "weight": ("linear.W",),
    "kernel": ("linear.W",),
    "bias": ("linear.b",),
    "weight_ih_l0": ("cell.W",),
    "weight_hh_l0": ("cell.W_re",),
    "in_features": ("linear.W.dims[0]",),
    "out_features": ("linear.W.dims[1]",),
    "children": ("module.named_modules()",),
    "named_children": ("module.named_modules()",),
    "modules": ("module.named_modules()",),
    "state_dict": ("network.random_parameters()",),
    "load_state_dict": ("nn.run_numpy(network, feeds, network.random_parameters())",),
    "register_parameter": ("self.W = nn.Parameter([in_dim, out_dim])",),
    "add_weight": ("self.W = nn.Parameter([in_dim, out_dim])",),
    "register_buffer": ("self.mean = nn.Parameter([in_dim], trainable=False)",),
    "add_module": ("self.layer = nn.Linear(in_dim, out_dim)",),
    "build": ("self.W = nn.Parameter([in_dim, out_dim])",),
    "call": ("y = linear([loop.unstack(x), loop.state.h])",),
    "requires_grad_": ("module.freeze()",),
    "requires_grad": ("module.freeze()",),
    "train": (_TRAIN_FLAG,),
    "eval": (_TRAIN_FLAG,),
    "training": ("nn.train_flag()",),
    "zero_grad": ("nn.check_gradients(network, feeds)",),
    "to": ("module: where it is computed, RETURNN says",),
    "cuda": ("module: where it is computed, RETURNN says",),
    "cpu": ("module: where it is computed, RETURNN says",),
    "apply": ("for parameter in module.parameters(): parameter.initial = nn.Normal(0.01)",),
}
"""By attribute of a module, what is written in place of it."""


def no_attribute(value: Any, name: str, instead: Mapping[str, str]) -> AttributeError:
    """
    The error about an attribute that something has not.

    :param instead: by attribute, what is written in place of it
    """
    kind = type(value).__name__
    if name.startswith("_"):
        return AttributeError(f"{kind!r} object has no attribute {name!r}")
    known = [one for one in (*vars(type(value)), *getattr(value, "__dict__", ())) if not one.startswith("_")]
    hint = f": write {instead[name]}" if name in instead else f".{did_you_mean(name, known)}"
    return MissingAttributeError(f"a {kind} has no attribute {name!r}{hint}")
