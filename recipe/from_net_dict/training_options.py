"""What the options of an old training become: arguments of a TrainingJob, or a word on why they are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .pretraining import Stages
from .python_values import Unreadable
from .stage_options import is_written

HASHED = frozenset(
    """
accum_grad_multiple_step batch_size batching calculate_exp_loss chunking chunking_variance decouple_constraints
decouple_constraints_factor dynamic_learning_rate gradient_clip gradient_clip_avg_norm gradient_clip_global_norm
gradient_clip_norm gradient_nan_inf_filter gradient_noise learning_rate learning_rate_control
learning_rate_control_error_measure learning_rate_control_min_num_epochs_per_new_lr
learning_rate_control_relative_error_relative_lr learning_rate_decay learning_rate_growth learning_rates max_seq_length
max_seqs maximize_grad_norm min_chunk_size min_learning_rate min_seq_length newbob_error_threshold
newbob_learning_rate_decay newbob_learning_rate_growth newbob_multi_num_epochs newbob_multi_update_interval
newbob_relative_error_div_by_old newbob_relative_error_grow_threshold newbob_relative_error_threshold param_dropout
param_variational_noise random_seed reset_updater_vars_mod_step seq_drop seq_drop_freq stop_on_nonfinite_train_score
use_learning_rate_control_always use_last_best_model
""".split()
)
"""They go into ``config`` as they are."""

UNHASHED = frozenset(
    """
