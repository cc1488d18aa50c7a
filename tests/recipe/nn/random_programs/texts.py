"""
The written configs of programs in another process: ``python -m tests.recipe.nn.random_programs.texts`` reads programs
as JSON and writes one digest of each config's text.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from recipe import nn

from .model import RandomModel
from .program import End, Program


def digests(programs: Sequence[Program]) -> list[str]:
    """SHA-256 of the config of each program."""
    texts = (nn.Network(RandomModel(program)).config_text() for program in programs)
    return [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def digests_elsewhere(programs: Sequence[Program], hash_seed: int) -> list[str]:
    """The same in a new process with this ``PYTHONHASHSEED``."""
    result = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(programs),
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout)


def _as_program(value: Any) -> Program:
    program = Program(*_as_tuples(value))
    return program._replace(end=End(*program.end)) if program.end is not None else program


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(item) for item in value) if isinstance(value, list) else value


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump(digests([_as_program(value) for value in json.load(sys.stdin)]), sys.stdout)
