"""The job that fetches a Debian package and unpacks it."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from collections.abc import Iterator

from sisyphus import Job, Task


class DebianPackageJob(Job):
    """
    The files of a Debian package, fetched with the system's own client and unpacked; needs no root rights.

    :param package: its name
    :param version: which version; default: the one that the system's sources offer
    """

    __sis_hash_exclude__ = {"version": None}

    def __init__(self, package: str, *, version: str | None = None):
        self.package = package
        self.version = version

        self.out_directory = self.output_path("files", directory=True)

        self.rqmt = {"cpu": 1, "mem": 1, "time": 1, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task, on the machine of the manager, which may be the only one with a network."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Fetches and unpacks.

        :raises RuntimeError: without Debian's programs, or if the package cannot be fetched: what to do
        """
        missing = [program for program in ("apt-get", "dpkg-deb") if shutil.which(program) is None]
        if missing:
            raise RuntimeError(
                f"{' and '.join(missing)} not found: this is no Debian system. Unpack the package {self.package} "
                "elsewhere and give its directory to the jobs that read it"
            )
        for old in glob.glob(f"{glob.escape(self.package)}_*.deb"):
            os.remove(old)
        wanted = self.package if self.version is None else f"{self.package}={self.version}"
        result = subprocess.run(
            ["apt-get", "download", wanted], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        found = glob.glob(f"{glob.escape(self.package)}_*.deb")
        if result.returncode or len(found) != 1:
            raise RuntimeError(
                f"apt-get could not download {wanted}. Is there a network, and did `apt-get update` run once as root? "
                f"It says:\n{result.stderr.strip()[-500:]}"
            )
        part = os.path.abspath("unpacked")
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run(["dpkg-deb", "--extract", found[0], part], stdin=subprocess.DEVNULL, check=True)
        target = self.out_directory.get_path()
        shutil.rmtree(target)
        os.replace(part, target)
        os.remove(found[0])
