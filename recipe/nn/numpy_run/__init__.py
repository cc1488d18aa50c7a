"""The definition: a program run in NumPy, step by step with plain Python loops."""
