"""einsum: sums of products of elements, named by letters."""

from typing import Any

from minigrad.ops.linalg import bmm
from minigrad.tensor import Tensor

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DOTS = "..."


def _from_lists(arguments: tuple[Any, ...]) -> tuple[str, tuple[Tensor, ...]]:
    """Return what ``einsum(x, [0, 1], y, [1, 2], [0, 2])`` says as an equation and operands."""

    def term(labels: list[Any]) -> str:
        for k in labels:
            if k is not Ellipsis and not 0 <= k < len(_LETTERS):
                raise ValueError(
                    f"einsum(): expected subscripts within the range [0, 52), but got {k}"
                )
        return "".join(_DOTS if k is Ellipsis else _LETTERS[k] for k in labels)

    operands = arguments[::2] if len(arguments) % 2 == 0 else arguments[:-1:2]
    equation = ",".join(term(labels) for labels in arguments[1::2])
    if len(arguments) % 2:
        equation += "->" + term(arguments[-1])
    return equation, operands


def _labels(term: str) -> list[str]:
    """Return the labels of one operand: letters, and "..." at most once."""
    found, rest = [], term
    while rest:
        if rest.startswith(_DOTS):
            if _DOTS in found:
                raise RuntimeError(f"einsum(): found '...' more than once in the term {term!r}")
            found.append(_DOTS)
            rest = rest[3:]
        elif rest[0] in _LETTERS:
            found.append(rest[0])
            rest = rest[1:]
        else:
            raise RuntimeError(
                f"einsum(): invalid subscript given in {term!r}, subscripts must be in [a-zA-Z] "
                f"or '...', but got {rest[0]!r}"
            )
    return found


def _without_dots(labels: list[str], rank: int) -> list[str]:
    """Return the labels with "..." replaced by numbers, that of the last dimension being 0."""
    if _DOTS not in labels:
        return labels
    count = rank - len(labels) + 1
    at = labels.index(_DOTS)
    return [*labels[:at], *(str(k) for k in range(count - 1, -1, -1)), *labels[at + 1 :]]


def _single(x: Tensor, labels: list[str]) -> tuple[Tensor, list[str]]:
    """Return an operand without repeated labels: of their dimensions, the diagonal."""
    labels = list(labels)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if x.size(i) != x.size(j):
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for an operand but the sizes don't "
                    f"match, {x.size(j)} != {x.size(i)}"
                )
            x = x.diagonal(0, i, j)
            labels = [*labels[:i], *labels[i + 1 : j], *labels[j + 1 :], label]
    return x, labels


def _summed(x: Tensor, labels: list[str], keep: set[str]) -> tuple[Tensor, list[str]]:
    """Return the sum over all labels that are not to be kept."""
    drop = tuple(i for i, label in enumerate(labels) if label not in keep)
    if drop:
        x = x.sum(drop)  # int64 of integers, as sums are
        labels = [label for label in labels if label in keep]
    return x, labels


def _pair(
    a: Tensor, a_labels: list[str], b: Tensor, b_labels: list[str], keep: set[str]
) -> tuple[Tensor, list[str]]:
    """Return the product of two operands, summed over what both have and nobody needs."""
    both = [k for k in a_labels if k in b_labels]
    # a size of 1 broadcasts: it is a factor only, and the other operand alone is summed over
    for k in both:
        i, j = a_labels.index(k), b_labels.index(k)
        if a.size(i) == 1 != b.size(j):
            a, a_labels = a.squeeze(i), [label for label in a_labels if label != k]
        elif b.size(j) == 1 != a.size(i):
            b, b_labels = b.squeeze(j), [label for label in b_labels if label != k]
        elif a.size(i) != b.size(j):
            raise RuntimeError(
                f"einsum(): the sizes of subscript {k} do not broadcast: {a.size(i)} and "
                f"{b.size(j)}"
            )
    a, a_labels = _summed(a, a_labels, keep | set(b_labels))
    b, b_labels = _summed(b, b_labels, keep | set(a_labels))
    batch = [k for k in a_labels if k in b_labels and k in keep]
    depth = [k for k in a_labels if k in b_labels and k not in keep]
    rows = [k for k in a_labels if k not in b_labels]
    columns = [k for k in b_labels if k not in a_labels]
    sizes = dict(zip([*a_labels, *b_labels], [*a.shape, *b.shape], strict=True))

    def arranged(x: Tensor, labels: list[str], *groups: list[str]) -> Tensor:
        """Permute to the groups' order, and make one dimension of each group."""
        x = x.permute(tuple(labels.index(k) for group in groups for k in group))
        return x.reshape(tuple(_product(sizes[k] for k in group) for group in groups))

    left = arranged(a, a_labels, batch, rows, depth)
    right = arranged(b, b_labels, batch, depth, columns)
    out = bmm(left, right) if depth else left * right
    labels = [*batch, *rows, *columns]
    return out.reshape(tuple(sizes[k] for k in labels)), labels


