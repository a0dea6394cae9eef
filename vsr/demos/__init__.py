"""Small programs, each of which shows one thing: ``python -m vsr.demos.NAME``."""
