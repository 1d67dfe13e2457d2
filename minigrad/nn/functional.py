"""Layers and losses as functions, under the names of ``torch.nn.functional``.

They are operations of ``minigrad.ops`` under a second name; the stub beside this file says which.
"""

from minigrad.on_demand import sources
from minigrad.ops.public import late

_functions = {name: late(__name__, name, *place) for name, place in sources(__file__).items()}
__all__ = sorted(_functions)
globals().update(_functions)
