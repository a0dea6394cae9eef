"""Data sets by name: where their clips are, which of them train and which validate."""
