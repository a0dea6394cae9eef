"""The perception-distortion frontier: collects ``results.json`` files, scores and shows the trade-off they trace."""

from vsr.frontier.axes import Axis, axis
from vsr.frontier.console_table import print_frontier
from vsr.frontier.files import write
from vsr.frontier.frontier import Frontier
from vsr.frontier.point import Point, Published, Setting
from vsr.frontier.tracing import trace
from vsr.results_layout import Curve

__all__ = ["Axis", "Curve", "Frontier", "Point", "Published", "Setting", "axis", "print_frontier", "trace", "write"]
