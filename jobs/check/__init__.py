"""``./sis check``: runs the networks of a config in NumPy and in RETURNN on made-up data, before they are submitted."""
