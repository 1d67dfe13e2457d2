"""Sequences of several lengths in one batch: padded with a value, or packed without gaps.

Packed sequences are sorted, longest first, and lie step by step: the first elements of all of them,
then the second elements of those that have one, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

from minigrad.dtypes import int64
from minigrad.ops.creation import full, tensor
from minigrad.ops.join import cat
from minigrad.tensor import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences packed into one tensor; made by :func:`pack_padded_sequence` and others.

    It is a named tuple, and converts as a tensor does: ``to``, ``double``, ``long`` and so on
    convert ``data``.

    Attributes:
        data: ``(rows, *)``, the elements of all sequences, step by step.
        batch_sizes: int64, how many sequences reach each step.
        sorted_indices: which of the given sequences each sorted one was; None if they were sorted.
        unsorted_indices: the inverse of that permutation.

    Source: ``torch.nn.utils.rnn.PackedSequence``.

    Example::

        >>> import minigrad
        >>> from minigrad.nn.utils.rnn import pack_sequence
        >>> a, b = minigrad.tensor([1, 2, 3]), minigrad.tensor([4, 5])
        >>> pack_sequence([a, b])[:2]
        (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with_data(self, data):
        return type(self)(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Return the sequences with ``data.to(...)``; themselves if that changes nothing."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._with_data(data)

    def double(self) -> Self:
        """Return the sequences as float64."""
        return self._with_data(self.data.double())

    def float(self) -> Self:
        """Return the sequences as float32."""
        return self._with_data(self.data.float())

    def half(self) -> Self:
        """Return the sequences as float16."""
        return self._with_data(self.data.half())

    def long(self) -> Self:
        """Return the sequences as int64."""
        return self._with_data(self.data.long())

    def int(self) -> Self:
        """Return the sequences as int32."""
        return self._with_data(self.data.int())

    def short(self) -> Self:
        """Return the sequences as int16."""
        return self._with_data(self.data.short())

    def char(self) -> Self:
        """Return the sequences as int8."""
        return self._with_data(self.data.char())

    def byte(self) -> Self:
        """Return the sequences as uint8."""
        return self._with_data(self.data.byte())

    def cpu(self) -> Self:
        """Return the sequences: they are on the CPU already."""
        return self

    def cuda(self) -> Self:
        """Raise AssertionError, as torch does without CUDA: minigrad runs on the CPU."""
        return self.to("cuda")

    @property
    def is_cuda(self) -> bool:
        """False: everything is on the CPU."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return the permutation that undoes ``permutation``, a vector of indices; None of None.

    Source: ``torch.nn.utils.rnn.invert_permutation``.
    """
    if permutation is None:
        return None
    places = permutation.tolist()
    return tensor(sorted(range(len(places)), key=places.__getitem__), dtype=int64)


def _whole_numbers(lengths):
    """Return ``lengths``, a tensor or a sequence, as a list of ints."""
    values = lengths.tolist() if isinstance(lengths, Tensor) else lengths
    return [int(n) for n in values]


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | Sequence[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Return padded sequences without their padding.

    Args:
        input: ``(T, N, *)``, or ``(N, T, *)`` if ``batch_first``.
        lengths: tensor or list of the N lengths, from 1 to T.
        batch_first: see ``input``.
        enforce_sorted: whether the lengths must be decreasing; False sorts the sequences.

    Raises RuntimeError if the lengths do not fit the input or ``enforce_sorted`` finds them
    increasing.

    Source: ``torch.nn.utils.rnn.pack_padded_sequence``.

    Example::

        >>> import minigrad
        >>> from minigrad.nn.utils.rnn import pack_padded_sequence
        >>> padded = minigrad.tensor([[1, 2, 0], [3, 4, 5]])
        >>> packed = pack_padded_sequence(padded, [2, 3], batch_first=True, enforce_sorted=False)
        >>> packed.data
        tensor([3, 1, 4, 2, 5])
        >>> packed.sorted_indices
        tensor([1, 0])
    """
    counts: list[int] = _whole_numbers(lengths)
    if batch_first:
        input = input.transpose(0, 1)
    steps, batch = input.size(0), input.size(1)
    if input.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    if len(counts) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} "
            f"(batch_size={batch})"
        )
    if min(counts) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if max(counts) > steps:
        raise RuntimeError(
            f"Expected lengths of at most {steps}, the steps of the input, but got {max(counts)}"
        )
    order = None
    if not enforce_sorted:
        places = sorted(range(batch), key=lambda i: -counts[i])
        counts = [counts[i] for i in places]
        order = tensor(places, dtype=int64)
        input = input.index_select(1, order)
    elif counts != sorted(counts, reverse=True):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. "
            "You can pass `enforce_sorted=False` to have the sequences sorted."
        )
    sizes = [sum(n > t for n in counts) for t in range(counts[0])]
    data = cat([row[:n] for row, n in zip(input.unbind(0), sizes, strict=False)])
    return PackedSequence(data, tensor(sizes, dtype=int64), order)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Return packed sequences padded, and their lengths: what undoes :func:`pack_padded_sequence`.

    Args:
        sequence: PackedSequence.
        batch_first: return ``(N, T, *)`` in place of ``(T, N, *)``.
        padding_value: what stands behind the end of the shorter ones.
        total_length: T, if it is to be more than the longest length.

    Raises ValueError if ``total_length`` is less than that.

    Source: ``torch.nn.utils.rnn.pad_packed_sequence``.

    Example::

        >>> import minigrad
        >>> from minigrad.nn.utils.rnn import pack_sequence, pad_packed_sequence
        >>> packed = pack_sequence([minigrad.tensor([1, 2, 3]), minigrad.tensor([4, 5])])
        >>> pad_packed_sequence(packed, batch_first=True, padding_value=-1)
        (tensor([[ 1,  2,  3],
                [ 4,  5, -1]]), tensor([3, 2]))
    """
    sizes = sequence.batch_sizes.tolist()
    steps = len(sizes)
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in "
                f"input, but got total_length={total_length} and max sequence length being {steps}"
            )
        sizes += [0] * (total_length - steps)
    split = sequence.data.split(sizes)
    rows = [_lengthen(row, sizes[0], padding_value) for row in split]
    padded = cat([row.unsqueeze(0) for row in rows])
    lengths = tensor([sum(n > i for n in sizes) for i in range(sizes[0])], dtype=int64)
    if sequence.unsorted_indices is not None:
        padded = padded.index_select(1, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices]
    return (padded.transpose(0, 1) if batch_first else padded), lengths


def _lengthen(x, length, value, left=False):
    """Return ``x`` with ``value`` added at its end, or start, up to ``length`` items."""
    if len(x) == length:
        return x
    rest = full((length - len(x), *x.shape[1:]), value, dtype=x.dtype)
    return cat([rest, x] if left else [x, rest])


def pad_sequence(
    sequences: Sequence[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Return sequences of several lengths as one tensor, the shorter ones padded.

    Args:
        sequences: iterable of tensors ``(length, *)``, whose ``*`` and dtype agree.
        batch_first: return ``(N, T, *)`` in place of ``(T, N, *)``, T being the longest length.
        padding_value: what stands in the place of missing elements.
        padding_side: "right", behind the end, or "left", before the start.

    Raises RuntimeError if there are no sequences, or they do not fit together.

    Source: ``torch.nn.utils.rnn.pad_sequence``.

    Example::

        >>> import minigrad
        >>> from minigrad.nn.utils.rnn import pad_sequence
        >>> pad_sequence([minigrad.tensor([1, 2, 3]), minigrad.tensor([4])], batch_first=True)
        tensor([[1, 2, 3],
                [4, 0, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    sequences = list(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    trailing, dtype = sequences[0].shape[1:], sequences[0].dtype
    for i, x in enumerate(sequences):
        if x.shape[1:] != trailing:
            raise RuntimeError(
                f"pad_sequence: all sizes but the first must agree, but sequence {i} has "
                f"{list(x.shape)}, and the first one {list(sequences[0].shape)}"
            )
    longest = max(len(x) for x in sequences)
    left = padding_side == "left"
    rows = [_lengthen(x.to(dtype), longest, padding_value, left) for x in sequences]
    return cat([row.unsqueeze(0 if batch_first else 1) for row in rows], 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False
) -> list[Tensor]:
    """Return the sequences of a padded tensor as a list: what undoes :func:`pad_sequence`.

    Source: ``torch.nn.utils.rnn.unpad_sequence``.

    Example::

        >>> import minigrad
        >>> from minigrad.nn.utils.rnn import unpad_sequence
        >>> padded = minigrad.tensor([[1, 2, 3], [4, 0, 0]])
        >>> unpad_sequence(padded, minigrad.tensor([3, 1]), batch_first=True)
        [tensor([1, 2, 3]), tensor([4])]
    """
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    pairs = zip(padded_sequences, _whole_numbers(lengths), strict=False)
    return [sequence[:length] for sequence, length in pairs]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Return a list of tensors ``(length, *)`` packed; see :func:`pack_padded_sequence`.

    Source: ``torch.nn.utils.rnn.pack_sequence``.

    Example::

        >>> import minigrad
        >>> from minigrad.nn.utils.rnn import pack_sequence
        >>> pack_sequence([minigrad.tensor([1, 2, 3]), minigrad.tensor([4])]).batch_sizes
        tensor([2, 1, 1])
    """
    lengths = [len(x) for x in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Return packed sequences as a list of tensors: what undoes :func:`pack_sequence`.

    Source: ``torch.nn.utils.rnn.unpack_sequence``.

    Example::

        >>> import minigrad
        >>> from minigrad.nn.utils.rnn import pack_sequence, unpack_sequence
        >>> unpack_sequence(pack_sequence([minigrad.tensor([1, 2]), minigrad.tensor([3])]))
        [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
