"""The layers, one file for each family, under torch's file names."""

from minigrad.on_demand import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
