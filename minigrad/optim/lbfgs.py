"""L-BFGS, with or without a line search."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.ops.creation import zeros_like
from minigrad.ops.join import cat
from minigrad.optim.optimizer import Optimizer, ParamsT, check_lr
from minigrad.tensor import Tensor

__all__ = ["LBFGS"]


def _number(loss):
    """Return a loss, a tensor or a number, as a number."""
    return loss.item() if isinstance(loss, Tensor) else float(loss)


class LBFGS(Optimizer):
    """Limited-memory BFGS: steps along the gradient times an estimate of the inverse Hessian.

    Args:
        params: tensors (one parameter group only), see ``Optimizer``.
        lr: the length of a step, in units of the direction; where a line search begins.
        max_iter: iterations in one call of ``step``.
        max_eval: calls of the closure in one call of ``step``; by default ``max_iter * 5 // 4``.
        tolerance_grad: stop when no element of the gradient is larger.
        tolerance_change: stop when neither the parameters nor the loss change by more.
        history_size: how many steps the estimate is made from.
        line_search_fn: None, or ``"strong_wolfe"``.

    ``step(closure)`` needs the closure, which evaluates the model anew, calls ``backward()`` and
    returns the loss; it is called several times.  The state is kept under the first parameter.
    After Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4, 7.5, 3.5 and 3.6.

    >>> import minigrad
    >>> p = minigrad.tensor([1.0, 5.0], requires_grad=True)
    >>> optimizer = minigrad.optim.LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((p - minigrad.tensor([3.0, 2.0])) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(13., grad_fn=<SumBackward0>)
    >>> [round(value, 3) for value in p.tolist()]
    [3.0, 2.0]
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    # -------- all parameters as one vector

    def _gradient(self):
        params = self.param_groups[0]["params"]
        grads = (zeros_like(p) if p.grad is None else p.grad for p in params)
        return cat([g.reshape(-1) for g in grads])

    def _move(self, t, direction):
        offset = 0
        for p in self.param_groups[0]["params"]:
            part = direction[offset : offset + p.numel()]
            p.add_(part.reshape(p.shape), alpha=t)
            offset += p.numel()

    def _evaluated(self, closure, t, direction, start):
        """Return the loss and the gradient at distance ``t`` from ``start``, and go back there."""
        self._move(t, direction)
        loss = _number(self._evaluate(closure))
        gradient = self._gradient()
        for p, value in zip(self.param_groups[0]["params"], start, strict=True):
            p.copy_(value)
        return loss, gradient

    # -------- the step

    @no_grad()
    def step(self, closure: Callable[[], Any] | None) -> Any:  # type: ignore[override]  # as in torch
        """Make up to ``max_iter`` iterations; return the loss that they started from."""
        group = self.param_groups[0]
        lr, tolerance = float(group["lr"]), group["tolerance_change"]
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = self._evaluate(closure)
        loss, gradient, evaluations = _number(first_loss), self._gradient(), 1
        state["func_evals"] += 1
        if _largest(gradient) <= group["tolerance_grad"]:
            return first_loss

        for i in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = self._direction(state, gradient, group["history_size"])
            t = lr
            if state["n_iter"] == 1:  # nothing is known of the scale yet
                t = min(1.0, 1.0 / gradient.abs().sum().item()) * lr
            state.update(d=direction, t=t, prev_flat_grad=gradient.clone(), prev_loss=loss)
            slope = gradient.dot(direction).item()
            if slope > -tolerance:
                break
            calls = 0
            if group["line_search_fn"] is not None:
                if group["line_search_fn"] != "strong_wolfe":
                    raise RuntimeError("only 'strong_wolfe' is supported")
                start = [p.clone() for p in group["params"]]

                def at(t, direction=direction, start=start):
                    found, slopes = self._evaluated(closure, t, direction, start)
                    return t, found, slopes, slopes.dot(direction).item()

                origin = 0.0, loss, gradient, slope
                most = group["max_eval"] - evaluations
                (t, loss, gradient, _), calls = _strong_wolfe(
                    at, t, origin, _largest(direction), most
                )
                state["t"] = t
                self._move(t, direction)
            else:
                self._move(t, direction)
                if i != group["max_iter"]:  # otherwise nobody would use it
                    loss, gradient, calls = _number(self._evaluate(closure)), self._gradient(), 1
            evaluations += calls
            state["func_evals"] += calls
            if (
                evaluations >= group["max_eval"]
                or _largest(gradient) <= group["tolerance_grad"]
                or _largest(direction) * t <= tolerance
                or abs(loss - state["prev_loss"]) < tolerance
            ):
                break
        return first_loss

    def _direction(self, state, gradient, history_size):
        """Return the next direction, and take the last step into the history."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -gradient
        # changes of the gradient, the steps that made them, one over their products
        changes, steps, inverses = state["old_dirs"], state["old_stps"], state["ro"]
        change = gradient - state["prev_flat_grad"]
        step = state["d"] * state["t"]
        product = change.dot(step).item()
        if product > 1e-10:  # otherwise the estimate would not stay positive definite
            for history, new in ((changes, change), (steps, step), (inverses, 1.0 / product)):
                if len(history) == history_size:
                    history.pop(0)
                history.append(new)
            state["H_diag"] = product / change.dot(change).item()
        direction, factors = -gradient, []
        for y, s, inverse in zip(changes[::-1], steps[::-1], inverses[::-1], strict=True):
            factors.append(s.dot(direction).item() * inverse)
            direction.add_(y, alpha=-factors[-1])
        direction.mul_(state["H_diag"])
        for y, s, inverse in zip(changes, steps, inverses, strict=True):
            direction.add_(s, alpha=factors.pop() - y.dot(direction).item() * inverse)
        return direction


def _largest(x):
    return x.abs().max().item()


# ---------------------------------------------------------------- line search


def _strong_wolfe(at, t, origin, size, most, c1=1e-4, c2=0.9, tolerance=1e-9):
    """Search for a step length that satisfies the strong Wolfe conditions.

    Points are tuples ``(t, loss, gradient, slope)``; ``at(t)`` evaluates one, and ``origin`` is
    that with t = 0.  ``size`` is the largest element of the direction, ``most`` the number of
    evaluations beyond the first, ``tolerance`` how close two points may come (in torch, too, it is
    not the optimizer's).  Returns the point that was found, and how many evaluations there were.
    """
    _, loss, _, slope = origin

    def too_high(point):
        return point[1] > loss + c1 * point[0] * slope

    def flat_enough(point):
        return abs(point[3]) <= -c2 * slope

    # Go on until two points have a minimum between them, or one is good enough.
    before, new, calls, tries = origin, at(t), 1, 0
    while tries < most:
        if too_high(new) or (tries > 1 and new[1] >= before[1]):
            ends = [before, new]
            break
        if flat_enough(new):
            return new, calls
        if new[3] >= 0:
            ends = [before, new]
            break
        bounds = new[0] + 0.01 * (new[0] - before[0]), new[0] * 10
        before, new = new, at(_cubic_minimum(before, new, bounds))
        calls += 1
        tries += 1
    else:
        ends = [origin, new]

    # Narrow it down.
    low, stuck = _lower(ends), False
    while tries < most:
        first, last = sorted(end[0] for end in ends)
        if (last - first) * size < tolerance:
            break
        t = _cubic_minimum(*ends, (first, last))
        margin = 0.1 * (last - first)
        if min(last - t, t - first) < margin:  # close to an end: once is borne
            if stuck or t >= last or t <= first:
                t = last - margin if abs(t - last) < abs(t - first) else first + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new = at(t)
        calls += 1
        tries += 1
        if too_high(new) or new[1] >= ends[low][1]:
            ends[1 - low] = new
            low = _lower(ends)
        else:
            if flat_enough(new):
                return new, calls
            if new[3] * (ends[1 - low][0] - ends[low][0]) >= 0:
                ends[1 - low] = ends[low]
            ends[low] = new
    return ends[low], calls


def _lower(ends):
    """Return which of two points has the lower loss: as in torch the second, if one is NaN."""
    return 0 if ends[0][1] <= ends[1][1] else 1


def _cubic_minimum(a, b, bounds):
    """Return where the cubic through two points, with their slopes, is least within ``bounds``."""
    (x1, f1, _, g1), (x2, f2, _, g2) = a, b
    if x1 > x2:
        x1, f1, g1, x2, f2, g2 = x2, f2, g2, x1, f1, g1
    low, high = bounds
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1 * d1 - g1 * g2
    if not square >= 0:  # (nor if it is NaN)
        return (low + high) / 2
    d2 = sqrt(square)
    over, under = g2 + d2 - d1, g2 - g1 + 2 * d2
    if under == 0:  # a straight line
        return high if over < 0 else low
    least = x2 - (x2 - x1) * (over / under)
    return min(max(least, low), high)
