"""Work on many items in several processes: results in the order of the items, few of them in memory."""

from __future__ import annotations

import collections
import concurrent.futures
import itertools
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 4
"""Items that each process may be ahead of the one whose result is taken."""


def in_order(function: Callable[[Item], Result], items: Iterable[Item], processes: int) -> Iterator[Result]:
    """
    The results of a function, in the order of the items.

    :param function: of a module, so that other processes find it
    :param processes: 1: it is called in this one
    """
    if processes <= 1:
        yield from map(function, items)
        return
    rest = iter(items)
    # what a task has loaded is there in the others, which then begin at once
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting = collections.deque(pool.submit(function, item) for item in itertools.islice(rest, processes * _AHEAD))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(function, item) for item in itertools.islice(rest, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()
