"""
What becomes of all configs in a directory: ``python -m tests.recipe.from_net_dict.experiments_table DIRECTORY``.

The configs are those of https://github.com/rwth-i6/returnn-experiments, or of whom you like: all files that end in
``.config``. Each is translated, and with ``--build`` what is written is run and its networks are built. The table
counts the outcomes, by reasons, and what is not translated, by how many configs have it.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import re
import signal
import types

from recipe.from_net_dict import NetDictError, WrittenModule, from_net_dict

SECONDS = 60


class Late(BaseException):
    """A config took too long."""


def outcome(file: pathlib.Path, *, build: bool) -> tuple[str, list[str]]:
    """
    What becomes of a file.

    :param build: whether the networks are built of what is written, too
    :return: a word, and reasons: what is not translated, or why nothing is
    """
    signal.alarm(SECONDS)
    try:
        written = from_net_dict(file.read_bytes().decode("utf-8", "replace"), source_name=file.name)
        if written.problems:
            return "with TODOs", sorted({_kind(problem) for problem in written.problems})
        return ("whole", []) if not build else _built(written)
    except NetDictError as error:
        return "refused", [_reason(str(error))]
    except Late:
        return "too long", [f"more than {SECONDS} s"]
    except Exception as error:
        return "traceback", [f"{type(error).__name__}: {error}"]
    finally:
        signal.alarm(0)


def _built(written: WrittenModule) -> tuple[str, list[str]]:
    module = types.ModuleType("written")
    try:
        exec(compile(written.text, "<written>", "exec"), vars(module))
        for name in ("training_network", "training_stages", "search_network"):
            if hasattr(module, name):
                getattr(module, name)()
    except Exception as error:
        message = re.sub(r"^\S+:\d+: ", "", str(error).partition("\n")[0])
        return "whole, but no network", [f"{type(error).__name__}: {message}"]
    return "whole", []


def _kind(problem: str) -> str:
    """A problem without the names that its config alone has."""
    problem = re.sub(r"layer '[^']*' ", "", problem)
    return re.sub(r" of \w+$", "", problem)[:100]


def _reason(error: str) -> str:
    """The reason of an error in a few words."""
    reasons = {
        "Theano": "no net dict: the style of RETURNN's Theano engine (hidden_size)",
        "PyTorch": "no net dict: PyTorch",
        "neither JSON nor Python": "neither JSON nor Python 3 nor Python 2",
        "there is no 'network'": "no network",
        "is empty": "empty",
        "can only be told by running": "only running the file would tell its network",
    }
    return next((reason for words, reason in reasons.items() if words in error), error[:100])


def _late(*_: object) -> None:
    raise Late


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--build", action="store_true", help="build the networks of what is translated whole, too")
    parser.add_argument("--only", default="", metavar="TEXT", help="only files with TEXT in their path")
    parser.add_argument("--gaps", type=int, default=60, help="how many kinds of gaps are listed (default: 60)")
    parser.add_argument("--files", action="store_true", help="list the files, too")
    parsed = parser.parse_args()
    signal.signal(signal.SIGALRM, _late)
    outcomes: collections.Counter[str] = collections.Counter()
    reasons: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for file in sorted(parsed.directory.rglob("*.config")):
        if parsed.only not in str(file):
            continue
        word, why = outcome(file, build=parsed.build)
        outcomes[word] += 1
        reasons[word].update(why)
        if parsed.files:
            print(f"{word:>24}  {file.relative_to(parsed.directory)}  {'; '.join(why)[:150]}", flush=True)
    print(
        f"{sum(outcomes.values())} configs: " + ", ".join(f"{count} {word}" for word, count in outcomes.most_common())
    )
    for word, counter in reasons.items():
        if counter:
            print(f"\n{word}:")
            for why, count in counter.most_common(parsed.gaps):
                print(f"{count:6}  {why}")


if __name__ == "__main__":
    main()
