"""The ops: one class for each, which says its dims, its meaning in NumPy and its RETURNN layer."""
