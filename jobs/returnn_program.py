"""
``python -m returnn`` as the jobs run it: it ends with the task, and training goes on exactly after an interruption.

When a task is killed, the kernel ends RETURNN as well (on Linux), so that two never write to one directory. When its
task does not hold the directory any more, RETURNN ends by :mod:`jobs.holder_fence`.

What RETURNN by itself forgets at an interruption is kept by :mod:`jobs.resume_tensorflow` and
:mod:`jobs.resume_torch`; batches that it does not compute on TensorFlow are by :mod:`jobs.batches_without_frames`. The
config says nothing of it and runs with plain RETURNN as well.

It runs as a program of its own and imports nothing of this setup, but for these modules by their files.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import signal
import sys
from types import ModuleType

_PR_SET_PDEATHSIG = 1  # of prctl(2)


def end_with_parent() -> None:
    """Has the kernel kill this process when the one that started it ends, where the kernel can (Linux)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        sys.exit("the task that started RETURNN has ended")  # before the kernel was told


def _module_beside(name: str) -> ModuleType:
    """A module of this directory; which stands in no path, so that others here are not found by their short names."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(os.path.dirname(__file__), f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """``python returnn_program.py CONFIG``: as ``python -m returnn CONFIG``."""
    end_with_parent()
    fence_module = _module_beside("holder_fence")
    fence = fence_module.put_up()
    import returnn.__main__ as returnn
    from returnn.util.basic import BackendEngine

    execute_main_task = returnn.execute_main_task

    def execute() -> None:  # only now RETURNN has read the config, set up the engine
        engine = "torch" if BackendEngine.is_torch_selected() else "tensorflow"
        if engine == "tensorflow":
            _module_beside("batches_without_frames").compute_them()
        if returnn.config.value("task", "train") == "train":
            _module_beside(f"resume_{engine}").keep_state_of_training()
            if engine == "tensorflow":
                _module_beside("gradient_norm").log_gradient_norm()
            if fence is not None:
                fence_module.look_before_writing(fence)
        execute_main_task()

    returnn.execute_main_task = execute
    returnn.main(sys.argv)


if __name__ == "__main__":
    sys.path.pop(0)  # the directory of this file, whose other modules are not to be found by their short names
    main()
