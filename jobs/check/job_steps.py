"""Makes of the jobs of a graph what is to be run of them: a step of each network, with the job's own options."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sisyphus import tk

from recipe import nn
from recipe.nn.plain.delayed import Delayed, is_delayed

from ..atomic_file import write_text
from ..checkpoint import Checkpoint
from ..checkpoint_files import FILES_OF
from ..inspection.job_graph import job_title, jobs_with_inputs
from ..keep_rules import KeepRules
from ..model_job import ModelJob
from ..rescoring import RescoringJob
from ..returnn_process import resolve_paths
from ..selected_network import all_networks
from ..training import TrainingJob
from ..training_run import TrainingRun
from ..working_directory import inside
from .engine_step import CHECKPOINT, CONFIG, MODEL, RATES, EngineStep, dataset_from
from .made_up_hypotheses import sources_of, write_made_up_hypotheses
from .made_up_values import MadeUpValues

_LEFT_OUT = (
    "load",
    "load_epoch",
    "import_model_train_epoch1",
    "preload_from_files",
    "torch_distributed",
    "use_horovod",
    "start_epoch",
)
"""Options of a training that want what is not here: checkpoints, and other processes."""

_LENGTHS = ("min_seq_length", "max_seq_length")
"""Options that made-up data do not fit."""


class NotRun(Exception):
    """Why a step of a job cannot be run now, for the user."""


def steps_of(jobs: Iterable[Any], directory: str, values: MadeUpValues) -> tuple[list[EngineStep], list[str]]:
    """
    What is to be run of jobs and of those that they need; what is the same for several jobs is run once.

    :param jobs: of either engine
    :param directory: an empty one, in which each step gets one of its own
    :param values: makes up what networks get of jobs that have not run; as long as the steps are needed
    :return: the steps, and lines that say what cannot be run
    """
    steps: dict[Any, EngineStep] = {}
    waiting: dict[str, list[str]] = {}
    for job in jobs_with_inputs(jobs):
        for name, network in _networks(job):
            title = f"{job_title(job)}{name}"
            place = os.path.join(directory, str(len(steps)))
            try:
                step = _step(job, network, title, place, values)
            except NotRun as error:
                waiting.setdefault(str(error), []).append(title)
                continue
            with open(os.path.join(place, CONFIG), encoding="utf-8") as file:
                text = re.sub(re.escape(place) + r"\b", "", file.read())
            known = steps.setdefault((text, repr(step.datasets)), step)
            if known is not step:
                shutil.rmtree(place)
    return list(steps.values()), [_waiting_line(reason, titles) for reason, titles in waiting.items()]


def _waiting_line(reason: str, titles: list[str]) -> str:
    more = f" (and {len(titles) - 1} more)" if len(titles) > 1 else ""
    return f"not run, {reason}: {titles[0]}{more}"


def _networks(job: Any) -> Iterator[tuple[str, nn.Network]]:
    """What a job runs, each with a name, if there are several."""
    if isinstance(job, TrainingJob) and isinstance(job.network, nn.StagedNetwork):
        for epoch, network in job.network.stages.items():
            yield f", from epoch {epoch} on", network
    elif isinstance(job, TrainingJob):
        yield "", job.network
    elif isinstance(job, ModelJob):
        for number, network in enumerate(all_networks(job.network)):
            yield f", network {number}" if number else "", network


def _step(job: Any, network: nn.Network, title: str, place: str, values: MadeUpValues) -> EngineStep:
    """
    :raises NotRun: if it waits for other jobs
    """
    made_up = values.make_up(network)
    waits_for = [repr(one) for one in network.delayed if not one.is_available()]
    waits_for += [source_name(one) for one in _unavailable({**job.config, **job.post_config})]
    if waits_for:
        raise NotRun(f"it waits for {', '.join(waits_for)}")
    os.makedirs(place, exist_ok=True)
    datasets, gone = {}, {}
    for name in _dataset_names(job):
        options = getattr(job, name)
        missing = [f"{source_name(one)} is not there" for one in _unavailable(options)]
        missing += [f"{one!r} is known in a config alone" for one in _code_in(options)]
        datasets[f"{name}.pkl"] = None if missing else resolve_paths(options)
        if missing:
            gone[name] = missing[0]
    notes = [f"made-up {', '.join(gone)}: {next(iter(gone.values()))}"] if gone else []
    twin = object.__new__(type(job))
    vars(twin).update(vars(job))
    twin.network, twin.device, twin.cpu_rqmt = network, "cpu", None
    for name in _dataset_names(job):
        setattr(twin, name, dataset_from(os.path.join(place, f"{name}.pkl")))
    is_training = isinstance(job, TrainingJob)
    if made_up:
        notes.append(f"made-up {', '.join(sorted(map(source_name, made_up)))}")
    if isinstance(twin, RescoringJob):
        twin.hypotheses = tk.Path(os.path.join(place, "made_up_hypotheses.jsonl"))
        write_made_up_hypotheses(twin.hypotheses, network)
        notes.append("made-up hypotheses")
    left_out = [name for name in _LENGTHS if gone and name in {**job.config, **job.post_config}]
    if isinstance(twin, TrainingJob):
        left_out += _not_here({**job.config, **job.post_config})
        if job.preload:
            notes.append("parameters start with their initial values")
    if left_out:
        notes.append(f"without {', '.join(sorted(left_out))}")
        twin.config, twin.post_config = (
            {name: value for name, value in options.items() if name not in left_out}
            for options in (job.config, job.post_config)
        )
    if isinstance(twin, TrainingJob):
        text = _training_config(twin, place)
    else:
        text = _model_config(twin, place)
    write_text(os.path.join(place, CONFIG), text)
    inputs = sources_of(network) if isinstance(job, RescoringJob) else dict(network.extern_data)
    return EngineStep(
        title, _kind(job, network), job.engine, network, is_training, place, datasets, inputs, tuple(notes)
    )


def _kind(job: Any, network: nn.Network) -> str:
    """What a job does with a network, for people."""
    if isinstance(job, TrainingJob):
        return "training"
    return "rescoring" if isinstance(job, RescoringJob) else "search" if network.beam_sizes else "forward"


def _not_here(options: Mapping[str, Any]) -> list[str]:
    """Options of a training that want checkpoints or other processes."""
    return [name for name in options if name in _LEFT_OUT or name.startswith("horovod_")]


def _training_config(twin: TrainingJob, place: str) -> str:
    """The config of a training of one epoch, on this machine's CPU."""
    twin.preload, twin.num_epochs, twin.keep_rules = (), 1, KeepRules(None)
    twin.horovod_num_processes = twin.multi_node_slots = None
    twin.out_tensorboard = None
    twin.out_model_dir = tk.Path(os.path.join(place, MODEL))
    twin.out_learning_rates = tk.Path(os.path.join(place, RATES))
    os.makedirs(twin.out_model_dir.get_path(), exist_ok=True)
    config = TrainingRun(twin).options()
    if twin.engine == "torch":
        config["torch_dataloader_opts"] = {"num_workers": 0}
    return twin.network.config_text("cpu", engine=twin.engine, config=config)


