"""Turns videos and folders of frames into a store from which training reads crops without decoding."""

from vsr.data.prepare.run import prepare
from vsr.data.prepare.settings import Settings

__all__ = ["Settings", "prepare"]
