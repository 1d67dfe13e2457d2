"""Loss layers that compare scores or distances with a margin, and likelihoods.

Each calls the function of that name in ``nn.functional``, which says what it computes, and takes
its arguments, but the tensors.  The source of each is the layer of that name in ``torch.nn``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minigrad.nn import functional as F
from minigrad.nn.modules.distance import PairwiseDistance
from minigrad.nn.modules.loss import _Loss, _WeightedLoss
from minigrad.tensor import Tensor


class PoissonNLLLoss(_Loss):
    """See :func:`~minigrad.nn.functional.poisson_nll_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.PoissonNLLLoss()(minigrad.zeros(2), minigrad.tensor([1.0, 2.0]))
        tensor(1.)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return F.poisson_nll_loss(
            *(log_input, target, self.log_input, self.full),
            eps=self.eps,
            reduction=self.reduction,
        )


class GaussianNLLLoss(_Loss):
    """See :func:`~minigrad.nn.functional.gaussian_nll_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> x = minigrad.tensor([1.0, 3.0])
        >>> nn.GaussianNLLLoss()(x, minigrad.zeros(2), minigrad.ones(2))
        tensor(2.5000)
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor) -> Tensor:
        return F.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class HingeEmbeddingLoss(_Loss):
    """See :func:`~minigrad.nn.functional.hinge_embedding_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.HingeEmbeddingLoss()(minigrad.tensor([0.25, 0.25]), minigrad.tensor([1, -1]))
        tensor(0.5000)
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_Loss):
    """See :func:`~minigrad.nn.functional.cosine_embedding_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> x = minigrad.tensor([[1.0, 0.0]])
        >>> nn.CosineEmbeddingLoss()(x, x, minigrad.tensor([-1]))
        tensor(1.)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.cosine_embedding_loss(
            input1, input2, target, self.margin, reduction=self.reduction
        )


class MarginRankingLoss(_Loss):
    """See :func:`~minigrad.nn.functional.margin_ranking_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> one, two = minigrad.tensor([1.0, 1.0]), minigrad.tensor([2.0, 2.0])
        >>> nn.MarginRankingLoss()(one, two, minigrad.tensor([1, -1]))
        tensor(0.5000)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class SoftMarginLoss(_Loss):
    """See :func:`~minigrad.nn.functional.soft_margin_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.SoftMarginLoss()(minigrad.zeros(2), minigrad.tensor([1.0, -1.0]))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiMarginLoss(_WeightedLoss):
    """See :func:`~minigrad.nn.functional.multi_margin_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.MultiMarginLoss()(minigrad.tensor([[0.1, 0.2, 0.4, 0.8]]), minigrad.tensor([3]))
        tensor(0.3250)
    """

    def __init__(
        self,
        p: float = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"only p == 1 and p == 2 supported, got {p}")
        if weight is not None and weight.dim() != 1:
            raise ValueError(f"weight must be None or have dimension 1, got {weight.dim()}")
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multi_margin_loss(
            input, target, self.p, self.margin, self.weight, reduction=self.reduction
        )


class MultiLabelMarginLoss(_Loss):
    """See :func:`~minigrad.nn.functional.multilabel_margin_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> x, y = minigrad.tensor([[0.1, 0.2, 0.4, 0.8]]), minigrad.tensor([[3, 0, -1, 1]])
        >>> nn.MultiLabelMarginLoss()(x, y)
        tensor(0.8500)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """See :func:`~minigrad.nn.functional.multilabel_soft_margin_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.MultiLabelSoftMarginLoss()(minigrad.zeros(1, 2), minigrad.tensor([[1.0, 0.0]]))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    """See :func:`~minigrad.nn.functional.triplet_margin_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> a, p, n = minigrad.zeros(1, 2), minigrad.tensor([[3.0, 4.0]]), minigrad.ones(1, 2)
        >>> nn.TripletMarginLoss()(a, p, n)
        tensor(4.5858)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"margin must be greater than 0, got {margin}")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_loss(
            *(anchor, positive, negative, self.margin, self.p, self.eps, self.swap),
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(_Loss):
    """See :func:`~minigrad.nn.functional.triplet_margin_with_distance_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> a, p, n = minigrad.zeros(1, 2), minigrad.tensor([[3.0, 4.0]]), minigrad.ones(1, 2)
        >>> largest = lambda x, y: (x - y).abs().amax(-1)
        >>> nn.TripletMarginWithDistanceLoss(distance_function=largest)(a, p, n)
        tensor(4.)
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(f"margin must be greater than 0, got {margin}")
        self.distance_function = (
            PairwiseDistance() if distance_function is None else distance_function
        )
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


class CTCLoss(_Loss):
    """See :func:`~minigrad.nn.functional.ctc_loss`.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> log_probs = minigrad.full((3, 1, 2), 0.5).log()
        >>> nn.CTCLoss()(log_probs, minigrad.tensor([[1]]), (3,), (1,))
        tensor(0.2877)
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor | Sequence[int],
        target_lengths: Tensor | Sequence[int],
    ) -> Tensor:
        return F.ctc_loss(
            *(log_probs, targets, input_lengths, target_lengths),
            *(self.blank, self.reduction, self.zero_infinity),
        )
