"""
Makes RETURNN on TensorFlow go on exactly after an interruption.

RETURNN's checkpoints hold the parameters alone: the optimizer starts anew after an interruption (Adam without its
averages, with a jump in the score), and so do the random numbers of RETURNN's dropout (not those that a written config
draws itself, which follow from the step of training). This module keeps both beside each checkpoint, in
``epoch.NNN.optimizer.npz``, and takes them up again. And it writes the scores of an epoch before the checkpoint:
RETURNN does so afterwards, and what is killed between the two never has them.

With Horovod the first process writes, all read the optimizer; the random numbers of the others start anew. So do
random numbers other than those of dropout.

:mod:`jobs.returnn_program` loads it by its file; it imports nothing of this setup.
"""

from __future__ import annotations

import functools
import os
import re
import zipfile
from typing import Any

ENDING = ".optimizer.npz"
"""Of the file beside the files of a checkpoint."""

KEPT = 2
"""Of how many checkpoints the state is kept: of the newest, and of the one before, should that be damaged."""

_COLLECTION = "random_states_to_resume"


def keep_state_of_training() -> None:
    """Makes RETURNN's engine, in this process, keep and take up the state of training."""
    from returnn.tf.engine import Engine, Runner
    from returnn.tf.util import basic

    save_model, check_uninitialized_vars = Engine.save_model, Engine.check_uninitialized_vars
    run = Runner.run

    @functools.wraps(run)
    def run_and_note(self: Any, *args: Any, **kwargs: Any) -> None:
        run(self, *args, **kwargs)
        if self._should_train:
            self.engine._trained = self

    @functools.wraps(save_model)
    def save_with_state(self: Any, filename: str | None = None) -> None:
        """``Engine.save_model``, with the scores and the state of the training beside the checkpoint."""
        if self._do_save():
            prefix = filename or self.get_epoch_model_filename()
            if prefix == self.get_epoch_model_filename():
                save_scores(self)
            save_state(self, prefix)
        save_model(self, filename)

    @functools.wraps(check_uninitialized_vars)
    def check_and_restore(self: Any) -> None:
        check_uninitialized_vars(self)
        restore_state(self)

    Runner.run = run_and_note
    Engine.save_model = save_with_state
    Engine.check_uninitialized_vars = check_and_restore
    basic.dropout = _with_random_state(basic.dropout)


def save_scores(engine: Any) -> None:
    """
    Writes the training scores of the epoch that was trained into the learning-rate file, as RETURNN will do again.

    :param engine: RETURNN's; ``_trained`` is what ran its epoch, if any has run
    """
    trained, rates = getattr(engine, "_trained", None), engine.learning_rate_control
    if trained is None or not trained.finalized:
        return
    engine._trained = None
    rates.set_epoch_error(engine.epoch, {"train_score": trained.score, "train_error": trained.error})
    rates.epoch_data[engine.epoch].meta.update(
        {"epoch_num_train_steps": trained.num_steps, "epoch_train_time_secs": round(trained.elapsed)}
    )
    rates.save()


def save_state(engine: Any, prefix: str) -> None:
    """
    Writes the state of training, before the checkpoint that it belongs to: no complete one is without it.

    :param engine: RETURNN's
    :param prefix: of the files of the checkpoint
    """
    import numpy

    if engine.updater is None or engine.updater.optim_op is None or not re.fullmatch(r".*\.\d+", prefix):
        return  # nothing is trained, or it is what RETURNN leaves of a training that broke
    variables = {**_optimizer_variables(engine), **_random_variables(engine)}
    values = engine.tf_session.run(variables)
    os.makedirs(os.path.dirname(prefix), exist_ok=True)
    with open(prefix + ENDING + ".part", "wb") as file:
        numpy.savez(file, **values)
        file.flush()
        os.fsync(file.fileno())
    os.replace(prefix + ENDING + ".part", prefix + ENDING)
    _remove_old(engine)


