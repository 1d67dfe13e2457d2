"""Transforms and constraints of minigrad.distributions: torch's numbers, names and errors."""

import math

import numpy as np
import pytest

import minigrad
from minigrad import distributions

TRANSFORMS = {
    "exp": lambda d, t: d.ExpTransform(),
    "affine": lambda d, t: d.AffineTransform(1.0, t([-2.0, 1.0, 0.5])),
    "affine of numbers": lambda d, t: d.AffineTransform(1.0, -2.0),
    "affine vectors": lambda d, t: d.AffineTransform(t([1.0, 2.0, 3.0]), 2.0, event_dim=1),
    "affine vectors, tensor": lambda d, t: d.AffineTransform(0.0, t(2.0), event_dim=1),
    "sigmoid": lambda d, t: d.SigmoidTransform(),
    "tanh": lambda d, t: d.TanhTransform(),
    "softplus": lambda d, t: d.SoftplusTransform(),
    "power": lambda d, t: d.ComposeTransform([d.ExpTransform(), d.PowerTransform(t(-2.0))]),
    "abs": lambda d, t: d.AbsTransform(),
    "softmax": lambda d, t: d.SoftmaxTransform(),
    "inverse": lambda d, t: d.ComposeTransform([d.SigmoidTransform(), d.ExpTransform().inv]),
    "composed": lambda d, t: d.ComposeTransform(
        [d.AffineTransform(0.5, t([1.0, 2.0, 3.0]), event_dim=1), d.TanhTransform()]
    ),
    "composed inverse": lambda d, t: (
        d.ComposeTransform([d.SigmoidTransform().inv, d.TanhTransform().inv]).inv
    ),
    "independent": lambda d, t: d.IndependentTransform(d.TanhTransform(), 1),
    "nothing": lambda d, t: d.identity_transform,
    "cumulative": lambda d, t: d.CumulativeDistributionTransform(d.Normal(t([0.5, 1.0, 0.0]), 2.0)),
    "stick": lambda d, t: d.StickBreakingTransform(),
    "correlation": lambda d, t: d.CorrCholeskyTransform(),
    "reshape": lambda d, t: d.ReshapeTransform((3,), (3, 1)),
    "cat": lambda d, t: d.CatTransform([d.ExpTransform(), d.TanhTransform()], -1, [1, 2]),
    "cat of rows": lambda d, t: d.CatTransform([d.ExpTransform(), d.SigmoidTransform()]),
    "cat of vectors": lambda d, t: d.CatTransform(
        [d.AffineTransform(0.5, 2.0, event_dim=1), d.TanhTransform()], 0
    ),
    "stack": lambda d, t: d.StackTransform([d.ExpTransform(), d.TanhTransform()], 0),
    "stack of numbers": lambda d, t: d.StackTransform(
        [d.ExpTransform(), d.TanhTransform(), d.identity_transform], -1
    ),
}  # fmt: skip


def described(transform, library):
    """Return all that a transform says of a value, and of itself."""

    def numbers(ask):
        try:
            return np.asarray(ask().detach())
        except (NotImplementedError, AttributeError, ValueError) as error:
            return type(error).__name__

    x = library.tensor([[-0.5, 0.2, 0.7], [0.9, -0.8, 0.1]])
    y = transform(x)
    return [
        numbers(lambda: y),
        numbers(lambda: transform.inv(y)),
        numbers(lambda: transform.log_abs_det_jacobian(x, y)),
        numbers(lambda: transform.inv.log_abs_det_jacobian(y, x)),
        numbers(lambda: transform.with_cache()(x)),
        numbers(lambda: library.as_tensor(transform.sign)),
        *map(repr, (transform, transform.domain, transform.codomain)),
        (transform.bijective, transform.inv.inv is transform),
        numbers(lambda: library.tensor(transform.event_dim)),
        transform == transform.inv.inv,
    ]


@pytest.mark.parametrize("case", TRANSFORMS)
def test_transforms(case, torch):
    both = (
        described(TRANSFORMS[case](library.distributions, library.tensor), library)
        for library in (minigrad, torch)
    )
    for ours, theirs in zip(*both, strict=True):
        if isinstance(theirs, np.ndarray):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
        else:
            assert ours == theirs


CHECKED = "boolean nonnegative_integer positive_integer real positive nonnegative unit_interval \
    simplex one_hot real_vector"
MATRICES = "lower_triangular lower_cholesky square symmetric positive_semidefinite \
    positive_definite corr_cholesky"


