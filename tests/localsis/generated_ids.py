"""
The ids of generated graphs, recorded: ``python -m tests.localsis.generated_ids --record`` under Sisyphus itself.

It records with whatever ``sisyphus`` can be imported.
"""

from __future__ import annotations

import json
import logging
import pathlib
import sys

FILE = pathlib.Path(__file__).parent / "golden_generated_ids.json"
GRAPHS = 3000
_JOBS = "tests/localsis/generated_jobs/"


def recorded() -> list[str]:
    """What Sisyphus gave, by seed: an id, or that it refuses the graph."""
    from .generated_graphs import REFUSED

    names = json.loads(FILE.read_text())
    return [REFUSED if name == REFUSED else _JOBS + name for line in names for name in line.split()]


def record() -> None:
    """Writes what the installed engine gives."""
    from .generated_graphs import outcome

    logging.disable(logging.CRITICAL)
    names = [outcome(seed).removeprefix(_JOBS) for seed in range(GRAPHS)]
    lines = [" ".join(names[start : start + 5]) for start in range(0, GRAPHS, 5)]
    FILE.write_text(json.dumps(lines, indent=0) + "\n")
    print(f"{len(names)} graphs, {names.count('refused')} of them refused: {FILE}")


if __name__ == "__main__":
    if sys.argv[1:] != ["--record"]:
        sys.exit(__doc__)
    record()
