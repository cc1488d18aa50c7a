"""Jobs that read corpora of speech, check them, and make of them what RETURNN trains on."""
