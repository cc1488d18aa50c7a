"""
The process in which steps are made: it imports one engine, and forks for each step, which runs RETURNN as a task does.

``python -m jobs.check.step_process ENGINE FILE``; the file is a pickled list of :class:`EngineStep`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import pickle
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .engine_of_jobs import install_engine
from .engine_step import CHECKPOINT, CONFIG, MODEL, RATES, EngineStep

LOG = "returnn.log"
_TITLES = {"tensorflow": "TensorFlow", "torch": "PyTorch"}
_DATASETS = ("returnn.datasets.generating", "returnn.datasets.hdf")
_MODULES = {
    "tensorflow": ("tensorflow", "returnn.__main__", "returnn.tf.engine", *_DATASETS),
    "torch": ("torch", "returnn.__main__", "returnn.torch.engine", "torch._dynamo", *_DATASETS),
}
"""What takes long to import, also what PyTorch imports with its first optimizer."""


def main(arguments: list[str]) -> int:
    """
    Makes all steps of a file by one engine, and prints a line or more for each.

    :return: exit status: 1 if one fails
    """
    engine, file = arguments
    install_engine()
    with open(file, "rb") as stream:
        steps: list[EngineStep] = pickle.load(stream)
    if importlib.util.find_spec(engine) is None:
        print(f"{len(steps)} steps not run: {engine} is not installed", flush=True)
        return 1
    with _quiet():
        for name in _MODULES[engine]:
            importlib.import_module(name)
    return 1 if [step for step in steps if not _report(step)] else 0


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Sends what an engine says of itself as it is imported to nowhere."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _report(step: EngineStep) -> bool:
    """Makes a step and tells of it; gives whether it was well."""
    begin = time.monotonic()
    fault = make_step(step)
    print("\n".join(report_lines(step, fault, time.monotonic() - begin)), flush=True)
    return not fault


def report_lines(step: EngineStep, fault: str, seconds: float) -> list[str]:
    """What is said of a step that was made."""
    title = f"{step.kind} step, {_TITLES[step.engine]}, {step.title}"
    if fault:
        lines = [f"FAILED after {seconds:.1f} s: {title}", f"  {fault}", f"  config and log: {step.directory}"]
    else:
        lines = [f"ran in {seconds:.1f} s: {title}{_scores(step)}"]
    own = [] if None in step.datasets.values() else ["on sequences of its own data"]
    return [*lines, *(f"  {note}" for note in [*own, *step.notes])]


def make_step(step: EngineStep) -> str:
    """Makes a step in a fork of this process; gives what is wrong, nothing if all is well."""
    status = _in_fork(lambda: _run(step), os.path.join(step.directory, LOG))
    fault = _fault_file(step)
    if os.path.exists(fault):
        with open(fault, encoding="utf-8") as file:
            return file.read()
    if status == 0:
        return _not_finite(step) if step.is_training else ""
    from ..returnn_errors import error_from_log

    log = os.path.join(step.directory, LOG)
    with open(log, encoding="utf-8", errors="replace") as file:
        return str(error_from_log(file.read(), status, log)).partition("\nIts whole log")[0]


def _run(step: EngineStep) -> None:
    """All of a step, in the fork."""
    from .. import returnn_program

    os.chdir(step.directory)
    for name, options in step.datasets.items():
        try:
            _write_dataset(os.path.join(step.directory, name), options, step)
        except Exception as error:
            with open(_fault_file(step), "w", encoding="utf-8") as file:
                file.write(f"{name.removesuffix('.pkl')}: {error}")
            raise
    if not step.is_training:
        _write_checkpoint(step)
    sys.argv = [returnn_program.__file__, os.path.join(step.directory, CONFIG)]
    returnn_program.main()


def _write_dataset(path: str, options: Mapping[str, Any] | None, step: EngineStep) -> None:
    from .step_data import made_up_dataset, real_dataset

    made_up = made_up_dataset(step.network, step.inputs) if options is None else None
    found = made_up or real_dataset(options or {}, step.inputs)
    with open(path, "wb") as file:
        pickle.dump(found, file)


def _write_checkpoint(step: EngineStep) -> None:
    """Made-up parameters, as a checkpoint of the engine."""
    import numpy
    from sisyphus import tk

    from recipe.nn.debugging.gradients import made_up_parameters

    from ..checkpoint import Checkpoint
    from ..checkpoint_files import FILES_OF
    from ..checkpoint_values import GLOBAL_STEP, write_checkpoint

    found, like = (
        Checkpoint(tk.Path(os.path.join(step.directory, f"{CHECKPOINT}.001{FILES_OF[engine][-1]}")))
        for engine in (step.engine, "torch" if step.engine == "tensorflow" else "tensorflow")
    )
    write_checkpoint(found, {**made_up_parameters(step.network), GLOBAL_STEP: numpy.array(0, "int64")}, like=like)


def _not_finite(step: EngineStep) -> str:
    """Says of a training which score or parameter is no number after its step; nothing if all are."""
    import math

    from ..learning_rates import read_learning_rates

    scores = read_learning_rates(os.path.join(step.directory, RATES))[1].scores
    wrong = sorted(name for name, value in scores.items() if not math.isfinite(value))
    if wrong:
        return f"{', '.join(wrong)} is {scores[wrong[0]]} in the first epoch"
    found = os.path.join(step.directory, "not_finite")
    log = os.path.join(step.directory, "parameters.log")
    if _in_fork(lambda: _write_not_finite(step, found), log) != 0:
        with open(log, encoding="utf-8", errors="replace") as file:
            return f"the checkpoint of the first epoch cannot be read: {file.read().strip().splitlines()[-1]}"
    with open(found, encoding="utf-8") as file:
        names = file.read().split("\n")[:-1]
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        f"after the step parameters are no numbers, though the score is: {', '.join(names[:3])}{more}. A gradient is "
        "none, or what the optimizer makes of it"
    )


def _write_not_finite(step: EngineStep, path: str) -> None:
    """The names of parameters that are no numbers, a line each."""
    import numpy
    from sisyphus import tk

    from ..checkpoint import Checkpoint
    from ..checkpoint_files import FILES_OF, epoch_prefix
    from ..checkpoint_values import read_checkpoint

    prefix = epoch_prefix(os.path.join(step.directory, MODEL), 1)
    values = read_checkpoint(Checkpoint(tk.Path(prefix + FILES_OF[step.engine][-1])))
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{name}\n" for name in sorted(values) if not numpy.isfinite(values[name]).all())


def _scores(step: EngineStep) -> str:
    """The scores of a training, for its line."""
    if not step.is_training:
        return ""
    from ..learning_rates import read_learning_rates

    scores = read_learning_rates(os.path.join(step.directory, RATES))[1].scores
    return ", " + ", ".join(f"{name} {value:.4g}" for name, value in sorted(scores.items()) if "train" in name)


def _fault_file(step: EngineStep) -> str:
    return os.path.join(step.directory, "fault")


def _in_fork(function: Callable[[], None], log: str) -> int:
    """
    Calls a function in a fork of this process, whose output goes into a file.

    :return: its exit status; negative: the signal that ended it
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 1
    try:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)
        function()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
