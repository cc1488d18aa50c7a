"""In what two jobs differ: ``./sis why JOB_A JOB_B``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .job_names import Setup
from .saved_job import SavedJob
from .values import Difference, differences, plain

_OUTPUT = r"<?([\w/]+\.\w{12}(?:\.[\w.-]+)?)/\S+"
"""An output of a job, with the job's id."""


def why(setup: Setup, left_name: str, right_name: str) -> Iterator[str]:
    """
    The arguments in which two jobs differ, as lines; of networks, the layers.

    :raises InspectionError: if one of the jobs is not there
    """
    left, right = setup.job(left_name), setup.job(right_name)
    yield f"- {left.job_id}"
    yield f"+ {right.job_id}"
    if left.job_id == right.job_id:
        yield "these are one job"
        return
    if left.class_name != right.class_name:
        yield f"class: {left.class_name} -> {right.class_name}"
        return
    unhashed = {*left.unhashed, *right.unhashed}
    found = list(differences(_arguments(left), _arguments(right)))
    hashed = [one for one in found if _argument(one) not in unhashed]
    yield from _lines(hashed)
    if not hashed:
        yield (
            "all arguments are equal: the code of the job class, of recipe.nn or of Sisyphus has changed in between "
            "what is hashed of them (recipe.nn writes the version of its format into each network)"
        )
    rest = [one for one in found if _argument(one) in unhashed]
    if rest:
        yield "not hashed:"
        yield from (f"  {line}" for line in _lines(rest))
    for one, other in dict.fromkeys(_inputs(hashed)):
        yield f"in what these inputs differ: ./sis why {one} {other}"


def differing_lines(left: SavedJob, right: SavedJob) -> list[str]:
    """The arguments in which two jobs differ, hashed or not, as lines; of networks, the layers."""
    if left.class_name != right.class_name:
        return [f"class: {left.class_name} -> {right.class_name}"]
    return list(_lines(list(differences(_arguments(left), _arguments(right)))))


def _arguments(job: SavedJob) -> dict[str, object]:
    return {key: plain(value, job) for key, value in job.arguments.items()}


def _argument(difference: Difference) -> str:
    return difference.path.partition("/")[0].partition(":")[0]


def _lines(found: list[Difference]) -> Iterator[str]:
    """One line for a plain difference; what differs in a layer stands below its name."""
    for path, lines in found:
        if len(lines) == 1 and ": " not in path:
            yield f"{path}: {lines[0]}"
        else:
            yield path
            yield from (f"  {line}" for line in lines)


def _inputs(found: list[Difference]) -> Iterator[tuple[str, str]]:
    """Pairs of jobs whose outputs stand in one place of the arguments."""
    for _, lines in found:
        for line in lines:
            match = re.search(rf"{_OUTPUT} -> {_OUTPUT}", line)
            if match and match[1] != match[2]:
                yield match[1], match[2]
