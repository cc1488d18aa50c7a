"""A loop in plain Python: what else is measured counts in relation to it, as machines and times of day differ."""

from __future__ import annotations

import time


def yardstick() -> float:
    """CPU seconds of the loop: dicts, tuples and texts, as a graph is made of."""
    begin = time.process_time()
    table: dict[int, tuple[int, str]] = {}
    for number in range(6_000_000):
        table[number & 1023] = (number, str(number))
    return time.process_time() - begin
