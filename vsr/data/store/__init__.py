"""What `python -m vsr.data.prepare` writes: shots that are read without decoding."""
