"""
Random programs out of states, linear maps, cells, conditions, masks, nested loops, choices and ends.

- :class:`Program` is plain data, which prints as text and can be written down as a test; :class:`.model.RandomModel` is
  the module that it describes, :class:`.unrolled.Unrolled` the same in plain Python, for one sequence of the batch.
- :func:`programs` makes those that RETURNN computed from the beginning; :func:`.all_forms.all_forms` those of all forms
  of the language: sequences in steps, histories, loops over anything, several choices, statements around the loop.
- :class:`.in_numpy.RunInNumpy` compares NumPy with the unrolled program; :mod:`.checks` with RETURNN, too;
  :mod:`.before_and_after` a program with what a pass makes of it. :mod:`.features` tells which forms a program has.

What the unrolled program gives is compared for all statements, blocks, loops, sequences and ends: outputs, final states
and sums of losses, and in a search all hypotheses and their scores, if these are not divided by lengths. It does not
know of gradients (those of RETURNN are compared with differences of its losses), of random numbers (dropout is off),
nor of the order of equally good hypotheses.

::

    python -m tests.recipe.nn.random_programs 500 0                          # 500 with seed 0 against RETURNN
    python -m tests.recipe.nn.random_programs --passes --count 500 --seed 0  # before and after each pass, in NumPy
"""

from .checks import check_program
from .program import End, Program
from .strategies import programs

__all__ = ["End", "Program", "check_program", "programs"]
