"""The engine RETURNN on TensorFlow: layers of a net dict, and the written config."""