def _model_config(twin: ModelJob, place: str) -> str:
    """The config that a job of a trained network writes, with a checkpoint of this place."""
    ending = FILES_OF[twin.engine][-1]
    twin.model_checkpoint = Checkpoint(tk.Path(os.path.join(place, f"{CHECKPOINT}.001{ending}")))
    texts: list[str] = []

    def keep(text: str) -> None:
        texts.append(text)
        raise _Written

    own: Any = twin
    own._run_returnn, own._check_machine = keep, lambda: None
    for name, value in list(vars(twin).items()):
        if name.startswith("out_") and hasattr(value, "get_path"):
            setattr(twin, name, tk.Path(os.path.join(place, name)))
    open(own.out_log.get_path(), "w").close()
    with inside(place), contextlib.suppress(_Written):
        twin.work()
    return texts[0]


class _Written(Exception):
    """The config is known, and nothing is to be run."""


def _dataset_names(job: Any) -> list[str]:
    """The attributes of a job that are datasets of RETURNN."""
    return [name for name in job.returnn_options if name == "data" or name.endswith("_data")]


def _unavailable(value: Any) -> Iterator[Any]:
    """Paths and variables in options that are not there."""
    if isinstance(value, tk.Path):
        is_there = value.available() if value.creator is not None else os.path.exists(value.get_path())
        if not is_there:
            yield value
    elif is_delayed(value):
        if not (value.is_available() if isinstance(value, Delayed) else value.is_set()):
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _unavailable(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _unavailable(item)


def _code_in(value: Any) -> Iterator[Any]:
    """What in options is written into a config, and is no value before."""
    if isinstance(value, (nn.PythonCode, nn.Dim)):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _code_in(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _code_in(item)


def source_name(value: Any) -> str:
    """A path as the user knows it: the job that makes it, or the file."""
    creator = getattr(value, "creator", None)
    if creator is not None:
        return f"{os.path.basename(str(value.path))} of {job_title(creator)}"
    return str(value.get_path()) if isinstance(value, tk.Path) else repr(value)
