"""
Programs as users write them, each with a plain loop in NumPy over one sequence as reference.

A file holds the programs of one kind, for example attention over the loop's own sequence. ``checks.py`` says what is
checked of each, ``inputs.py`` what they read; ``plain_layers.py`` and ``plain_search.py`` are for references, and use
nothing of this project.
"""
