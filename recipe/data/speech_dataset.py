"""
Datasets of speech for RETURNN: options of its OggZipDataset and of combinations of several, as named arguments.

The stream ``data`` has the features, ``classes`` the labels of the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .dataset_functions import at_random_speed, function_code, log_mel_features, sorted_first


def log_mel_audio(
    *, num_mel: int = 80, stack: int = 1, normalise: bool = True, speeds: Sequence[float] = ()
) -> dict[str, Any]:
    """
    Log-mel features, computed while RETURNN reads: those of :mod:`recipe.data.log_mel` and of CorpusFeaturesJob.

    :param num_mel: bands per frame of 10 ms
    :param stack: how many frames become one; ``num_mel * stack`` features
    :param normalise: each feature with mean 0 and deviation 1 over the recording
    :param speeds: speed perturbation: each recording at one of them, drawn anew in each epoch; default: as it is
    """
    options = {"stack": stack, "normalise": normalise}
    return {
        "features": function_code(log_mel_features, 1),
        "num_feature_filters": num_mel * stack,
        "feature_options": options,
        **_raw(speeds),
    }


def raw_audio(*, speeds: Sequence[float] = ()) -> dict[str, Any]:
    """
    The samples, -1 to 1, one feature a frame.

    :param speeds: as for :func:`log_mel_audio`
    """
    return {"features": "raw", **_raw(speeds)}


def _raw(speeds: Sequence[float]) -> dict[str, Any]:
    options: dict[str, Any] = {"peak_normalization": False}
    if any(not 0.5 <= speed <= 2.0 for speed in speeds):
        raise ValueError(f"speeds={tuple(speeds)}: speeds from 0.5 to 2 are meant, as (0.9, 1.0, 1.1)")
    if speeds:
        options["pre_process"] = function_code(at_random_speed, 1, speeds=tuple(float(speed) for speed in speeds))
    return options


def ogg_zip_dataset(
    archives: Any,
    *,
    audio: Mapping[str, Any] | None,
    targets: Mapping[str, Any] | None,
    seq_ordering: Any = "default",
    partition_epoch: int | None = None,
    repeat_epoch: int | None = None,
    longest_mean: Mapping[int, float] | None = None,
    segment_names: Any = None,
    random_subset: float | int | None = None,
) -> dict[str, Any]:
    """
    Archives of OggZipJob.

    :param archives: one ``tk.Path`` or several, whose sequences are joined
    :param audio: of :func:`log_mel_audio` or :func:`raw_audio`; None: text alone
    :param targets: RETURNN's options of a vocabulary, as of :func:`character_targets`; None: sound alone
    :param seq_ordering: "default", "sorted", "random", :func:`length_buckets`, :func:`short_ones_first`, or another
        name of RETURNN's
    :param partition_epoch: into how many epochs of RETURNN one pass over the data is divided
    :param repeat_epoch: how often each sequence comes in an epoch
    :param longest_mean: curriculum by length: until which epoch the mean of an epoch is at most how many seconds, as
        ``{4: 5.0, 8: 10.0}``; the longest sequences are left out for that
    :param segment_names: a ``tk.Path`` of names, one a line: these alone
    :param random_subset: a fixed random choice: a share below 1, or a number of sequences
    """
    if isinstance(archives, (list, tuple)):
        archives = list(archives)
    options: dict[str, Any] = {
        "class": "OggZipDataset",
        "path": archives,
        "audio": None if audio is None else dict(audio),
        "targets": None if targets is None else dict(targets),
        "seq_ordering": seq_ordering,
        "partition_epoch": partition_epoch,
        "repeat_epoch": repeat_epoch,
        "epoch_wise_filter": None if longest_mean is None else _filters(longest_mean),
        "seq_list_filter_file": segment_names,
        "fixed_random_subset": random_subset,
    }
    optional = ("partition_epoch", "repeat_epoch", "epoch_wise_filter", "seq_list_filter_file", "fixed_random_subset")
    return {name: value for name, value in options.items() if value is not None or name not in optional}


def _filters(longest_mean: Mapping[int, float]) -> dict[tuple[int, int], dict[str, float]]:
    """RETURNN's filters, whose lengths are hundredths of seconds for OggZipDataset."""
    filters, first = {}, 1
    for last in sorted(longest_mean):
        if last < first or longest_mean[last] <= 0:
            raise ValueError(f"longest_mean={dict(longest_mean)}: epochs from 1 on, and seconds above 0")
        filters[first, last] = {"max_mean_len": longest_mean[last] * 100}
        first = last + 1
    return filters


