"""The manager: runs the jobs that the outputs need, in order, on this machine."""

from __future__ import annotations

import os
import shutil
from typing import Any

from . import outputs, reports, settings
from .agenda import OFTEN, Agenda
from .changed_links import ChangedLinks
from .display import Display, make_display
from .failure_log import reason
from .finish import end_of_run
from .interruption import Interruption
from .job import Job
from .job_directory import set_up
from .job_names import job_label, job_name, short_label
from .live_table import State
from .machine import available_cores, available_memory
from .missing_inputs import removed_inputs, words_of
from .places import Places
from .run_end import tell_end, tell_failure
from .run_state import MOST_INTERRUPTIONS, TaskRun
from .running_tasks import RunningTasks
from .stuck_jobs import explained
from .waiting import EndOfProcesses

_LEAST_DISK = 1_000_000  # bytes; with less, a task that vanished is not simply run again


class ManagerError(Exception):
    """What keeps the manager from running, for the user."""


class Manager:
    """
    Runs everything that the registered outputs need.

    :param cores: how many cores tasks may use together; default: all of this machine
    :param memory: how much memory they may ask for together, in GB; default: all of this machine
    """

    def __init__(self, cores: int | None = None, memory: float | None = None):
        self.places = Places(cores or available_cores(), memory or available_memory())
        self.agenda = Agenda()
        self.has_gpu = shutil.which("nvidia-smi") is not None
        self.running = RunningTasks()
        self.links = ChangedLinks()
        self.failed: dict[str, str] = {}
        self.interruptions: dict[str, int] = {}
        self._silent: dict[str, Any] = {}
        self.jobs: list[Job] = []
        self._prepared: set[str] = set()
        self._ends = EndOfProcesses()
        self.display: Display = make_display()
        self.interruption = Interruption()

    def run(self) -> int:
        """
        Runs until nothing is left to do.

        :return: exit status: 0 if all outputs are there, else 1
        """
        with self.interruption:
            try:
                self._take_up_jobs()
                with self.display:
                    while self._step():
                        self._ends.wait(self.running.processes(), OFTEN)  # what else happens is seen by looking
                return self._finish()
            except KeyboardInterrupt:
                self.running.stop(self.interruption)
                self.display.say("stopped; the next start goes on from here")
                return 1
            except OSError as error:
                self.running.stop(self.interruption)
                problem = f"cannot write: {error}. Make room or give access, then start again"
                tell_end(settings, 1, problem, self.display.say)
                raise ManagerError(problem) from error

    # preparation

    def _take_up_jobs(self) -> None:
        """Takes up all jobs that the outputs need, also those that an update of a job asks for."""
        known, self.jobs = set(self.jobs), outputs.wanted_jobs()
        self.agenda.begin([job for job in self.jobs if not outputs.is_done(job)])
        for job in self.agenda.open:
            if job in known:
                continue
            if os.path.exists(job._sis_path("hold")):
                self.display.say(f"{short_label(job)}: is held; it goes on once {job._sis_path('hold')} is removed")
            if job._sis_is_finished() and not removed_inputs(job):
                self._reopen(job)
            for run in self._runs(job) if os.path.isdir(job._sis_path()) else ():
                if run.is_finished():
                    continue
                if run.find_process():
                    self.display.say(f"{short_label(job)}: still running since an earlier start")
                    self.running.add(run)
                    run.drop_error()
                elif self._is_elsewhere(run):
                    run.drop_error()
                elif run.is_failed():
                    why = reason(run.marker("log")).partition("\n")[0]
                    self.display.say(f"{short_label(job)}: failed before, is tried again (it was: {why})")
                    run.clear_error()
            self._fail_for_removed_inputs(job)

    def _fail_for_removed_inputs(self, job: Job) -> None:
        """Says that a job waits for what somebody has removed, and nothing makes again."""
        gone = removed_inputs(job)
        if gone and not self.running.has_job(job):
            self._fail(job, f"what it needs is gone: {words_of(gone[0])}")

    def _is_elsewhere(self, run: TaskRun) -> bool:
        """Whether a run may be alive elsewhere; then it is watched, and nothing is started meanwhile."""
        if not run.find_elsewhere(self._silent.get(run.marker("log"))):
            return False
        assert run.elsewhere is not None
        self.display.say(f"{short_label(run.job)}: {run.task.name} may be running on {run.elsewhere.where}")
        self.running.add(run)
        return True

    def _reopen(self, job: Job) -> None:
        missing = ", ".join(job._sis_missing_outputs()[:3])
        self.display.say(f"{short_label(job)}: was finished, but has not {missing}; it is run again")
        for name in os.listdir(job._sis_path()):
            if name == "finished" or name.startswith("finished."):
                os.remove(job._sis_path(name))

    def _runs(self, job: Job) -> list[TaskRun]:
        return [TaskRun(job, task, number) for task in job.tasks() for number in task.ids()]

    # one round

    def _step(self) -> bool:
        """Looks after what runs and starts what can; says whether there is anything to wait for."""
        for run in self.running.take_ended():
            self._ended(run)
            self._note_change(run.job)
        for run in self.running:
            if run.elsewhere is not None and run.elsewhere.is_confirmed and not run.is_told:
                run.is_told = True
                self.display.say(f"{short_label(run.job)}: is running on {run.elsewhere.where}, and is waited for")
        grown = False
        while due := self.agenda.due(run.job for run in self.running):
            for job in due:
                if outputs.is_done(job):
                    self.agenda.close(job)
                    self._note_change(job)
                elif job._sis_id() not in self.failed:
                    grown = self._advance(job) or grown
        if grown:
            self._take_up_jobs()
        self._start_waiting()
        self.links.make(run.job for run in self.running)
        self._update_reports()
        self.display.show(State(self.jobs, self.agenda.open, list(self.running), self.failed))
        return grown or bool(self.running)

    def _note_change(self, job: Job) -> None:
        """Notes that something happened to a job: it is looked at, and its links are made."""
        self.agenda.look_at(job)
        self.links.note(job)

    def _advance(self, job: Job) -> bool:
        """Starts what can be started of a job; says whether it asked for more inputs instead."""
        if os.path.exists(job._sis_path("hold")):
            self.agenda.wait(job)
            return False
        for path in job._sis_inputs:
            if path.creator is not None and not path.available():
                self.agenda.wait(job, path)
                return False
        missing = sorted(path for path in job._sis_inputs if path.creator is None and not path.available())
        if missing and not self.running.has_job(job):
            self._fail(job, f"its input {missing[0].get_path()} is not there")
            return False
        if not self.running.has_job(job) and job._sis_update_inputs():
            return True
        for task in job.tasks():
            if task.is_finished(job._sis_path()):
                continue
            for number in task.ids():
                run = TaskRun(job, task, number)
                if not run.is_finished() and not self.running.has(run) and job._sis_id() not in self.failed:
                    self._ask_for_a_place(run)
            return False
        missing_outputs = job._sis_missing_outputs()
        if missing_outputs:
            self._fail(job, f"all its tasks ended well, but it has not made {', '.join(missing_outputs)}")
        else:
            with open(job._sis_path("finished"), "w", encoding="utf-8"):
                pass
            self.agenda.close(job)
            self._note_change(job)
            self.display.say(f"{short_label(job)}: finished")
        return False

    def _ask_for_a_place(self, run: TaskRun) -> None:
        """Lets a task wait until there is room for it."""
        if run.job._sis_task_rqmt(run.task).get("gpu", 0) and not self.has_gpu:
            if not self._is_elsewhere(run):
                self._fail(run.job, 'it wants a GPU, and this machine has none. Give device="cpu", or use a cluster')
            return
        try:
            self.places.wait(run)
        except ValueError as error:
            self._fail(run.job, str(error))

    def _start_waiting(self) -> None:
        """Starts the tasks for which there is room."""
        while run := self.places.next(self.running.here()):
            if os.path.exists(run.job._sis_path("hold")):
                self.agenda.wait(run.job)
            elif run.is_finished():
                self._note_change(run.job)
            elif run.job._sis_id() not in self.failed:
                if self.places.is_too_large(run):
                    self.display.say(
                        f"{short_label(run.job)}: {run.task.name} asks for {self.places.memory_of(run):g} GB of "
                        f"memory, and there are {self.places.memory:.1f} GB: it runs alone"
                    )
                self._start(run)

    def _start(self, run: TaskRun) -> None:
        if self._is_elsewhere(run):
            return
        if run.job._sis_id() not in self._prepared or not os.path.exists(run.job._sis_path("job.save")):
            set_up(run.job)
            self._prepared.add(run.job._sis_id())
        for kind in ("usage", "error"):
            if os.path.exists(run.marker(kind)):
                os.remove(run.marker(kind))
        run.start()
        self.running.add(run)
        self.links.note(run.job)
        self.display.say(f"{short_label(run.job)}: {run.task.name} started")

    def _ended(self, run: TaskRun) -> None:
        if run.is_finished():
            return
        if run.error_is_of_another():
            run.drop_error()
        if run.is_failed():
            if not self._is_elsewhere(run.again()) and not self._is_waited_for(run):
                self._fail(run.job, explained(run.task.name, reason(run.marker("log")), run.marker("log")))
            return
        if run.elsewhere is not None:
            self._silent[run.marker("log")] = run.elsewhere.evidence
            self.display.say(f"{short_label(run.job)}: {run.elsewhere.where} is not heard of any more; it goes on here")
            return
        key = run.marker("log")
        self.interruptions[key] = self.interruptions.get(key, 0) + 1
        why = run.why_interrupted()
        free = shutil.disk_usage(settings.work_dir()).free
        if free < _LEAST_DISK:
            self._fail(run.job, f"{run.task.name} {why}, and the disk is full ({free // 1000} kB free): make room")
        elif self.interruptions[key] > MOST_INTERRUPTIONS:
            what = f"{why} {self.interruptions[key]} times"
            self._fail(run.job, explained(run.task.name, reason(key), key, what=what))
        else:
            goes_on = "goes on" if os.path.isdir(run.job._sis_path()) else "begins anew"
            self.display.say(f"{short_label(run.job)}: {run.task.name} {why}; it {goes_on}")

    def _is_waited_for(self, run: TaskRun) -> bool:
        """Whether another process waited for a run that ended with an error, and may go on with it now."""
        waiting = run.again()
        if run.elsewhere is not None or not waiting.find_elsewhere(waits=True):
            return False
        self.running.add(waiting)
        return True

    def _fail(self, job: Job, why: str) -> None:
        self.failed[job._sis_id()] = why
        text = f"{job_label(job_name(job), job._sis_id())}: {why}"
        self.display.say(f"FAILED: {text}")
        tell_failure(settings, job, text, self.display.say)

    # the end

    def _update_reports(self, *, force: bool = False) -> None:
        for problem in reports.update_reports(force=force):
            self.display.say(problem)

    def _finish(self) -> int:
        outputs.make_links()
        self._update_reports(force=True)
        for job in self.jobs:
            if job._sis_id() not in self.failed and not outputs.is_done(job):
                self._fail_for_removed_inputs(job)
        try:
            if not outputs.missing_outputs() and not self.failed:
                outputs.call_callbacks()
        finally:
            end = end_of_run(self.jobs, self.failed)
            print(f"\n{end.text}", flush=True)
            tell_end(settings, *end, self.display.say)
        return end.status
