"""A whole config of this project for an old one: its modules, data, training and search."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from recipe.nn.plain.dim import Dim

from .net_dict import NetDict
from .python_text import value_text
from .python_values import Unreadable
from .training_options import TrainingOptions
from .translation import Translation
from .writer import module_text, package

_DATASET = {"class": "HDFDataset", "files": ["TODO/the_data.hdf"]}


def config_text(
    translation: Translation,
    settings: Mapping[str, Any],
    options: TrainingOptions,
    source_name: str,
) -> str:
    """
    The config.

    :param translation: of its net dict
    :param settings: all names of the old config
    :param options: what they become
    :param source_name: of the old config
    """
    modules = module_text(translation, source_name)
    jobs = "jobs" if package() == "recipe" else f"{package()}.jobs"
    has_search, has_training = translation.notes.search is not None, "def training_network(" in modules
    imports = ["from sisyphus import tk", ""]
    imports += [] if has_training else [f"from {jobs}.checkpoint import Checkpoint"]
    imports += [f"from {jobs}.search import SearchJob"] if has_search else []
    imports += [f"from {jobs}.training import TrainingJob"] if has_training else []
    lines = modules.splitlines()
    nn_import = lines.index(f"from {package()} import nn")
    first = next(number for number in range(nn_import, len(lines)) if not lines[number].startswith("from "))
    lines[first:first] = _label_names(settings, translation.label_dims)
    lines[nn_import:nn_import] = imports
    lines += ["", "", *_became(options), *_data(settings), ""]
    if has_training:
        lines += [f"CONFIG = {value_text(options.config)}"]
        lines += [f"POST_CONFIG = {value_text(options.post_config)}"]
        lines += [f"NUM_EPOCHS = {options.arguments['num_epochs']}"]
    if has_search:
        batches = {name: options.config[name] for name in ("batch_size", "max_seqs") if name in options.config}
        lines += [f"SEARCH_CONFIG = {value_text(batches)}"]
    name = re.sub(r"\W", "_", source_name.removesuffix(".config").removesuffix(".py")) or "experiment"
    network = "training_stages()" if translation.first_epochs else "training_network()" if has_training else ""
    lines += ["", "", *_graph(name, options, network, has_search=has_search)]
    return "\n".join(lines) + "\n"


def _label_names(settings: Mapping[str, Any], label_dims: Mapping[Dim, str]) -> Iterator[str]:
    """The names of labels, by which hypotheses are printed."""
    files = sorted(set(_vocabularies(settings)))
    where = f", from {', '.join(files)}" if files else ""
    for dim, variable in label_dims.items():
        yield ""
        yield f"{variable} = [str(number) for number in range({dim.size})]  # TODO: the names{where}"


def _vocabularies(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "vocab_file" and isinstance(item, str):
                yield item
            yield from _vocabularies(item)


def _became(options: TrainingOptions) -> Iterator[str]:
    """Comments: what is left to do, and what became of options that have no place below."""
    yield from (f"# TODO {line}".replace("\n", " ") for line in options.todo)
    if options.notes:
        yield "# What became of other options:"
        yield from (f"# - {line}" for line in options.notes)
    if options.todo or options.notes:
        yield ""


def _data(settings: Mapping[str, Any]) -> Iterator[str]:
    for name, variable in (("train", "TRAIN_DATA"), ("dev", "DEV_DATA")):
        data = settings.get(name)
        if isinstance(data, dict) and isinstance(data.get("class"), str):
            yield f"{variable} = {value_text(data, with_paths=True)}"
            continue
        why = "it is not in the file"
        if isinstance(data, Unreadable):
            why = f"it can only be told by running the file, line {data.line}: {data.why}".replace("\n", " ")
        elif data is not None:
            why = f"it was {str(data):.80}".replace("\n", " ")
        yield f"# TODO {name}: {why}"
        yield f"{variable} = {value_text(_DATASET, with_paths=True)}"


def _graph(name: str, options: TrainingOptions, network: str, *, has_search: bool) -> Iterator[str]:
    has_training = bool(network)
    what = "Trains, and searches with the last checkpoint." if has_search else "Trains."
    yield "def py() -> None:"
    yield f'    """{what if has_training else "Searches."}"""'
    if has_training:
        yield "    # to start with an old checkpoint:"
        yield '    # preload=[Preload(OldCheckpointJob(tk.Path("network.001.index"), NAME_MAP).out_checkpoint)]'
        yield "    training = TrainingJob("
        yield f"        {network},"
        yield "        TRAIN_DATA,"
        yield "        DEV_DATA,"
        yield "        config=CONFIG,"
        yield "        post_config=POST_CONFIG,"
        yield "        num_epochs=NUM_EPOCHS,"
        arguments = {key: value for key, value in options.arguments.items() if key != "num_epochs"}
        yield from (f"        {key}={value_text(value)}," for key, value in arguments.items())
        yield "    )"
        yield f'    tk.register_output("{name}/learning_curves.txt", training.out_learning_curves_table)'
    if has_search:
        if not has_training:
            yield '    checkpoint = Checkpoint(tk.Path("network.001.index"))  # TODO: of OldCheckpointJob'
        checkpoint = "training.out_checkpoints[NUM_EPOCHS]" if has_training else "checkpoint"
        device = ', device="gpu"' if options.arguments.get("device") == "gpu" else ""
        yield f"    search = SearchJob(search_network(), {checkpoint}, DEV_DATA, config=SEARCH_CONFIG{device})"
        yield f'    tk.register_output("{name}/dev/hypotheses.jsonl", search.out_hypotheses)'


def label_names(net: NetDict) -> dict[str, str]:
    """The variables of names for labels, by the inputs with the labels that a search finds."""
    targets = set(_targets(net.layers, None))
    names = [name for name, data in net.inputs.items() if name in targets and data.labels is not None]
    return {name: f"{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}_LABELS" for name in names}


def _targets(layers: Mapping[str, Any], around: Any) -> Iterator[str]:
    for options in layers.values():
        if not isinstance(options, dict):
            continue
        if options.get("class") == "choice":
            yield str(options.get("target", around))
        for key in ("unit", "subnetwork"):
            if isinstance(options.get(key), dict):
                yield from _targets(options[key], options.get("target", around))