def restore_state(engine: Any) -> None:
    """
    Takes up the state of the epoch before the first one, once the optimizer is there.

    :param engine: RETURNN's
    :raises RuntimeError: if the file is damaged
    """
    if engine.updater is None or engine.updater.optim_op is None or getattr(engine, "_state_is_restored", False):
        return
    engine._state_is_restored = True
    if not engine.start_epoch or engine.start_epoch == 1 or not engine.model_filename:
        return
    path = engine.epoch_model_filename(engine.model_filename, engine.start_epoch - 1) + ENDING
    if not os.path.exists(path):
        print(f"there is no {path}: the optimizer starts anew")
        return
    optimizer, values = _optimizer_variables(engine), read_state(path)
    variables = {**optimizer, **_random_variables(engine)}
    wrong = sorted(name for name in values if name not in variables)
    wrong += sorted(name for name in variables if name not in values or values[name].shape != variables[name].shape)
    wrong = [name for name in wrong if not name.startswith(f"{_COLLECTION}/")]  # of a config by another version
    if wrong:
        print(f"{path} is of another optimizer ({', '.join(wrong[:3])}): the optimizer starts anew")
        return
    for name, variable in (variables if _is_first_process() else optimizer).items():
        if name in values:
            variable.load(values[name], engine.tf_session)
    print(f"the optimizer goes on with {path}")


def read_state(path: str) -> dict[str, Any]:
    """
    The values by the names of their variables.

    :raises RuntimeError: if the file is damaged; the message has the word by which TensorFlow says so of checkpoints
    """
    import numpy

    try:
        with numpy.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RuntimeError(f"DataLossError: {path} cannot be read: {error}") from error


def _optimizer_variables(engine: Any) -> dict[str, Any]:
    return {variable.name: variable for variable in engine.updater.optimizer_vars}


def _random_variables(engine: Any) -> dict[str, Any]:
    """The states of the random numbers of dropout."""
    from returnn.tf.util.basic import get_global_random_generator

    with engine.tf_session.graph.as_default():
        generator = get_global_random_generator(create=False)
    states = [generator.state] if generator is not None else []
    return {state.name: state for state in [*states, *engine.tf_session.graph.get_collection(_COLLECTION)]}


def _is_first_process() -> bool:
    """Of those that train together with Horovod."""
    import returnn.tf.horovod as horovod

    context = horovod.get_ctx()
    return context is None or context.rank() == 0


def _with_random_state(dropout: Any) -> Any:
    """RETURNN's dropout, with the state of its random numbers in a variable instead of hidden in the session."""
    import tensorflow as tf
    from returnn.tf.util.basic import get_random_seed

    v1 = tf.compat.v1

    def random_uniform(shape: Any, *, seed: int | None = None, dtype: Any = tf.float32) -> Any:
        """``tf.random.uniform`` of a generator whose state is a variable."""
        # The variable stands outside of all loops and conditions; also by its name, or RETURNN would take it for a
        # parameter of the loop, which is looked for in checkpoints that a training starts with.
        with tf.init_scope(), tf.name_scope(f"{_COLLECTION}/"):
            generator = tf.random.Generator.from_seed(seed if seed is not None else get_random_seed(), alg="philox")
        v1.add_to_collection(_COLLECTION, generator.state)
        return generator.uniform(shape, dtype=dtype)

    @functools.wraps(dropout)
    def with_state(*args: Any, **kwargs: Any) -> Any:
        original, v1.random_uniform = v1.random_uniform, random_uniform
        try:
            return dropout(*args, **kwargs)
        finally:
            v1.random_uniform = original

    return with_state


def _remove_old(engine: Any) -> None:
    prefix = os.path.basename(engine.model_filename)
    directory = os.path.dirname(engine.model_filename)
    for name in os.listdir(directory):
        match = re.fullmatch(re.escape(prefix) + r"\.(\d+)" + re.escape(ENDING), name)
        if match and int(match[1]) <= engine.epoch - KEPT:
            os.remove(os.path.join(directory, name))
