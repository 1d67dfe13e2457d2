"""Probability distributions, under the names of ``torch.distributions``.

A distribution draws (``sample``; ``rsample`` so that gradients reach its parameters) and gives the
log-probability of values (``log_prob``), with torch's numbers for torch's seed.

>>> import minigrad
>>> from minigrad.distributions import Categorical
>>> policy = Categorical(logits=minigrad.zeros(4))
>>> policy.log_prob(policy.sample())
tensor(-1.3863)

Source: https://docs.pytorch.org/docs/stable/distributions.html
"""

from minigrad.on_demand import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
