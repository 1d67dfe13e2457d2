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

from minigrad.func.batch import vmap
from minigrad.func.modules import functional_call, stack_module_state
from minigrad.func.transforms import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "stack_module_state",
    "vjp",
    "vmap",
]
