"""What is written and told of a training while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .epoch_hook import EpochHook, hook_of_settings, name_of
from .exclusive_run import job_directory
from .learning_curves_writer import LearningCurvesWriter
from .pages.option_rows import option_rows
from .pages.training_page import TrainingPageWriter
from .tensorboard_writer import TensorBoardWriter


class TrainingWatch:
    """
    Called now and then, it writes the learning curves and the page, and TensorBoard's files if the job asks for them,
    and calls the hook ``when_epoch_ends`` of settings.py if there is one. What one of them raises does not keep the
    others from it.

    :param job: a :class:`jobs.training.TrainingJob`
    """

    def __init__(self, job: Any):
        rates, curves = job.out_learning_rates, job.out_learning_curves_json
        self.curves = LearningCurvesWriter(
            rates, picture=job.out_learning_curves, table=job.out_learning_curves_table, json=curves
        )
        self._all: list[Callable[[], None]] = [self.curves]
        self._page = _page_of(job) if job.out_page is not None else None
        if self._page is not None:
            self._all.append(self._page)
        if job.out_tensorboard is not None:
            paths = (job.out_tensorboard.get_path(), job.out_log.get_path(), rates.get_path())
            self._all.append(TensorBoardWriter(*paths))
        hook = hook_of_settings()
        self._hook = EpochHook(hook, name_of(job), curves.get_path()) if hook is not None else None
        if self._hook is not None:
            self._all.append(self._hook)

    def __call__(self) -> None:
        for watch in self._all:
            try:
                watch()
            except Exception as error:  # a picture that cannot be drawn must not end a training
                print(f"while RETURNN runs: {error!r}", flush=True)

    def end(self) -> None:
        """Once the training is done; a curve that cannot be written is an error now."""
        self.curves.write()
        if self._page is not None:
            self._page.finish()
        if self._hook is not None:
            self._hook.end()


def _page_of(job: Any) -> TrainingPageWriter:
    """What writes the page of a training."""
    return TrainingPageWriter(
        job.out_page,
        title=name_of(job),
        directory=job_directory(job.out_log),
        network=job.network,
        engine=job.engine,
        num_epochs=job.num_epochs,
        log=job.out_log,
        learning_rates=job.out_learning_rates,
        options=option_rows(job.shown_options()),
        progress=job.progress,
    )
