"""``./sis check``: networks in NumPy and in RETURNN, and a real step of each job, before a config is submitted."""
