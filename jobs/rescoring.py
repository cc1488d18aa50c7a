"""The job that scores given hypotheses with a network that is fed the labels, as in training."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from typing import Any

from sisyphus import tk

from recipe import nn
from recipe.data.hdf import LabelStream, write_label_hdf
from recipe.nn.ops.inputs import ExternDataOp
from recipe.nn.ops.loss import SparseCrossEntropy
from recipe.nn.tf_layers.pipeline import Pipeline

from .atomic_file import write_json
from .callback import Callback
from .checkpoint import Checkpoint
from .forward import forward_options
from .hypotheses import Hypothesis, read_hypotheses, write_hypotheses
from .model_job import ModelJob
from .options.datasets import check_dataset
from .returnn_process import resolve_paths
from .selected_network import SelectedNetwork, all_networks, resolve_network


class RescoringJob(ModelJob):
    """
    Log-probabilities of given hypotheses by a network, for example the training network, or a second model.

    What is summed over the labels of a hypothesis is the cross entropy of the network's logits and the labels, without
    label smoothing.

    - ``out_hypotheses``: the same hypotheses with the new scores, best first
    - ``out_score_changes``: the mean of the old and of the new scores, and how many best hypotheses changed

    :param network: recorded without search, with one ``nn.cross_entropy`` of logits and an input, outside of loops
    :param model_checkpoint: the parameters
    :param hypotheses: JSON lines as of :class:`jobs.search.SearchJob`
    :param search_data: what was searched: RETURNN dataset options, paths as ``tk.Path``
    :param end_label: the label that the network expects after the last one; None: none
    :param config: hashed RETURNN options (``batch_size``, ``max_seqs``, ...)

    For the other parameters see :class:`jobs.model_job.ModelJob`.
    """

    returnn_options = (*ModelJob.returnn_options, "search_data")

    def __init__(
        self,
        network: nn.Network | SelectedNetwork,
        model_checkpoint: Checkpoint,
        hypotheses: tk.Path,
        search_data: dict[str, Any],
        *,
        end_label: str | None = None,
        engine: str | None = None,
        config: dict[str, Any] | None = None,
        post_config: dict[str, Any] | None = None,
        device: str = "cpu",
        time_rqmt: float = 1,
        mem_rqmt: float = 4,
        cpu_rqmt: int = 2,
        log_verbosity: int = 5,
    ):
        super().__init__(
            network,
            model_checkpoint,
            engine=engine,
            config=config,
            post_config=post_config,
            device=device,
            time_rqmt=time_rqmt,
            mem_rqmt=mem_rqmt,
            cpu_rqmt=cpu_rqmt,
            log_verbosity=log_verbosity,
        )
        for one in all_networks(network):
            _check_end_label(one, end_label)
        self.hypotheses = hypotheses
        check_dataset(search_data, "search_data")
        self.search_data = search_data
        self.end_label = end_label

        self.out_hypotheses = self.output_path("hypotheses.jsonl")
        self.out_score_changes = self.output_path("score_changes.json")

    @staticmethod
    def check_network(network: nn.Network) -> None:
        """
        :raises ValueError: if it has not one cross entropy of an input with named labels
        """
        dim = target_of(network).sparse_dim
        if dim is None or not dim.has_labels:
            raise ValueError(f"the labels {dim} have no names: use nn.Dim(..., labels=[...])")

    def work(self) -> None:
        """
        Scores with RETURNN.

        :raises FileNotFoundError: if the checkpoint is not there
        :raises ReturnnError: if RETURNN fails
        :raises ValueError: at a label of a hypothesis that the network does not have
        """
        hypotheses = read_hypotheses(self.hypotheses.get_path())
        scores = dict.fromkeys(self._names(hypotheses), 0.0)  # that of a hypothesis without any label
        items = {name: item for name, item in self._names(hypotheses).items() if item.labels or self.end_label}
        if items:
            dump = self.work_file("cross_entropy.hdf")
            data = self._dataset(hypotheses, items)
            if self.engine == "torch":
                self._run_torch(data, dump)
            else:
                self._run_tensorflow(data, dump)
            scores.update({name: -cost for name, cost in sums_by_tag(dump).items()})
        new = {
            tag: sorted(
                (Hypothesis(item.labels, scores[_name(tag, number)]) for number, item in enumerate(found)),
                key=lambda item: -item.score,
            )
            for tag, found in hypotheses.items()
        }
        write_json(self.out_score_changes, _changes(hypotheses, new))
        write_hypotheses(self.out_hypotheses, new)

    def _run_torch(self, data: dict[str, Any], dump: str) -> None:
        network = resolve_network(self.network)
        program = network.giving([("cross_entropy", cross_entropy_of(network).output)])
        self.run_callback(program, data, Callback("hdf", "HdfWriter", [{"cross_entropy": dump}]))

    def _run_tensorflow(self, data: dict[str, Any], dump: str) -> None:
        layer_name = cross_entropy_layer(resolve_network(self.network), self.device)
        layer = {"class": "hdf_dump", "from": layer_name, "filename": dump, "is_output_layer": True}
        options = forward_options(data, self.batch_size, layer_name, self.work_file("all.hdf"))
        self.run_model(options, layers={"cross_entropy_hdf": layer})

    def _names(self, hypotheses: Mapping[str, list[Hypothesis]]) -> dict[str, Hypothesis]:
        return {_name(tag, number): item for tag, found in hypotheses.items() for number, item in enumerate(found)}

    def _dataset(self, hypotheses: Mapping[str, list[Hypothesis]], items: Mapping[str, Hypothesis]) -> dict[str, Any]:
        """Each hypothesis as targets, beside the sequence that it is of."""
        network = resolve_network(self.network)
        target = target_of(network)
        tags = {_name(tag, number): tag for tag, found in hypotheses.items() for number in range(len(found))}
        hdf = self.work_file("hypotheses.hdf")
        write_label_hdf(hdf, list(items), self._stream(items, label_names(network)), {})
        lists = {}
        for key, names in (("hypotheses", list(items)), ("source", [tags[name] for name in items])):
            lists[key] = self.work_file(f"{key}.pkl")  # tags may have any characters, so this is no list of lines
            with open(lists[key], "wb") as file:
                pickle.dump(names, file)
        sources = {name: ("source", name) for name in network.extern_data if name != target.name}
        return {
            "class": "MetaDataset",
            "datasets": {
                "source": resolve_paths(self.search_data),
                "hypotheses": {
                    "class": "HDFDataset",
                    "files": [hdf],
                    "seq_ordering": "sorted",
                    "cache_byte_size": 0,
                },
            },
            "data_map": {**sources, target.name: ("hypotheses", "data")},
            "seq_list_file": lists,
            "seq_order_control_dataset": "hypotheses",
        }

    def _stream(self, items: Mapping[str, Hypothesis], labels: Sequence[str]) -> LabelStream:
        index = {label: number for number, label in enumerate(labels)}
        end = [index[self.end_label]] if self.end_label is not None else []
        sequences = []
        for name, item in items.items():
            unknown = [label for label in item.labels if label not in index]
            if unknown:
                raise ValueError(f"{self.hypotheses.get_path()}: {name!r} has {unknown[0]!r}, no label of the network")
            sequences.append([index[label] for label in item.labels] + end)
        return LabelStream(sequences, labels)


def cross_entropy_of(network: nn.Network) -> SparseCrossEntropy:
    """
    The cross entropy by which a network scores labels.

    :raises ValueError: if there is not exactly one, outside of loops
    """
    found = [op for op in network.all_ops() if isinstance(op, SparseCrossEntropy)]
    if len(found) != 1 or found[0].body.loop is not None:
        raise ValueError(
            "rescoring wants a network with exactly one nn.cross_entropy(logits, targets), outside of loops; this one "
            f"has {len(found)}{' in a loop' if found else ''}"
        )
    return found[0]


def target_of(network: nn.Network) -> nn.ExternData:
    """
    The input with the labels that a network scores.

    :raises ValueError: if the targets of its cross entropy are no input
    """
    targets = cross_entropy_of(network).inputs[1]
    for data in network.extern_data.values():
        if isinstance(targets.op, ExternDataOp) and targets.op.data is data:
            return data
    raise ValueError(f"rescoring wants the targets as an input (nn.ExternData), but they are computed: {targets}")


def label_names(network: nn.Network) -> tuple[str, ...]:
    """The names of the labels that a network scores; in a task, if a job gives them."""
    dim = target_of(network).sparse_dim
    return dim.labels or () if dim is not None else ()


def cross_entropy_layer(network: nn.Network, device: str) -> str:
    """The name that the layer of the cross entropy has in the config for a device."""
    pipeline = Pipeline(network, device)
    pipeline.run()
    reference = pipeline.known_reference(cross_entropy_of(network).output)
    layer = reference.layer() if reference is not None else None
    assert layer is not None
    return layer.name


def sums_by_tag(hdf: str) -> dict[str, float]:
    """The sum of each sequence of an HDF file."""
    import h5py

    with h5py.File(hdf, "r") as file:
        values = file["inputs"][:].astype("float64")
        lengths, tags = file["seqLengths"][:, 0], [tag.decode() for tag in file["seqTags"][:]]
    ends = lengths.cumsum()
    return {tag: float(values[end - length : end].sum()) for tag, length, end in zip(tags, lengths, ends)}


def _check_end_label(network: nn.Network, end_label: str | None) -> None:
    dim = target_of(network).sparse_dim
    if end_label is None or dim is None or dim.delayed_labels is not None:
        return  # what a job gives is checked when it is there: the label must have an index
    if end_label not in label_names(network):
        names = " ".join(label_names(network))
        raise ValueError(f"end_label {end_label!r} is no label of the network; it has: {names}")


def _name(tag: str, number: int) -> str:
    return f"{tag}#{number}"


def _changes(old: Mapping[str, list[Hypothesis]], new: Mapping[str, list[Hypothesis]]) -> dict[str, Any]:
    olds = [item.score for found in old.values() for item in found]
    news = [item.score for found in new.values() for item in found]
    changed = sum(1 for tag in old if old[tag] and old[tag][0].labels != new[tag][0].labels)
    return {
        "mean_score_before": sum(olds) / len(olds) if olds else None,
        "mean_score": sum(news) / len(news) if news else None,
        "sequences": len(old),
        "best_changed": changed,
    }
