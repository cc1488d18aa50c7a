"""What RETURNN keeps for the whole process, and what it prints: left as it was."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def behavior_version(version: int) -> Iterator[None]:
    """Sets RETURNN's behavior version for a while, whatever it was."""
    from returnn.util.basic import BehaviorVersion

    before = BehaviorVersion._get_state()
    if before[0] not in (None, version):
        BehaviorVersion._reset()
    BehaviorVersion.set(version)
    try:
        yield
    finally:
        if before != BehaviorVersion._get_state():
            BehaviorVersion._reset(before)


@contextlib.contextmanager
def torch_frontend(*, train: bool = False, train_step: int = 0) -> Iterator[None]:
    """
    Has RETURNN's frontend compute with PyTorch for a while, as in a step of training.

    :param train: whether dropout is on
    :param train_step: how many batches were trained on before
    """
    import returnn.frontend as rf
    from returnn.frontend import _backend, run_ctx

    backend, context = type(_backend.global_backend), run_ctx._run_ctx
    rf.select_backend_torch()
    rf.init_train_step_run_ctx(train_flag=train, step=train_step, epoch=1)
    try:
        yield
    finally:
        _backend.global_backend.__class__ = backend
        run_ctx._run_ctx = context


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Throws away what is printed and what is warned of."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
