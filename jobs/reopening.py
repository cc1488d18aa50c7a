"""A finished job that has more to do: its markers are taken back, so that both engines run it again."""

from __future__ import annotations

import glob
import logging
import os

_LOG = logging.getLogger("jobs")


def reopen(job_dir: str, why: str) -> None:
    """
    Makes a job that is marked as finished one that is to be run; any other stays as it is.

    Its outputs stay, and the logs under another name (``log.run.1.before_2``).

    :param job_dir: its directory
    :param why: for the message
    """
    archive = os.path.join(job_dir, "finished.tar.gz")
    if os.path.islink(job_dir) or not (os.path.exists(os.path.join(job_dir, "finished")) or os.path.exists(archive)):
        return
    _LOG.warning(f"{job_dir} was finished, but {why}: it goes on")
    count = len(glob.glob(os.path.join(glob.escape(job_dir), "log.run.*.before_*"))) + 2
    for path in glob.glob(os.path.join(glob.escape(job_dir), "log.*.[0-9]*")):
        if path.rpartition(".")[2].isdigit():
            os.replace(path, f"{path}.before_{count}")
    if os.path.exists(archive):  # what Sisyphus' clean-up has made of logs and markers
        os.replace(archive, os.path.join(job_dir, f"before_{count}.tar.gz"))
    for pattern in ("usage.*", "submit_log.*", "finished.*", "finished"):
        for path in glob.glob(os.path.join(glob.escape(job_dir), pattern)):
            os.remove(path)
