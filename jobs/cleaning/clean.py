"""Shows what takes space, and removes what nothing needs: ``./sis clean [CONFIG ...]``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence

from ..checkpoint_files import remove_checkpoint
from ..inspection.job_names import Setup
from .clear import put_aside
from .lock import has_manager
from .needed import needed_by
from .plan import Item, items
from .running import running
from .sizes import age_text, freed, size_text, taken

_MOST_KEPT = 40


def clean(setup: Setup, configs: Sequence[str], *, yes: bool, dry_run: bool) -> Iterator[str]:
    """
    Shows what stands in the work directory; with configs also removes what they do not need, when that is agreed to.

    :param configs: as for the manager; all that use this work directory
    :param yes: do not ask
    :param dry_run: remove nothing
    :return: what there is and what was done, as lines
    :raises InspectionError: if a config cannot be called
    """
    needed = needed_by(list(configs)) if configs else None
    found = items(setup, needed, has_manager=has_manager(setup.work_dir))
    going = sorted((item for item in found if item.goes), key=lambda item: -freed([item.files]))
    yield from _table(setup, [item for item in found if not item.goes], "stays" if configs else "")
    if not configs:
        yield "which of them are needed is told with the configs: ./sis clean CONFIG ... (all that use this directory)"
        return
    if not going:
        yield "nothing can go"
        return
    yield from _table(setup, going, "can go")
    amount = f"{len(going)} {'entry' if len(going) == 1 else 'entries'}, {size_text(freed(i.files for i in going))}"
    if dry_run or not (yes or sys.stdin.isatty()):
        yield f"nothing was removed; --yes removes these: {amount}"
        return
    if not yes and not _agreed(f"remove these ({amount})? [y/N] "):
        yield "nothing was removed"
        return
    yield from _remove_all(setup, going)


def _remove_all(setup: Setup, going: Sequence[Item]) -> Iterator[str]:
    """Removes one after the other; what somebody has begun to run since stays."""
    done = []
    for item in going:
        who = running(item.job_id, item.path)
        if who is not None:
            yield f"{setup.title(item.job_id)}: stays, it is running now: {who}"
            continue
        remove(item)
        done.append(item)
    yield f"removed: {size_text(freed(item.files for item in done))}"


def remove(item: Item) -> None:
    """Removes an entry; half removed, it looks like nothing that an engine would use."""
    if item.epochs:
        for epoch in item.epochs:
            remove_checkpoint(os.path.join(item.path, "output", "models"), epoch)
    else:
        shutil.rmtree(item.path if item.state == "put aside" else put_aside(item.path))


def _table(setup: Setup, found: Sequence[Item], title: str) -> Iterator[str]:
    if not found:
        return
    yield f"{title + ': ' if title else ''}{size_text(taken(item.files for item in found))} in {len(found)} entries"
    order: Callable[[Item], tuple[int, str]] = lambda item: (-taken([item.files]), item.job_id)  # noqa: E731
    shown = sorted(found, key=order)
    for item in shown[:_MOST_KEPT] if title != "can go" else shown:
        size, age, state = size_text(taken([item.files])), age_text(item.age), item.state
        name = item.job_id if item.state == "put aside" else setup.title(item.job_id)
        yield f"  {size:>8}  {age:>10}  {state:9} {name}{f': {item.why}' if item.why else ''}"
    rest = len(shown) - _MOST_KEPT
    if title != "can go" and rest > 0:
        yield f"  {size_text(taken(item.files for item in shown[_MOST_KEPT:])):>8}  in {rest} smaller ones"


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False
