"""
Functions of PyTorch that are written into a text where it calls them.

The modules are only read as texts, never imported by the rest of the package, which needs no PyTorch. They are plain
modules so that editors, linters and tests see them as what they are.
"""