def test_constraints(torch):
    vectors = [[0.0, 1.0], [0.5, 0.5], [-1.0, 2.0], [1.0, 1.0], [math.nan, math.inf]]
    squares = [
        [[1.0, 0.0], [0.6, 0.8]],
        [[1.0, 0.0], [0.5, 1.0]],
        [[1.0, 0.5], [0.5, 1.0]],
        [[1.0, 2.0], [2.0, 1.0]],
    ]
    for names, values in ((CHECKED, vectors), (MATRICES, squares), (MATRICES, squares[2:])):
        for name in names.split():
            ours = getattr(distributions.constraints, name)
            theirs = getattr(torch.distributions.constraints, name)
            assert repr(ours) == repr(theirs)
            assert (ours.event_dim, ours.is_discrete) == (theirs.event_dim, theirs.is_discrete)
            mine, yours = ours.check(minigrad.tensor(values)), theirs.check(torch.tensor(values))
            assert mine.tolist() == yours.tolist(), name


CONSTRAINTS = {
    "real": lambda c, t: c.real,
    "real_vector": lambda c, t: c.real_vector,
    "positive": lambda c, t: c.positive,
    "nonnegative": lambda c, t: c.nonnegative,
    "greater_than": lambda c, t: c.greater_than(t([1.0, -1.0, 0.0])),
    "less_than": lambda c, t: c.less_than(-2.0),
    "unit_interval": lambda c, t: c.unit_interval,
    "interval": lambda c, t: c.interval(-2.0, 3.0),
    "half_open_interval": lambda c, t: c.half_open_interval(t([0.0, 1.0, 2.0]), 5.0),
    "simplex": lambda c, t: c.simplex,
    "corr_cholesky": lambda c, t: c.corr_cholesky,
    "cat": lambda c, t: c.cat([c.positive, c.interval(1.0, 2.0)], -1, [1, 2]),
    "stack": lambda c, t: c.stack([c.positive, c.less_than(0.0)], 0),
}


@pytest.mark.parametrize("case", CONSTRAINTS)
def test_transforms_to_constraints(case, torch):
    for name in ("biject_to", "transform_to"):
        both = []
        for library in (minigrad, torch):
            d = library.distributions
            constraint = CONSTRAINTS[case](d.constraints, library.tensor)
            transform = getattr(d, name)(constraint)
            assert constraint.check(transform(library.tensor([[-0.5, 0.2, 0.7]] * 2))).all()
            both.append([*described(transform, library), repr(constraint)])
        for ours, theirs in zip(*both, strict=True):
            if isinstance(theirs, np.ndarray):
                np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
            else:
                assert ours == theirs


@pytest.mark.parametrize("name", ["lower_cholesky", "positive_definite", "positive_semidefinite"])
def test_transforms_to_matrices(name, torch):
    x = [[0.5, 1.0], [-0.3, 0.2]]
    both = []
    for library in (minigrad, torch):
        transform = library.distributions.transform_to(
            getattr(library.distributions.constraints, name)
        )
        y = transform(library.tensor(x))
        both.append((y.numpy(), transform.inv(y).numpy(), repr(transform), transform.bijective))
    np.testing.assert_allclose(both[0][0], both[1][0], rtol=1e-5)
    np.testing.assert_allclose(both[0][1], both[1][1], rtol=1e-5, atol=1e-6)
    assert both[0][2:] == both[1][2:]


def test_shapes_of_transforms(torch):
    cases = {
        "StickBreakingTransform()": [(4,), (2, 5), ()],
        "CorrCholeskyTransform()": [(3,), (2, 6), (5,), ()],
        "SoftmaxTransform()": [(4,), ()],
        "ReshapeTransform((2, 3), (6,))": [(2, 3), (4, 2, 3), (2, 4), (2,)],
    }
    for made, shapes in cases.items():
        for shape in shapes:
            outcomes = []
            for library in (minigrad, torch):
                transform = eval(made, vars(library.distributions.transforms))
                try:
                    there = transform.forward_shape(shape)
                    outcomes.append((tuple(there), tuple(transform.inverse_shape(there))))
                except ValueError as error:
                    outcomes.append(str(error).replace("torch.Size", "minigrad.Size"))
            assert outcomes[0] == outcomes[1], (made, shape)


# ---------------------------------------------------------------- without torch


def test_stretch_is_the_determinant_of_the_jacobian():
    x = minigrad.tensor([0.3, -0.7, 1.1], dtype=minigrad.float64)
    stick = distributions.StickBreakingTransform()
    jacobian = minigrad.autograd.functional.jacobian(lambda x: stick(x)[:-1], x)
    expected = minigrad.linalg.slogdet(jacobian).logabsdet
    assert minigrad.allclose(stick.log_abs_det_jacobian(x, stick(x)), expected)
    correlation = distributions.CorrCholeskyTransform()
    rows, columns = minigrad.tril_indices(3, 3, offset=-1)
    jacobian = minigrad.autograd.functional.jacobian(lambda x: correlation(x)[rows, columns], x)
    expected = minigrad.linalg.slogdet(jacobian).logabsdet
    assert minigrad.allclose(correlation.log_abs_det_jacobian(x, correlation(x)), expected)
    for transform in (stick, correlation):
        assert minigrad.allclose(transform.inv(transform(x)), x)