def character_targets(labels: Any) -> dict[str, Any]:
    """
    Characters as labels.

    :param labels: all of them, in the order of their indices; a text or list, or a ``tk.Path`` of a file of RETURNN
    """
    if isinstance(labels, (str, list, tuple)):
        return {"class": "CharacterTargets", "vocab_file": None, "labels": list(labels), "unknown_label": None}
    return {"class": "CharacterTargets", "vocab_file": labels, "unknown_label": None}


def length_buckets(num_seqs: int) -> str:
    """
    An order in which sequences of similar lengths stand together: shuffled, then sorted within blocks, up and down in
    turn (RETURNN's "laplace"). The cost of padding is small, and batches differ between epochs.

    :param num_seqs: in a block
    """
    if num_seqs < 1:
        raise ValueError(f"length_buckets({num_seqs}): a block has at least one sequence")
    return f"laplace:.{num_seqs}"


def short_ones_first(*, num_epochs: int, then: str) -> Any:
    """
    Short sequences first in the first epochs (Amodei et al. 2015, "Deep Speech 2": SortaGrad), another order then.

    :param then: as :func:`length_buckets`
    """
    return function_code(sorted_first, 1, num_epochs=num_epochs, then=then)


def combined_dataset(
    datasets: Mapping[str, Mapping[str, Any]],
    *,
    seq_ordering: str = "random",
    num_seqs: int | None = None,
    weights: Mapping[str, float] | None = None,
    partition_epoch: int | None = None,
    streams: Sequence[str] = ("data", "classes"),
) -> dict[str, Any]:
    """
    Several corpora as one, RETURNN's CombinedDataset.

    :param datasets: by a name; of :func:`ogg_zip_dataset` or others that have the same streams
    :param seq_ordering: of all together; "random_dataset" keeps the order of each
    :param num_seqs: sequences of an epoch, for weights; each corpus goes on in the next epoch where it ended. Default:
        all sequences of all
    :param weights: by name, the share of each corpus in an epoch, in any unit; smaller corpora come round sooner
    :param partition_epoch: into how many epochs one pass over all is divided; not with weights
    :param streams: that all of them have
    """
    if (weights is None) != (num_seqs is None):
        raise ValueError("weights are shares of num_seqs sequences an epoch: give both or neither")
    options: dict[str, Any] = {
        "class": "CombinedDataset",
        "datasets": {name: dict(dataset) for name, dataset in datasets.items()},
        "data_map": {(name, stream): stream for name in datasets for stream in streams},
        "seq_ordering": seq_ordering,
    }
    if weights is not None and num_seqs is not None:
        if partition_epoch is not None:
            raise ValueError("with weights, num_seqs says how long an epoch is: no partition_epoch then")
        options["sampling_sizes"] = _sizes(weights, num_seqs, list(datasets))
    if partition_epoch is not None:
        options["partition_epoch"] = partition_epoch
    return options


def _sizes(weights: Mapping[str, float], num_seqs: int, names: Sequence[str]) -> dict[str, int]:
    """How many sequences of each; those that rounding leaves go to the largest fractions."""
    if set(weights) != set(names) or any(weight <= 0 for weight in weights.values()):
        raise ValueError(f"weights={dict(weights)}: one above 0 for each of {', '.join(names)}")
    shares = {name: num_seqs * weights[name] / sum(weights.values()) for name in names}
    sizes = {name: int(share) for name, share in shares.items()}
    for name in sorted(names, key=lambda name: sizes[name] - shares[name])[: num_seqs - sum(sizes.values())]:
        sizes[name] += 1
    return sizes
