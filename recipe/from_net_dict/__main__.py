"""The command line: ``python -m recipe.from_net_dict returnn.config > recipe/models/mine.py``."""

from __future__ import annotations

import argparse
import ast
import pathlib
import sys
from typing import Any

from . import NetDictError, config_from, from_net_dict


def main(arguments: list[str] | None = None) -> int:
    """
    Prints the modules for the net dict of a file; what is not translated is told on stderr.

    :return: exit status: 0 all is translated, 1 something is left to do, 2 nothing could be read
    """
    parser = argparse.ArgumentParser(
        prog="python -m recipe.from_net_dict",
        description="Writes the modules of recipe.nn that compute what a RETURNN net dict does, as a starting point. "
        "The file is read, never run: literals, names, dims, arithmetic, if, for and plain functions.",
        epilog="Exit status: 0 all is translated; 1 something is left to do, see TODO; 2 nothing could be read.",
    )
    parser.add_argument("file", help="a config in Python or JSON, or the dict alone; - for stdin")
    parser.add_argument(
        "--config",
        action="store_true",
        help="write a whole config: the modules, the data, a training with the options of the old one, and a search",
    )
    parser.add_argument("--network", default="network", metavar="NAME", help="the variable or key (default: network)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what config.value(NAME, ...) gives in the config: --set task=search",
    )
    parsed = parser.parse_args(arguments)
    try:
        text = sys.stdin.read() if parsed.file == "-" else pathlib.Path(parsed.file).read_text(encoding="utf-8")
        options = dict(_option(one) for one in parsed.set)
        name = pathlib.Path(parsed.file).name
        write = config_from if parsed.config else from_net_dict
        written = write(text, network=parsed.network, options=options, source_name=name)
    except (NetDictError, OSError, UnicodeDecodeError) as error:
        print(f"{parsed.file}: {error}", file=sys.stderr)
        return 2
    print(written.text, end="")
    for problem in written.problems:
        print(f"TODO {problem}", file=sys.stderr)
    return 1 if written.problems else 0


def _option(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return name, value


if __name__ == "__main__":
    sys.exit(main())
