"""``./sis try``: a trained model on input of one's own."""
