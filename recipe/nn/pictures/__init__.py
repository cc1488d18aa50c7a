"""What a program looks like: its summary, and its picture."""
