"""What follows a search in its setup: alignments become labels, as they do for its scores."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from jobs.collapse_alignment import joined
from jobs.hypotheses import Hypothesis
from jobs.inspection.job_names import Setup
from jobs.inspection.saved_job import InspectionError, SavedJob
from recipe.models.topology import CTC, Topology

Collapse = Callable[[Sequence[Hypothesis]], list[Hypothesis]]


def collapse_behind(setup: Setup, search: SavedJob) -> Collapse:
    """
    What the hypotheses of a search are made into by the job that reads them: nothing is changed if there is none.

    :param search: the search
    """
    wanted = os.path.join(search.job_id, "output", "hypotheses.jsonl")
    for job_id in setup.job_ids():
        if "Collapse" not in job_id:
            continue
        try:
            job = setup.job(job_id)
        except InspectionError:
            continue
        if not any(path.endswith(wanted) for path in job.inputs):
            continue
        blank, topology = job.arguments["blank"], job.arguments.get("topology")
        rule = CTC if topology is None else Topology(**topology.state)
        return lambda hypotheses: joined(hypotheses, rule, blank)
    return list
