"""Runs steps in processes of their own, one for each engine."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence

from ..returnn_process import returnn_environment
from .engine_of_jobs import engine_environment
from .engine_step import EngineStep


def run_steps(steps: Sequence[EngineStep], directory: str) -> int:
    """
    Makes all steps; what is printed of each says whether it was well.

    :param directory: for files
    :return: exit status: 1 if one fails
    """
    status = 0
    for engine in sorted({step.engine for step in steps}):
        file = os.path.join(directory, f"{engine}.pkl")
        with open(file, "wb") as stream:
            pickle.dump([step for step in steps if step.engine == engine], stream)
        environment = returnn_environment("cpu", engine, os.cpu_count())
        environment["PYTHONPATH"] = os.pathsep.join([path for path in sys.path if path])
        environment.update(engine_environment())
        command = [sys.executable, "-m", f"{__package__}.step_process", engine, file]
        status |= subprocess.run(command, env=environment, check=False).returncode
    return 1 if status else 0
