"""
The engine PyTorch: a program as a text of plain PyTorch, which RETURNN trains and searches with.

The text computes what :mod:`recipe.nn.numpy_run` does, op by op, after the passes: tensors have their axes in the order
of the record's dims. Each op has a rule in ``rules``; what takes more than a line is a function of ``functions``, which
is written into the text where it is used.
"""
