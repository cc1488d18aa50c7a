"""The canonical form of a program, which is hashed, and what differs between two forms."""
