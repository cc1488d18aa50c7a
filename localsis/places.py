"""
Which tasks may start: as many as the machine has cores and memory for.

Of those that wait, the one that asks for the most memory comes first, of equal ones the one that waits longest. One for
which there is no room yet is passed by others, but only while it could not start without them either: as soon as only
tasks that passed it are in its way, no further one starts, and it gets its turn.

A short task ("mini task") counts as one core and little memory, and one of them may run at any time, whatever else
does, so that the scores of one experiment need not wait for the training of another. Together they ask for little
memory too, however many cores there are: a thousand that are ready at once are not to take what others run in.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from typing import NamedTuple

from .run_state import TaskRun

_MEMORY = 1.0
"""GB, of a task that does not say what it needs."""

_MEMORY_OF_MINI_TASKS = 0.2
_MEMORY_OF_ALL_MINI_TASKS = 2.0


class Needs(NamedTuple):
    """
    What a task asks for.

    :ivar memory: in GB
    :ivar cores: how many
    :ivar is_short: whether it is a mini task
    """

    memory: float
    cores: int
    is_short: bool


class _Began(NamedTuple):
    """
    A task that runs.

    :ivar needs: what it asks for
    :ivar turn: the number of its turn
    :ivar time: when it began: the number of the next turn
    """

    needs: Needs
    turn: int
    time: int


class Places:
    """
    The tasks that wait, and how much of the machine is taken.

    :param cores: of the machine
    :param memory: of the machine, in GB
    """

    def __init__(self, cores: int, memory: float):
        self.cores, self.memory = cores, memory
        self._waiting: dict[Needs, dict[str, tuple[TaskRun, int]]] = {}
        """Those that ask for the same, by their names, with the number of their turn, in this order."""
        self._began: dict[TaskRun, _Began] = {}
        self._turns = itertools.count()

    def wait(self, run: TaskRun) -> None:
        """
        Lets a task wait for its turn, if it does not so already.

        :raises ValueError: if what it asks for is no number
        """
        waiting = self._waiting.setdefault(self._needs(run), {})
        if _name(run) not in waiting:
            waiting[_name(run)] = run, next(self._turns)

    def next(self, running: Collection[TaskRun]) -> TaskRun | None:
        """
        Takes the task out that is to start now; None if there is room for none of those that wait.

        :param running: the tasks that run on this machine
        """
        self._began = {run: self._began.get(run) or _Began(self._needs_of_running(run), -1, -1) for run in running}
        heads = [(needs, *next(iter(runs.values()))) for needs, runs in self._waiting.items() if runs]
        for needs, run, turn in sorted(heads, key=lambda head: (-head[0].memory, head[2])):
            if self._has_room(needs, [other.needs for other in self._began.values()]):
                del self._waiting[needs][_name(run)]
                self._began[run] = _Began(needs, turn, next(self._turns))
                return run
            not_passed = [
                other.needs
                for other in self._began.values()
                if other.time < turn or (-other.needs.memory, other.turn) < (-needs.memory, turn)
            ]
            if self._has_room(needs, not_passed):
                return None
        return None

    def is_too_large(self, run: TaskRun) -> bool:
        """Whether a task asks for more memory than there is, so that it runs alone."""
        return self.memory_of(run) > self.memory

    def memory_of(self, run: TaskRun) -> float:
        """How much memory a task asks for, in GB."""
        return self._needs(run).memory

    def _has_room(self, needs: Needs, taken: list[Needs]) -> bool:
        """Whether there is room for a task beside those that run."""
        short = next((one for one in taken if one.is_short), None)
        if needs.is_short and short is None:
            return True
        if not needs.is_short and short is not None:
            taken = list(taken)
            taken.remove(short)
        if not taken:
            return True
        all_of_them = [*taken, needs]
        if needs.is_short and sum(one.memory for one in all_of_them if one.is_short) > _MEMORY_OF_ALL_MINI_TASKS:
            return False
        return (
            sum(one.cores for one in all_of_them) <= self.cores
            and sum(one.memory for one in all_of_them) <= self.memory
        )

    def _needs_of_running(self, run: TaskRun) -> Needs:
        try:
            return self._needs(run)
        except ValueError:  # it was started when the job asked for something else
            return Needs(_MEMORY, 1, run.task.mini_task)

    def _needs(self, run: TaskRun) -> Needs:
        rqmt = run.job._sis_task_rqmt(run.task)
        memory = rqmt.get("mem", _MEMORY_OF_MINI_TASKS if run.task.mini_task else _MEMORY)
        try:
            cores = max(1, min(int(rqmt.get("cpu", 1)), self.cores))
            return Needs(max(0.0, float(memory)), cores, run.task.mini_task)
        except (TypeError, ValueError) as error:
            raise ValueError(f"its task {run.task.name} asks for {rqmt}, but cpu and mem (GB) are numbers") from error


def _name(run: TaskRun) -> str:
    return run.marker("log")
