"""
Makes RETURNN on PyTorch go on exactly after an interruption.

RETURNN writes the checkpoint of an epoch first and the state of its optimizer afterwards, so there may be one that
jobs take for done, but from which no training goes on. Here the optimizer's state comes first: what has a checkpoint
has all.

RETURNN seeds the random numbers at the start of each epoch, but then its data loader draws some of them, more in the
first epoch of a process than in later ones. Here they are seeded again when the first batch is about to be computed.

PyTorch does not look at the checksums of the files that it reads. Here that is done before training goes on with them.

And a training whose file of scores was lost goes on; RETURNN stops there.

:mod:`jobs.returnn_program` loads it by its file; it imports nothing of this setup.
"""

from __future__ import annotations

import functools
import os
import zipfile
from typing import Any


def keep_state_of_training() -> None:
    """Makes RETURNN's engine, in this process, write and take up all that a training needs."""
    from returnn.torch.engine import Engine

    Engine._save_model = _optimizer_first(Engine._save_model)
    Engine._save_optimizer = _remove_old_state
    Engine._load_model = _checked_first(Engine._load_model)
    Engine._on_epoch_start = _seeded_first(Engine._on_epoch_start)
    Engine._check_missing_eval = _without_lost_scores(Engine._check_missing_eval)


def check_file(path: str) -> None:
    """
    :raises RuntimeError: if a file of PyTorch is damaged; the message has the word by which the job knows it
    """
    try:
        with zipfile.ZipFile(path) as file:
            wrong = file.testzip()
    except (OSError, zipfile.BadZipFile) as error:
        raise RuntimeError(f"DataLossError: {path} cannot be read: {error}") from error
    if wrong is not None:
        raise RuntimeError(f"DataLossError: {path} cannot be read: wrong checksum of {wrong}")


def _optimizer_first(save_model: Any) -> Any:
    @functools.wraps(save_model)
    def save(engine: Any) -> None:
        if engine._do_save():
            engine._updater.save_optimizer(engine.get_epoch_model_filename() + ".opt.pt")
        save_model(engine)

    return save


def _remove_old_state(engine: Any) -> None:
    """In place of ``Engine._save_optimizer``, which comes after the checkpoint: the rest of what that does."""
    if not engine._do_save() or engine.config.bool("apply_cleanup_old_models_to_optim_states", False):
        return
    old = engine.epoch - 2  # two stay, should one be damaged
    path = engine.get_epoch_model_filename(epoch=old) + ".opt.pt" if old > 0 else ""
    if os.path.isfile(path):
        os.remove(path)


def _checked_first(load_model: Any) -> Any:
    @functools.wraps(load_model)
    def load(engine: Any) -> None:
        epoch, prefix = engine.get_epoch_model(engine.config)
        if epoch:  # it goes on with an own checkpoint
            files = [prefix + ".pt", prefix + ".opt.pt"]
        else:
            files = [one["filename"] for one in engine.config.typed_value("preload_from_files", {}).values()]
        for path in files:
            check_file(path)
        load_model(engine)

    return load


def _seeded_first(on_epoch_start: Any) -> Any:
    """``Engine._on_epoch_start``, which is called when there are batches, with the seed of ``init_train_epoch``."""
    import returnn.frontend as rf
    from returnn.util.math import merge_random_seeds

    @functools.wraps(on_epoch_start)
    def start(engine: Any, *, dataset_name: str) -> None:
        seeds = [engine.epoch, engine.global_train_step, engine.config.int("random_seed", 42)]
        if engine._torch_distributed_ctx:
            seeds.append(engine._torch_distributed_ctx.rank())
        if dataset_name != "train":  # random numbers in scores are those of a training that was not interrupted, too
            seeds.append(sum(dataset_name.encode()))
        rf.set_random_seed(merge_random_seeds(seeds))
        on_epoch_start(engine, dataset_name=dataset_name)

    return start


def _without_lost_scores(check_missing_eval: Any) -> Any:
    @functools.wraps(check_missing_eval)
    def check(engine: Any) -> None:
        control = engine.learning_rate_control
        known = control.epoch_data
        lost = [epoch for epoch in range(1, engine._start_epoch) if not (epoch in known and known[epoch].error)]
        for epoch in lost:  # with no scores, so that RETURNN finds them where it looks for those to keep
            known[epoch] = control.EpochData(learningRate=control.default_learning_rate)
        if lost:
            print(f"the scores of the epochs {lost} are lost: training goes on without them")
        else:
            check_missing_eval(engine)

    return check
