"""What is printed when an experiment is done, above its results, which each run ends with."""

from __future__ import annotations

from typing import Any


def print_next_step(next_step: str, needed: Any) -> None:
    """
    Says what to try next: ``tk.register_callback(print_next_step, "...", [scores.out_wer])``.

    :param next_step: a hint
    :param needed: outputs, in any structure; it is said when all of them are there
    """
    print(f"next: {next_step}", flush=True)
