"""
What RETURNN on PyTorch calls with the outputs of each sequence, in the configs of the jobs that run a trained network.

The modules are only read as texts, by :mod:`jobs.callback`, never imported: they need RETURNN, and stand in configs
that run without this setup. A class writes to a temporary name; when all sequences are done, the file gets its own.
"""
