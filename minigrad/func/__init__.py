"""Transformations of functions, under the names of ``torch.func``.

``grad(f)`` is the function that computes the gradient of ``f``, and may be transformed again.
Arguments and results may be tensors, or dicts, lists and tuples of them: such as the parameters of
a module, with which ``functional_call`` calls it.

>>> import minigrad
>>> cube = lambda x: x**3
>>> minigrad.func.grad(cube)(minigrad.tensor(2.0))
tensor(12.)
>>> minigrad.func.grad(minigrad.func.grad(cube))(minigrad.tensor(2.0))
tensor(12.)
"""

from minigrad.on_demand import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
