"""``python -m localsis``: the commands of the engine itself, and the worker that its manager starts for each task."""

import sys

if sys.argv[1:2] == ["worker"] and len(sys.argv) == 5:
    from .worker import start

    sys.exit(start(sys.argv[2], sys.argv[3], int(sys.argv[4])))

from .cli import main

sys.exit(main(sys.argv[1:]))