def _product(sizes: Any) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def einsum(*args: Any) -> Tensor:
    """Return the sum of products that an equation says: ``einsum("ik,kj->ij", a, b)``.

    Each operand's dimensions are named by letters.  Letters missing after ``->`` are summed over;
    a letter twice in one operand takes the diagonal; ``...`` stands for the other dimensions,
    which broadcast.  Without ``->`` the result has the letters that occur once, sorted.  Instead
    of an equation, lists of ints may follow the operands.  Operands of one dtype; they are
    multiplied from left to right.  RuntimeError for what does not fit.  Source: torch.einsum.

    >>> import minigrad
    >>> a = minigrad.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> minigrad.einsum("ij,ij->i", a, a)
    tensor([ 5., 25.])
    >>> minigrad.einsum("ii", a)
    tensor(5.)
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one "
            "operand and its subscripts list"
        )
    if isinstance(args[0], (int, float)):
        raise TypeError(
            f"einsum(): argument 'equation' (position 1) must be str, not {type(args[0]).__name__}"
        )
    if isinstance(args[0], str):
        equation, operands = args[0], args[1:]
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = tuple(operands[0])
    else:
        equation, operands = _from_lists(args)
    for x in operands:
        if not isinstance(x, Tensor):
            raise TypeError(f"einsum(): operands must be Tensors, not {type(x).__name__}")
    inputs, arrow, result = equation.replace(" ", "").partition("->")
    terms = [_labels(term) for term in inputs.split(",")]
    if len(terms) != len(operands):
        raise RuntimeError(
            f"einsum(): the equation has {len(terms)} terms, but {len(operands)} operands were "
            "given"
        )
    given = [k for term in terms for k in term]
    for term, x in zip(terms, operands, strict=True):
        letters = len(term) - (_DOTS in term)
        if letters > x.dim() or (letters < x.dim() and _DOTS not in term):
            raise RuntimeError(
                "einsum(): the number of subscripts in the equation "
                f"({letters}) does not match the number of dimensions ({x.dim()}) of an operand"
            )
    wide = max(
        (x.dim() - len(t) + 1 for t, x in zip(terms, operands, strict=True) if _DOTS in t),
        default=0,
    )
    if arrow:
        output = _labels(result)
        for k in output:
            if output.count(k) > 1:
                raise RuntimeError(f"einsum(): output subscript {k} appears more than once")
            if k not in given and k != _DOTS:
                raise RuntimeError(
                    f"einsum(): output subscript {k} does not appear in the equation for any input "
                    "operand"
                )
    else:
        output = [_DOTS] * (_DOTS in given)
        output += sorted(k for k in set(given) if k != _DOTS and given.count(k) == 1)
    dots = [str(k) for k in range(wide - 1, -1, -1)]
    output = [k for label in output for k in (dots if label == _DOTS else [label])]
    return _contract(list(operands), [list(t) for t in terms], output)


def _contract(operands: list[Tensor], terms: list[list[str]], output: list[str]) -> Tensor:
    """Multiply the operands one after the other, summing over each label when it is last seen."""
    parts = [
        _single(x, _without_dots(term, x.dim())) for x, term in zip(operands, terms, strict=True)
    ]
    x, labels = parts[0]
    for i, (other, other_labels) in enumerate(parts[1:], 1):
        later = {k for _, names in parts[i + 1 :] for k in names}
        x, labels = _pair(x, labels, other, other_labels, later | set(output))
    x, labels = _summed(x, labels, set(output))
    return x.permute(tuple(labels.index(k) for k in output))
