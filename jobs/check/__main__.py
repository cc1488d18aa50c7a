"""The process in which networks are checked: TensorFlow and PyTorch are imported here, once for all of them."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import traceback
from collections.abc import Iterator
from typing import TextIO


def main(arguments: list[str]) -> int:
    """
    Checks the networks of a file, a pickled list of (name, network), and prints a line or more for each.

    :return: exit status: 0; 1 if one differs or cannot be built, or if no engine is installed to compare with
    """
    from .comparison import NUM_STEPS, Difference, compare, engines_text, installed_engines
    from .engine_of_jobs import install_engine

    install_engine()
    with open(arguments[0], "rb") as file:
        networks = pickle.load(file)
    failed, engines = 0, installed_engines()
    same = f"same in {NUM_STEPS} steps" if engines else f"only NumPy, {NUM_STEPS} steps"
    with _quiet() as out:
        for name, network in networks:
            try:
                distance = compare(network, engines)
                print(f"{same}, up to {distance:.1g}: {name}", file=out, flush=True)
            except Difference as error:
                failed += 1
                print(f"DIFFERENT: {name}\n  {error}", file=out, flush=True)
            except Exception as error:
                failed += 1
                last = traceback.extract_tb(error.__traceback__)[-1]
                text = f"{type(error).__name__}: {error}".strip()
                print(f"FAILED: {name}\n  {text[:1000]}\n  in {last.filename}:{last.lineno}", file=out, flush=True)
        print(engines_text(), file=out, flush=True)
    return 1 if failed or not engines else 0


@contextlib.contextmanager
def _quiet() -> Iterator[TextIO]:
    """Sends what RETURNN and its engines print to nowhere; gives the output as it was."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out, open(os.devnull, "w", encoding="utf-8") as nowhere:
        sys.stdout.flush()
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        yield out


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
