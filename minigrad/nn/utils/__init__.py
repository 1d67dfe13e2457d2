"""Tools for gradients and parameters."""

from minigrad.on_demand import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
