"""Layers and losses as functions, under the names of ``torch.nn.functional``.

They are operations of ``minigrad.ops`` under a second name; the stub beside this file says which.
"""

from minigrad.on_demand import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
