"""
Datasets of speech for RETURNN: options of its OggZipDataset and of combinations of several, as named arguments.

The stream ``data`` has the features, ``classes`` the labels of the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .characters import SPACE
from .dataset_functions import at_random_speed, function_code, log_mel_features, sorted_first, space_as_label


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
    repeats: Sequence[int] | None = None,
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
    :param targets: RETURNN's options of a vocabulary, as of :func:`recipe.data.characters.character_targets`; None:
        sound alone
    :param repeats: of several archives, how often the sequences of each come in one pass: their weights
    :param seq_ordering: "default", "sorted", "random", :func:`length_buckets`, :func:`short_ones_first`, or another
        name of RETURNN's
    :param partition_epoch: into how many epochs of RETURNN one pass over the data is divided
    :param repeat_epoch: how often each sequence comes in an epoch
    :param longest_mean: curriculum by length: until which epoch the mean of an epoch is how many seconds at most, as
        ``{4: 5.0, 8: 10.0}``; the longest sequences are left out for that, but one that exceeds it
    :param segment_names: a ``tk.Path`` of names, one a line: these alone
    :param random_subset: a fixed random choice: a share below 1, or a number of sequences
    """
    if isinstance(archives, (list, tuple)):
        archives = list(archives)
    if repeats is not None:
        if not isinstance(archives, list) or len(repeats) != len(archives) or any(count < 1 for count in repeats):
            raise ValueError(f"repeats={tuple(repeats)}: a number from 1 on for each of several archives is wanted")
        archives = [archive for archive, count in zip(archives, repeats) for _ in range(count)]
    options: dict[str, Any] = {
        "class": "OggZipDataset",
        "path": archives,
        "audio": None if audio is None else dict(audio),
        "targets": None if targets is None else dict(targets),
        "targets_post_process": function_code(space_as_label, 1) if _has_label_of_space(targets) else None,
        "seq_ordering": seq_ordering,
        "partition_epoch": partition_epoch,
        "repeat_epoch": repeat_epoch,
        "epoch_wise_filter": None if longest_mean is None else _filters(longest_mean),
        "seq_list_filter_file": segment_names,
        "fixed_random_subset": random_subset,
    }
    return {name: value for name, value in options.items() if value is not None or name in ("audio", "targets")}


def _has_label_of_space(targets: Mapping[str, Any] | None) -> bool:
    return targets is not None and targets.get("class") == "CharacterTargets" and SPACE in targets.get("labels", ())


def _filters(longest_mean: Mapping[int, float]) -> dict[tuple[int, int], dict[str, float]]:
    """RETURNN's filters, whose lengths are hundredths of seconds for OggZipDataset."""
    filters, first = {}, 1
    for last in sorted(longest_mean):
        if last < first or longest_mean[last] <= 0:
            raise ValueError(f"longest_mean={dict(longest_mean)}: epochs from 1 on, and seconds above 0")
        filters[first, last] = {"max_mean_len": longest_mean[last] * 100}
        first = last + 1
    return filters


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
    repeats: Mapping[str, int] | None = None,
    seq_ordering: str = "random",
    partition_epoch: int | None = None,
    streams: Sequence[str] = ("data", "classes"),
) -> dict[str, Any]:
    """
    Several corpora of any kind as one, RETURNN's CombinedDataset.

    Archives alone are better joined by :func:`ogg_zip_dataset`, which can order them by length, too. RETURNN's own
    option for weights, ``sampling_sizes``, does not work (1.20261022: it divides by the number of sequences before the
    first epoch, when that is 0).

    :param datasets: by a name; those that have the same streams
    :param repeats: by name, how often the sequences of a dataset come in one pass: its weight; default: once
    :param seq_ordering: "random": of all sequences; "random_dataset": those of each in its own order, drawn at random;
        "interleave": so that all of them end together, each may then have a ``partition_epoch`` of its own. Others, by
        length, not with OggZipDataset
    :param partition_epoch: into how many epochs one pass over all is divided
    :param streams: that all of them have
    :raises ValueError: at what RETURNN cannot do
    """
    archives = [name for name, dataset in datasets.items() if dataset.get("class") == "OggZipDataset"]
    if archives and seq_ordering not in _ORDERS_OF_ARCHIVES:
        raise ValueError(
            f"RETURNN does not know in a combination how long the sequences of {archives[0]!r} are, an OggZipDataset: "
            f"seq_ordering is one of {', '.join(_ORDERS_OF_ARCHIVES)}, not {seq_ordering!r}. Or give one "
            "ogg_zip_dataset several archives"
        )
    if seq_ordering == "interleave" and partition_epoch is not None:
        raise ValueError('with "interleave", partition_epoch is an option of each dataset, not of all together')
    unknown = sorted(set(repeats or {}) - set(datasets))
    if unknown or any(count < 1 for count in (repeats or {}).values()):
        raise ValueError(f"repeats={dict(repeats or {})}: numbers from 1 on for {', '.join(datasets)}")
    parts = {
        name: {**dataset, **({"repeat_epoch": repeats[name]} if repeats and name in repeats else {})}
        for name, dataset in datasets.items()
    }
    options: dict[str, Any] = {
        "class": "CombinedDataset",
        "datasets": parts,
        "data_map": {(name, stream): stream for name in datasets for stream in streams},
        "seq_ordering": seq_ordering,
    }
    if partition_epoch is not None:
        options["partition_epoch"] = partition_epoch
    return options


def in_processes(dataset: Mapping[str, Any], num_workers: int, *, buffer_size: int = 20) -> dict[str, Any]:
    """
    A dataset that several processes read, for features that are computed while RETURNN reads; what comes is the same,
    but for random numbers such as speeds.

    :param dataset: of :func:`ogg_zip_dataset` or another
    :param num_workers: processes; the job needs as many cores more
    :param buffer_size: sequences that each reads ahead
    """
    if num_workers < 1:
        raise ValueError(f"num_workers={num_workers}: at least one process reads")
    options = {"num_workers": num_workers, "buffer_size": buffer_size}
    return {"class": "MultiProcDataset", "dataset": dict(dataset), **options}


_ORDERS_OF_ARCHIVES = ("default", "random", "random_dataset", "interleave")
