"""What programs look at in the graph itself: its nodes, and the counters of in-place writes."""

from minigrad.ops.optim import increment_version
from minigrad.tape import Node

__all__ = ["Node", "increment_version"]
