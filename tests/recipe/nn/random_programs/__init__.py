"""
Random programs out of states, linear maps, cells, conditions, masks, nested loops, choices and ends.

::

    python -m tests.recipe.nn.random_programs 500 0       # a long run of 500 with seed 0
"""

from .checks import check_program
from .program import End, Program
from .strategies import programs

__all__ = ["End", "Program", "check_program", "programs"]