debug_add_check_numerics_on_output debug_add_check_numerics_ops debug_grad_summaries debug_objective_loss_summaries
debug_print_layer_output_shape debug_print_layer_output_template debug_save_updater_vars
debug_unnormalized_loss_summaries log_batch_size store_tf_profile tf_log_memory_usage tf_session_opts watch_memory
""".split()
)
"""They change no result, and go into ``post_config``."""

_OPTIMIZER_OPTIONS = ("adam", "nadam", "adadelta", "adagrad", "rmsprop", "momentum", "optimizer", "optimizer_epsilon")
_OLD_EPSILON = 1e-16
"""What RETURNN takes with ``adam = True`` and the like where ``optimizer_epsilon`` is not said."""

_NUM_EPOCHS = 5
"""How many epochs RETURNN trains where nothing is said."""

_OF_THE_JOBS = {
    "backend": "the argument engine",
    "dev": "dev_data",
    "device": "the argument device",
    "eval": "data of further jobs",
    "eval_datasets": "data of further jobs",
    "extern_data": "the inputs of the module",
    "learning_rate_file": "a file of the job: out_learning_rates",
    "log": "a file of the job: out_log",
    "model": "files of the job: out_checkpoints",
    "network": "the modules",
    "num_inputs": "the inputs of the module",
    "num_outputs": "the inputs of the module",
    "save_interval": "each epoch has a checkpoint; keep_epochs says which ones stay",
    "search_data": "the data of the SearchJob",
    "search_do_eval": "scores are made by jobs of their own",
    "search_output_file": "a file of the SearchJob: out_hypotheses",
    "search_output_file_format": "a file of the SearchJob: out_hypotheses",
    "search_output_layer": "the output of search_network",
    "start_batch": "a training goes on by itself",
    "start_epoch": "a training goes on by itself",
    "target": "the inputs of the module",
    "task": "a job for each: TrainingJob, SearchJob",
    "train": "train_data",
    "use_tensorflow": "the argument engine",
}
"""What the jobs say themselves, in another place."""

_DEAD = {
    "batch_drop": "of RETURNN's Theano engine",
    "cache_size": "of HDF files only, where it is an argument of the dataset",
    "eval_batch_size": "of RETURNN's Theano engine",
    "max_seq_length_eval": "of RETURNN's Theano engine",
    "multiprocessing": "of RETURNN's Theano engine",
    "on_size_limit": "of RETURNN's Theano engine",
    "output_sequences": "of RETURNN's Theano engine",
    "truncation": "of RETURNN's Theano engine",
    "update_on_device": "of RETURNN's Theano engine",
    "window": "of the dataset, where it is an argument",
}
"""What RETURNN on TensorFlow does not read, or not there."""

_TO_DO = {
    "import_model_train_epoch1": "preload=[Preload(OldCheckpointJob(...).out_checkpoint)] does that",
    "load": "preload=[Preload(OldCheckpointJob(...).out_checkpoint)] does that",
    "load_epoch": "the epoch of the checkpoint that preload= is given",
    "preload_from_files": "preload=[Preload(OldCheckpointJob(...).out_checkpoint, name_map=...)] does that",
    "pretrain": "an nn.StagedNetwork of several networks does that",
    "pretrain_construction_algo": "an nn.StagedNetwork of several networks does that",
    "pretrain_copy_output_layer": "nn.StagedNetwork has copy_param_mode",
    "pretrain_greedy": "frozen parameters of a stage do that",
    "pretrain_learning_rate": "learning_rates says the rates of the first epochs",
    "pretrain_repetitions": "the epochs at which the stages of nn.StagedNetwork begin",
}
"""What somebody has to decide on."""


class TrainingOptions(NamedTuple):
    """
    What a TrainingJob is given.

    :ivar config: hashed options
    :ivar post_config: options that are not hashed
    :ivar arguments: further arguments of the job
    :ivar notes: what became of the others, a line each
    :ivar todo: what is left to do, a line each
    """

    config: dict[str, Any]
    post_config: dict[str, Any]
    arguments: dict[str, Any]
    notes: list[str]
    todo: list[str]


def training_options(settings: Mapping[str, Any], stages: Stages | None = None) -> TrainingOptions:
    """
    Sorts the settings of a config.

    :param settings: all names of the file
    :param stages: the networks that training goes through
    """
    stages = stages or Stages()
    result = TrainingOptions({}, {}, {}, [], [])
    for name, value in sorted(settings.items()):
        if (
            name in (*HASHED, *UNHASHED, *_OPTIMIZER_OPTIONS, "num_epochs", "log_verbosity")
            and next(_gaps(value), None) is not None
        ):
            result.todo.append(f"{name}: {_why(value)}")
        elif name in HASHED and value is not None:
            result.config[name] = value
        elif name in UNHASHED:
            result.post_config[name] = value
        elif name in _OF_THE_JOBS:
            result.notes.append(f"{name}: {_OF_THE_JOBS[name]}")
        elif name in _DEAD:
            result.notes.append(f"{name}: left out, it is {_DEAD[name]}")
        elif name in _TO_DO and value not in (None, {}, "", False):
            if name.startswith("pretrain") and len(stages.stages) > 1:
                result.notes.append(f"{name}: training_stages")
            elif name.startswith("pretrain") and stages.stages:
                result.notes.append(f"{name}: all its networks are the same")
            elif not (name == "pretrain" and stages.problem):  # which is told of the network
                result.todo.append(f"{name}: {_TO_DO[name]}")
    result.config["optimizer"] = _optimizer(settings)
    _add_options_of_epochs(stages, result)
    _add_arguments(settings, result)
    return result


def _add_options_of_epochs(stages: Stages, result: TrainingOptions) -> None:
    """Learning rates of the first epochs go before others; what else holds for some epochs alone is left to do."""
    starts = sorted(stages.options)
    rates: list[float] = []
    for start, following in zip(starts, [*starts[1:], None]):
        options = dict(stages.options[start])
        rate = options.get("learning_rate")
        if isinstance(rate, (int, float)) and following is not None and start == len(rates) + 1:
            rates += [rate] * (following - start)
            del options["learning_rate"]
        if len(stages.stages) > 1:
            options = {k: v for k, v in options.items() if not (is_written(k, v) and k in result.config)}
        if options:
            until = f"to {following - 1}" if following is not None else "on"
            said = ", ".join(f"{name} = {value!r:.80}" for name, value in sorted(options.items()))
            result.todo.append(f"from epoch {start} {until} the training had other options (#config): {said}")
    if rates:
        later = result.config.get("learning_rates")
        result.config["learning_rates"] = [*rates, *(later[len(rates) :] if isinstance(later, list) else [])]
        result.notes.append(f"learning_rate of the first {len(rates)} networks (#config): learning_rates")


def _add_arguments(settings: Mapping[str, Any], result: TrainingOptions) -> None:
    num_epochs = settings.get("num_epochs")
    if not isinstance(num_epochs, int):
        num_epochs = _NUM_EPOCHS
        result.notes.append(f"num_epochs: it is not said, so they are RETURNN's {_NUM_EPOCHS}")
    result.arguments["num_epochs"] = num_epochs
    if settings.get("device") != "cpu":
        result.arguments["device"] = "gpu"
    kept = settings.get("cleanup_old_models")
    if isinstance(kept, dict) and isinstance(kept.get("keep"), (list, tuple)):
        epochs = sorted(epoch for epoch in kept["keep"] if isinstance(epoch, int) and epoch <= num_epochs)
        result.arguments["keep_epochs"] = set(epochs)
        result.notes.append("cleanup_old_models: keep_epochs; the best ones stay that best_checkpoint asks for")
    elif kept:
        result.arguments["keep_epochs"] = set()
        result.notes.append("cleanup_old_models: keep_epochs; the last one stays, and those that other jobs ask for")
    if isinstance(settings.get("log_verbosity"), int):
        result.arguments["log_verbosity"] = settings["log_verbosity"]


def _optimizer(settings: Mapping[str, Any]) -> dict[str, Any]:
    """``adam = True`` and the like as the option of today; without any it is gradient descent."""
    given = settings.get("optimizer")
    if isinstance(given, dict) and isinstance(given.get("class"), str):
        return dict(given)
    if isinstance(given, str):
        return {"class": given}
    epsilon = settings.get("optimizer_epsilon", _OLD_EPSILON)
    epsilon = float(epsilon) if isinstance(epsilon, (int, float)) else _OLD_EPSILON
    momentum = settings.get("momentum")
    momentum = float(momentum) if isinstance(momentum, (int, float)) and momentum else 0.0
    for name in ("adam", "nadam", "adadelta"):
        if settings.get(name) is True or settings.get(name) == 1:
            return {"class": name, "epsilon": epsilon}
    if settings.get("adagrad") is True:
        return {"class": "adagrad"}
    decay = settings.get("rmsprop")
    if decay and isinstance(decay, (bool, float)):
        more = {"decay": decay} if isinstance(decay, float) else {}
        return {"class": "rmsprop", **more, "momentum": momentum, "epsilon": epsilon}
    return {"class": "momentum", "momentum": momentum} if momentum else {"class": "gradientdescent"}


def _gaps(value: Any) -> Iterator[Any]:
    """What in a value can only be told by running the file, or is a function."""
    if isinstance(value, dict):
        value = list(value.values())
    if type(value) in (list, tuple, set):
        for item in value:
            yield from _gaps(item)
    elif not (value is None or isinstance(value, (bool, int, float, str))):
        yield value


def _why(value: Any) -> str:
    gap = next(_gaps(value))
    if isinstance(gap, Unreadable):
        return f"it can only be told by running the file, line {gap.line}: {gap.why}"
    return f"it is, or has in it, a function, which is not copied: {str(gap):.80}"
