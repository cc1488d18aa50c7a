"""What ``./sis try`` does: a trained model on a word, a recording, or lines of standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from jobs.hypotheses import Hypothesis
from jobs.inspection.job_names import Setup
from jobs.inspection.saved_job import InspectionError, SavedJob
from jobs.vocabularies import vocabularies_of
from recipe.data.subwords import WORD_START, words_of

from .collapse import collapse_behind
from .inputs import features_behind, feeds_of
from .model import TrainedModel, load_search


def run(jobs: Sequence[Any], arguments: Sequence[str]) -> int:
    """
    Searches for each input, and prints what was found, best first, with scores.

    :param jobs: not used
    :param arguments: engine, number of hypotheses, experiment, and inputs; without inputs the lines of standard input
    :return: exit status: 1 for an experiment or an input that does not fit
    """
    engine, count, experiment, *inputs = arguments
    setup = Setup(os.getcwd())
    try:
        saved = search_of(setup, experiment)
        search = load_search(saved)
        model, collapse = TrainedModel(search), collapse_behind(setup, saved)
        features, vocabularies = features_behind(setup, search.search_data), vocabularies_of(search.search_data)
        for text in inputs or _lines():
            (found,) = model.search(feeds_of(model.network, [text], features, vocabularies), engine)
            print_found(text, collapse(found)[: int(count)])
    except InspectionError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def print_found(text: str, hypotheses: Sequence[Hypothesis]) -> None:
    """Prints an input and its hypotheses."""
    print(text, flush=True)
    for hypothesis in hypotheses:
        labels = hypothesis.labels
        if any(label.startswith(WORD_START) for label in labels):
            labels = words_of(labels)
        print(f"  {hypothesis.score:9.4f}  {' '.join(labels)}", flush=True)


def search_of(setup: Setup, name: str) -> SavedJob:
    """
    The search that a name means: a job, or the first one by alias below the name of an experiment.

    :raises InspectionError: if there is none
    """
    directory = os.path.join(setup.alias_dir, name)
    if not os.path.isdir(directory) or os.path.islink(directory):
        return setup.job(name)
    aliases = sorted(
        os.path.join(place, alias) for place, links, files in os.walk(directory) for alias in [*links, *files]
    )
    jobs = {os.path.relpath(alias, setup.alias_dir): setup.job(alias) for alias in aliases if os.path.islink(alias)}
    searches = [alias for alias, job in jobs.items() if job.class_name.endswith(".SearchJob")]
    if not searches:
        raise InspectionError(
            f"no alias below {os.path.relpath(directory, setup.directory)} is that of a search; there are: "
            f"{', '.join(jobs)}. Give the id of a SearchJob, or call its add_alias({name + '/search'!r}) in the config"
        )
    return jobs[searches[-1]]


def _lines() -> Iterator[str]:
    if sys.stdin.isatty():
        print("a word or a file on each line; Ctrl-D ends", file=sys.stderr)
    for line in sys.stdin:
        if line.strip():
            yield line.strip()
