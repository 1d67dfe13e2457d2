"""Functions that compute the derivatives of functions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from minigrad.autograd import functional
from minigrad.autograd.function import transforming
from minigrad.autograd.grad_mode import enable_grad, is_grad_enabled
from minigrad.edges import AccumulateGrad
from minigrad.func.batch import check_randomness
from minigrad.tensor import Tensor
from minigrad.utils._pytree import tree_leaves, tree_like, tree_map, tree_structure

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "vjp"]


# ---------------------------------------------------------------- what belongs to a call


def _check_argnums(argnums, n_args):
    """Raise unless ``argnums`` is the number of an argument, or a tuple of different ones."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    for n in numbers:
        if not isinstance(n, int):
            raise RuntimeError(f"argnum must be int, got: {type(n)}")
        if not -n_args <= n < n_args:
            raise RuntimeError(f"Got argnum={n}, but only {n_args} positional inputs")
    if len({n % n_args for n in numbers}) < len(numbers):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")


def _localised(args, argnums):
    """Return ``args`` with tensors of our own for those to differentiate by, and these."""
    numbers = (argnums,) if isinstance(argnums, int) else argnums

    def local(x):
        if not isinstance(x, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(x)}")
        return x.view_as(x) if x.requires_grad else x.detach().requires_grad_()

    args = list(args)
    for n in numbers:
        args[n] = tree_map(local, args[n])
    return args, args[numbers[0]] if isinstance(argnums, int) else tuple(args[n] for n in numbers)


def _depends_on_others(x, leaves):
    """Whether ``x`` was computed from other leaves that want a gradient than ``leaves``."""
    own = {id(leaf) for leaf in leaves}
    if not x.requires_grad:
        return False
    if x.grad_fn is None:
        return id(x) not in own
    todo, seen = [x.grad_fn], set()
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, AccumulateGrad) and id(node.variable) not in own:
            return True
        todo += [following for following, _ in node.next_functions if following is not None]
    return False


def _released(tree, leaves):
    """Return results without what they owe to ``leaves``, which nobody will ask for again."""
    keep = is_grad_enabled()

    def release(x):
        if isinstance(x, Tensor) and not (keep and _depends_on_others(x, leaves)):
            return x.detach()
        return x

    return tree_map(release, tree)


def _with_aux(result, has_aux, name):
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(
            f"{name}(f)(*args): output of function f should be a tuple: (output, aux) if has_aux "
            "is True"
        )
    for leaf in tree_leaves(result[1]):
        if not isinstance(leaf, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(leaf)}")
    return result


def _check_tensors(tree, name):
    for leaf in tree_leaves(tree):
        if not isinstance(leaf, Tensor):
            raise RuntimeError(
                f"{name}(f)(*args): Expected f(*args) to return tensors, got {type(leaf)}"
            )


# ---------------------------------------------------------------- gradients


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that returns ``(gradient, func(...))``; see ``grad``.

    >>> import minigrad
    >>> minigrad.func.grad_and_value(lambda x: x**3)(minigrad.tensor(2.0))
    (tensor(12.), tensor(8.))
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        _check_argnums(argnums, len(args))
        with enable_grad():
            args, wanted = _localised(args, argnums)
            with transforming():
                result = func(*args, **kwargs)
            out, aux = _with_aux(result, has_aux, "grad_and_value")
            if not isinstance(out, Tensor):
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got "
                    f"{type(out)}"
                )
            if out.dim() != 0:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got "
                    f"tensor with {out.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs "
                    "instead?"
                )
            leaves = tree_leaves(wanted)
            found = functional._grads((out,), leaves, (out.detach() * 0 + 1,), True, False, "")
        found, out, aux = _released((tree_like(wanted, found), out, aux), leaves)
        return (found, (out, aux)) if has_aux else (found, out)

    return wrapper


def grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that computes the gradient of ``func``, which returns a scalar tensor.

    ``argnums`` says by which argument, or arguments (then it returns a tuple).  With ``has_aux``
    ``func`` returns ``(output, aux)``, and the new function ``(gradient, aux)``.

    >>> import minigrad
    >>> x, y = minigrad.tensor([1.0, 2.0]), minigrad.ones(2)
    >>> minigrad.func.grad(lambda x, y: (x * y).sum(), argnums=1)(x, y)
    tensor([1., 2.])
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Return ``(func(*primals), vjp_fn)``, with ``has_aux`` ``(output, vjp_fn, aux)``.

    ``vjp_fn(*cotangents)``, of the form of the output, returns the tuple of the gradients by the
    primals; it may be called again, and differentiated.

    >>> import minigrad
    >>> out, vjp_fn = minigrad.func.vjp(lambda x: x**2, minigrad.tensor([1.0, 2.0]))
    >>> vjp_fn(minigrad.ones(2))
    (tensor([2., 4.]),)
    """
    with enable_grad():
        primals, wanted = _localised(primals, tuple(range(len(primals))))
        with transforming():
            result = func(*primals)
        out, aux = _with_aux(result, has_aux, "vjp")
        _check_tensors(out, "vjp")
    leaves = tree_leaves(wanted)

    def vjp_fn(*cotangents, retain_graph=True, create_graph=None):
        tree = cotangents[0] if len(cotangents) == 1 else cotangents
        if len(cotangents) != 1 or tree_structure(tree) != tree_structure(out):
            raise RuntimeError(
                "Expected the structure of cotangents to be the same as the structure of outputs "
                f"to the function. cotangents: {tree_structure(cotangents)}, primal output: "
                f"{tree_structure(out)}"
            )
        with enable_grad():
            found = functional._grads(tree_leaves(out), leaves, tree_leaves(tree), True, False, "")
        return _released(tree_like(wanted, found), leaves)

    results = _released((out, aux), leaves)
    return (results[0], vjp_fn, results[1]) if has_aux else (results[0], vjp_fn)


def jvp(
    func: Callable[..., Any],
    primals: Any,
    tangents: Any,
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """Return ``(func(*primals), tangents of the output)``, with ``has_aux`` the aux as well.

    ``primals`` and ``tangents`` are tuples of the same form.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0])
    >>> minigrad.func.jvp(lambda x: x**2, (x,), (minigrad.ones(2),))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise RuntimeError("jvp(f, primals, tangents): Expected primals and tangents to be tuples")
    if tree_structure(primals) != tree_structure(tangents):
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python "
            f"structure, got {tree_structure(primals)} and {tree_structure(tangents)}"
        )
    if not tree_leaves(primals):
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals to contain at least one Tensor."
        )
    kept: list[Any] = []
    with enable_grad():
        _, wanted = _localised(primals, tuple(range(len(primals))))
        leaves = tree_leaves(wanted)

        def flat(*inputs):
            with transforming():
                result = func(*tree_like(wanted, inputs))
            out, aux = _with_aux(result, has_aux, "jvp")
            _check_tensors(out, "jvp")
            kept[:] = [out, aux]
            return tuple(tree_leaves(out))

        _, moved = functional.jvp(flat, tuple(leaves), tuple(tree_leaves(tangents)), True, strict)
    out, aux = kept
    results = _released((out, tree_like(out, moved), aux), leaves)
    return results if has_aux else results[:2]


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Return ``func(*primals)`` and the function from tangents of the primals to that of the
    output, which computes ``func`` anew each time: see `jvp`.

    >>> import minigrad
    >>> out, moved = minigrad.func.linearize(lambda x: x**2, minigrad.tensor([1.0, 2.0]))
    >>> out, moved(minigrad.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    return func(*primals), lambda *tangents: jvp(func, primals, tangents)[1]


def jacrev(
    func: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """Return a function that computes the Jacobian of ``func`` by the argument ``argnums``.

    Of shape ``output.shape + input.shape``; for containers, the form of the output with the form of
    the input in the place of each leaf.  One backward pass for each element of the output;
    ``chunk_size`` is accepted and changes nothing.

    >>> import minigrad
    >>> minigrad.func.jacrev(lambda x: x**2)(minigrad.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        _check_argnums(argnums, len(args))
        kept = []
        with enable_grad():
            args, wanted = _localised(args, argnums)
            numbers = (argnums,) if isinstance(argnums, int) else argnums
            leaves = tree_leaves(wanted)

            def flat(*inputs):
                given = list(args)
                trees = tree_like(wanted, inputs)
                for n, tree in zip(
                    numbers, (trees,) if isinstance(argnums, int) else trees, strict=True
                ):
                    given[n] = tree
                with transforming():
                    result = func(*given, **kwargs)
                out, aux = _with_aux(result, has_aux, "jacrev")
                _check_tensors(out, "jacrev")
                kept[:] = [out, aux]
                return tuple(tree_leaves(out))

            rows = functional.jacobian(flat, tuple(leaves), create_graph=True)
        out, aux = kept
        found = tree_like(out, [tree_like(wanted, row) for row in rows])
        found, aux = _released((found, aux), leaves)
        return (found, aux) if has_aux else found

    return wrapper


def jacfwd(
    func: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Callable[..., Any]:
    """Return what ``jacrev`` does: there is no forward mode here.

    >>> import minigrad
    >>> minigrad.func.jacfwd(lambda x: x**2)(minigrad.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    check_randomness(randomness)
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """Return a function that computes the second derivatives of ``func``.

    >>> import minigrad
    >>> minigrad.func.hessian(lambda x: (x**3).sum())(minigrad.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacrev(jacrev(func, argnums), argnums)
