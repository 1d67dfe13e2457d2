"""Data loading and hooks."""

from minigrad.utils import data

__all__ = ["data"]
