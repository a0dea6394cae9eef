"""Sweeps (``-m``): each job is a command of its own, in a folder of its own, done once; at the end, the frontier."""
