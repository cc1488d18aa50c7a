"""Rewrites of a program into one that computes the same; each is run in NumPy before and after."""
