"""vmap: one call for a batch of arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minigrad.autograd.function import transforming
from minigrad.ops.closeness import equal
from minigrad.ops.generator import get_rng_state, set_rng_state
from minigrad.ops.join import stack
from minigrad.ops.shape import movedim
from minigrad.tensor import Tensor
from minigrad.utils._pytree import tree_like, tree_map, tree_structure

__all__ = ["vmap"]


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """Return ``func`` for batches: called for every item in a dimension of its arguments.

    ``in_dims`` says which dimension of each argument has the items, None that all calls get the
    argument as it is; it is an int, or a tuple with one for each argument.  The results are stacked
    in dimension ``out_dims``: an int, or one for each result, in the results' form.  None is for a
    result that is the same for all items.

    Unlike torch's it really is a loop: right for per-sample gradients and small batches, but no
    faster than one.  So ``func`` may also look at values; ``chunk_size`` changes nothing.  Random
    numbers are a RuntimeError unless ``randomness`` is "different" or "same".

    >>> import minigrad
    >>> minigrad.func.vmap(minigrad.dot)(minigrad.ones(3, 2), minigrad.ones(3, 2))
    tensor([2., 2., 2.])
    """
    check_randomness(randomness)
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")
    name = getattr(func, "__name__", repr(func))

    def wrapper(*args, **kwargs):
        if not args:
            raise ValueError(f"vmap({name})(<inputs>): got no inputs to go over")
        if isinstance(in_dims, int):
            dims = (in_dims,) * len(args)
        elif isinstance(in_dims, tuple) and len(in_dims) == len(args):
            dims = in_dims
        else:
            raise ValueError(
                f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): expected `in_dims` to be an int "
                f"or a tuple with an item for each of the {len(args)} inputs"
            )
        sizes = {n for arg, dim in zip(args, dims, strict=True) for n in _sizes(arg, dim, name)}
        if not sizes:
            raise ValueError("vmap: Expected at least one Tensor to vmap over")
        if len(sizes) != 1:
            raise ValueError(
                "vmap: Expected all tensors to have the same size in the mapped dimension, got "
                f"sizes {sorted(sizes)} for the mapped dimension"
            )
        (n,) = sizes
        if n == 0:  # what one item of zeros gives says the results' shapes and dtypes
            items = (_item_of_zeros(arg, dim) for arg, dim in zip(args, dims, strict=True))
            with transforming():
                one = _stacked([func(*items, **kwargs)], out_dims, name)
            return _without_items(one, out_dims)
        results, state = [], None if randomness == "different" else get_rng_state()
        for i in range(n):
            if randomness == "same":
                set_rng_state(state)
            items = (_item(arg, dim, i) for arg, dim in zip(args, dims, strict=True))
            with transforming():
                results.append(func(*items, **kwargs))
        if randomness == "error" and not equal(get_rng_state(), state):
            set_rng_state(state)
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use "
                "the 'same' or 'different' randomness flags on vmap or perform the randomness "
                "operation out of vmap"
            )
        return _stacked(results, out_dims, name)

    return wrapper


def check_randomness(randomness: str) -> None:
    """Raise unless ``randomness`` is one of torch's three words for it."""
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )


def _item_dims(tree, dim):
    """Return pairs of the leaves of an argument and their dimension (or None)."""
    if isinstance(tree, Mapping):
        if isinstance(dim, Mapping) and dim.keys() != tree.keys():
            raise ValueError(f"in_dims has {sorted(dim)} where the inputs have {sorted(tree)}")
        pairs = [(v, dim[k] if isinstance(dim, Mapping) else dim) for k, v in tree.items()]
    elif isinstance(tree, (list, tuple)):
        dims = dim if isinstance(dim, (list, tuple)) else [dim] * len(tree)
        pairs = list(zip(tree, dims, strict=True))
    else:
        return [(tree, dim)]
    return [pair for part, its in pairs for pair in _item_dims(part, its)]


def _sizes(tree, dim, name):
    """Yield the sizes of the mapped dimensions of an argument."""
    for leaf, its in _item_dims(tree, dim):
        if its is None:
            continue
        if not isinstance(its, int):
            raise ValueError(
                f"vmap({name}): Got in_dim={its} for an input but in_dim must be either an integer "
                "dimension or None."
            )
        if not isinstance(leaf, Tensor):
            raise ValueError(
                f"vmap({name}): Got in_dim={its} for an input but the input is of type "
                f"{type(leaf)}. We cannot vmap over non-Tensor arguments, please use None as the "
                "respective in_dim"
            )
        if not -leaf.dim() <= its < leaf.dim():
            raise ValueError(
                f"vmap({name}): Got in_dim={its} for some input, but that input is a Tensor of "
                f"dimensionality {leaf.dim()}"
            )
        yield leaf.shape[its]


def _item(tree, dim, i):
    """Return the argument of call number ``i``."""
    return tree_like(
        tree,
        [leaf if its is None else leaf.select(its, i) for leaf, its in _item_dims(tree, dim)],
    )


def _item_of_zeros(tree, dim):
    """Return an argument of zeros, of the shapes of an item, where there are no items."""
    return tree_like(
        tree,
        [
            leaf if its is None else leaf.sum(its).to(leaf.dtype)
            for leaf, its in _item_dims(tree, dim)
        ],
    )


def _dims_like(results, dims):
    """Return ``out_dims`` in the form of the results."""
    if dims is None or isinstance(dims, int):
        return tree_map(lambda _: dims, results)
    return dims[0] if isinstance(results, Tensor) and len(dims) == 1 else dims


def _without_items(results, dims):
    """Return stacked results of one item, without it."""
    dims = _dims_like(results, dims)
    return tree_map(lambda x, dim: x if dim is None else x.narrow(dim, 0, 0), results, dims)


def _stacked(results, dims, name):
    """Return the results of all calls as one, each leaf stacked in its dimension of ``dims``."""

    def together(dim, *parts):
        for part in parts:
            if not isinstance(part, Tensor):
                raise ValueError(
                    f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(part)}."
                )
        if dim is not None:
            return movedim(stack(parts), 0, dim)
        if not all(equal(part, parts[0]) for part in parts):
            raise ValueError(f"vmap({name}, ...): results that differ need an out_dim, not None")
        return parts[0]

    dims = _dims_like(results[0], dims)
    if tree_structure(dims) != tree_structure(results[0]):
        raise ValueError(
            f"vmap({name}, ..., out_dims={dims})(<inputs>): out_dims is not compatible with the "
            f"structure of the outputs, {tree_structure(results[0])}"
        )
    return tree_map(together, dims, *results)
