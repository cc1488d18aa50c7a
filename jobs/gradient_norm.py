"""
Makes RETURNN on TensorFlow log the norm of the gradients in each step.

RETURNN (1.20261022, tf/updater.py) computes it with the option ``log_grad_norm``, before any clipping, but its engine
for nets of layers asks for it nowhere; here it is logged beside the losses, as by RETURNN on PyTorch.

:mod:`jobs.returnn_program` loads it by its file; it imports nothing of this setup.
"""

from __future__ import annotations

import functools
from typing import Any


def log_gradient_norm() -> None:
    """Makes the engine, in this process, log it, where the option is set."""
    from returnn.tf.engine import Runner

    get_fetches = Runner._get_fetches_dict

    @functools.wraps(get_fetches)
    def with_norm(self: Any) -> dict[str, Any]:
        fetches: dict[str, Any] = get_fetches(self)
        norm = getattr(self.engine.updater, "log_grad_norm_tensor", None) if self._should_train else None
        return fetches if norm is None else {**fetches, "stats:grad_norm:p2": norm}

    Runner._get_fetches_dict = with_norm
