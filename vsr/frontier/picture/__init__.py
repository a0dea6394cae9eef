"""``frontier.png``: the points in the plane of two axes, or in the three planes of three."""

from vsr.frontier.picture.figure import draw

__all__ = ["draw"]
