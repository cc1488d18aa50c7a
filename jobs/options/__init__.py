"""What RETURNN knows: its options, optimizers and datasets, checked when the graph is written."""
