"""Applying a trained generator: scoring it, showing it."""
