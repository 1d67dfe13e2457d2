"""Layers and losses as functions, under the names of ``torch.nn.functional``.

They are operations of ``minigrad.ops`` under a second name; the stub beside this file says which.
"""

from minigrad.on_demand import sources as _sources
from minigrad.ops.public import late as _late

_functions = {name: _late(__name__, name, *place) for name, place in _sources(__file__).items()}
__all__ = sorted(_functions)
globals().update(_functions)
