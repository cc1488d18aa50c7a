"""The reference of jobs has all of them, and each name on it is there."""

from __future__ import annotations

import ast
import importlib
import re

from .pages import ROOT, text_of

NAMES = re.findall(r"^::: ([\w.]+)$", text_of("docs/job_reference.md"), re.MULTILINE)
BASES = {"jobs.corpus.reading.CorpusReadingJob", "jobs.corpus.split.SplitJob", "jobs.model_job.ModelJob"}
"""Jobs that only others are made of."""


def test_all_jobs_are_there() -> None:
    jobs = {
        f"{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}.{node.name}"
        for path in (ROOT / "jobs").rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Job")
    } - {"jobs.inspection.job_graph.GraphJob", "jobs.inspection.saved_job.SavedJob"}
    assert jobs - BASES == {name for name in NAMES if name.endswith("Job")}


def test_names_are_there() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for name in NAMES:
        module, _, attribute = name.rpartition(".")
        assert getattr(importlib.import_module(module), attribute).__doc__, name
