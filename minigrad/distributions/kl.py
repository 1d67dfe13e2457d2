"""Kullback-Leibler divergences: what the files that are imported here register."""

from minigrad.distributions import kl_of_one_family as kl_of_one_family
from minigrad.distributions import kl_of_two_families as kl_of_two_families
from minigrad.distributions.kl_registry import kl_divergence, register_kl

__all__ = ["kl_divergence", "register_kl"]
