"""Shell commands of jobs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import Any


def sh(
    command: str,
    capture_output: bool = False,
    pipefail: bool = True,
    executable: str | None = None,
    except_return_codes: Sequence[int] = (0,),
    sis_quiet: bool = False,
    sis_replace: Mapping[str, Any] | None = None,
    include_stderr: bool = False,
    **replace: Any,
) -> str | None:
    """
    Runs a command with bash.

    :param command: in which ``{name}`` stands for values of ``sis_replace`` and ``replace``
    :param capture_output: give what it prints
    :param pipefail: fail at the first failure, also within a pipe, and at unset variables
    :param executable: another shell
    :param except_return_codes: exit statuses that are no error
    :param sis_quiet: do not print the command
    :param include_stderr: with ``capture_output``: also what it prints as errors
    :return: its output with ``capture_output``
    :raises subprocess.CalledProcessError: if it fails
    """
    text = command.format(**{**(sis_replace or {}), **replace})
    if not sis_quiet:
        print(f"Run in Shell: {text}", flush=True)
    if executable is None and pipefail:
        text = f"set -ueo pipefail && {text}"
    result = subprocess.run(
        text,
        shell=True,
        executable=executable or "/bin/bash",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture_output else None,
        stderr=subprocess.STDOUT if capture_output and include_stderr else None,
        check=False,
    )
    if result.returncode != 0 and result.returncode not in except_return_codes:
        raise subprocess.CalledProcessError(result.returncode, text, result.stdout)
    return result.stdout.decode() if capture_output else None
