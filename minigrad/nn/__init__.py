"""Layers, losses and what belongs to them, under the names of ``torch.nn``."""

from minigrad.on_demand import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
