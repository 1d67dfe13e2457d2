"""Loss functions as layers.  Each calls the function of that name in ``nn.functional``.

All take ``reduction``: "mean" (the default), "sum", or "none" for one value per element (for
:class:`NLLLoss` and :class:`CrossEntropyLoss` per sample).  ``size_average`` and ``reduce`` are
torch's older way to say the same, and deprecated.  The source of each is the layer of that name in
``torch.nn``.
"""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.modules.module import Module
from minigrad.ops.loss import reduction_name
from minigrad.tensor import Tensor


class _Loss(Module):
    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = reduction_name(size_average, reduce, reduction)
        self.reduction = reduction


class _WeightedLoss(_Loss):
    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(_Loss):
    """The mean of ``abs(input - target)``.

    Shape: input and target alike.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.L1Loss()(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.0, 5.0]))
        tensor(1.5000)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """The mean of ``(input - target) ** 2``.

    Shape: input and target alike.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.MSELoss()(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.0, 5.0]))
        tensor(4.5000)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """The mean of ``d ** 2 / (2 * beta)`` where ``d = abs(input - target) < beta``, else
    ``d - beta / 2``.

    Shape: input and target alike.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.SmoothL1Loss()(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.5, 5.0]))
        tensor(1.3125)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """The mean of ``d ** 2 / 2`` where ``d = abs(input - target) < delta``, else
    ``delta * (d - delta / 2)``.

    Shape: input and target alike.  Raises TypeError if ``delta`` is no number.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.HuberLoss()(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.5, 5.0]))
        tensor(1.3125)
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        if not isinstance(delta, (int, float)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(_Loss):
    """The mean of ``target * (log(target) - input)``, where ``input`` holds log-probabilities.

    Args:
        log_target: whether ``target`` holds log-probabilities too.

    ``reduction="batchmean"`` divides the sum by the size of the first dimension, which is what
    mathematics means.  Shape: input and target alike.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> input = minigrad.tensor([[0.5, 0.5]]).log()
        >>> nn.KLDivLoss(reduction="batchmean")(input, minigrad.tensor([[0.25, 0.75]]))
        tensor(0.1308)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class BCELoss(_WeightedLoss):
    """The mean of ``-(target * log(input) + (1 - target) * log(1 - input))``.

    Args:
        weight: Tensor that broadcasts to the input, a factor for each element.

    Shape: input (probabilities) and target alike.  :class:`BCEWithLogitsLoss` is more accurate.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.BCELoss()(minigrad.tensor([0.5, 0.9]), minigrad.tensor([0.0, 1.0]))
        tensor(0.3993)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """Sigmoid and :class:`BCELoss` in one, computed so that large inputs do not overflow.

    Args:
        weight: Tensor that broadcasts to the input, a factor for each element.
        pos_weight: Tensor that broadcasts to the target, a factor for the positive examples.

    Shape: input (any numbers) and target alike.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.BCEWithLogitsLoss()(minigrad.tensor([0.0, 0.0]), minigrad.tensor([0.0, 1.0]))
        tensor(0.6931)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
            pos_weight=self.pos_weight,
        )


class NLLLoss(_WeightedLoss):
    """The mean of ``-input[i, target[i]]``, where ``input`` holds log-probabilities.

    Args:
        weight: Tensor ``(C,)``, a factor for each class; the mean is then weighted.
        ignore_index: samples whose target this is do not count.

    Shape: input ``(N, C)`` or ``(N, C, d1, ...)``, target ``(N,)`` or ``(N, d1, ...)`` of int64;
    also without N.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> input = minigrad.tensor([[0.5, 0.5], [0.1, 0.9]]).log()
        >>> nn.NLLLoss()(input, minigrad.tensor([0, 1]))
        tensor(0.3993)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class CrossEntropyLoss(_WeightedLoss):
    """LogSoftmax and :class:`NLLLoss` in one: ``input`` holds any numbers, one for each class.

    Args:
        weight: Tensor ``(C,)``, a factor for each class; the mean is then weighted.
        ignore_index: samples whose target this is do not count.
        label_smoothing: how much of the target, from 0 to 1, is spread over all classes.

    Shape: input ``(N, C)`` or ``(N, C, d1, ...)``, also without N.  Target: classes, int64, of the
    input's shape without C; or probabilities of the input's shape and dtype.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.CrossEntropyLoss()(minigrad.zeros(3, 10), minigrad.tensor([1, 0, 4]))
        tensor(2.3026)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
