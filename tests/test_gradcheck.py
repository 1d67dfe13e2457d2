"""The tester tested: gradcheck and gradgradcheck catch planted faults, and pass what is right."""

import numpy as np
import pytest

import minigrad
from minigrad import autograd
from minigrad.autograd import GradcheckError, gradcheck, gradgradcheck


def planted(backward, forward=lambda x: x * x):
    """Return x -> forward(x) whose gradient is ``backward(g, x)``."""

    class Planted(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx, g):
            return backward(g, *ctx.saved_tensors)

    return Planted.apply


def example(*shape):
    values = np.random.default_rng(0).uniform(0.5, 1.5, shape)
    return minigrad.tensor(values, requires_grad=True)


FAULTS = {
    "sign": lambda g, x: -2 * x * g,
    "scale": lambda g, x: 2.01 * x * g,
    "a factor missing": lambda g, x: x * g,
    "the incoming gradient missing": lambda g, x: 2 * x,
    "an offset": lambda g, x: 2 * x * g + 1e-3,
    "one element": lambda g, x: 2 * x * g + minigrad.eye(3, dtype=minigrad.float64) * 0.01,
    "transposed": lambda g, x: (2 * x * g).t().contiguous(),
    "zero": lambda g, x: g * 0,
    "None": lambda g, x: None,
    "NaN": lambda g, x: 2 * x * g + float("nan"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_caught(name):
    function = planted(FAULTS[name])
    with pytest.raises(GradcheckError):
        gradcheck(function, example(3, 3))
    assert gradcheck(function, example(3, 3), raise_exception=False) is False


def test_what_is_right_passes():
    assert gradcheck(planted(lambda g, x: 2 * x * g), example(3, 3))
    assert gradcheck(minigrad.exp, example(3))
    assert gradcheck(lambda a, b: a * b, (example(3), example(2, 1)))
    assert gradgradcheck(minigrad.exp, example(3))


def test_a_broadcast_sum_that_is_missing_is_caught():
    class Add(autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            return g, g[0]  # should be g.sum(0)

    with pytest.raises(GradcheckError, match="input 1"):
        gradcheck(Add.apply, (example(2, 3), example(3)))


def test_the_message_says_where():
    def fault(g, x):
        wrong = minigrad.zeros(2, 2, dtype=minigrad.float64)
        wrong[1, 0] = 0.5
        return 2 * x * g + wrong * g

    with pytest.raises(GradcheckError, match=r"input element \(1, 0\), output element 2"):
        gradcheck(planted(fault), example(2, 2))


def test_faults_in_the_second_gradient():
    class Square(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 * x.detach()  # right, but hides that it depends on x

    assert gradcheck(Square.apply, example(3))
    with pytest.raises(GradcheckError):
        gradgradcheck(Square.apply, example(3))


def test_a_gradient_that_differs_between_two_passes():
    calls = []

    def unsteady(g, x):
        calls.append(1)
        return (2 * x + len(calls) * 1e-7) * g

    with pytest.raises(GradcheckError, match="differ"):
        gradcheck(planted(unsteady), example(2))


def test_several_outputs_are_all_checked():
    class Two(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1, x * 3

        @staticmethod
        def backward(ctx, a, b):
            return a + 2 * b  # should be 3

    with pytest.raises(GradcheckError, match="output 1"):
        gradcheck(Two.apply, example(2))


def test_what_can_not_be_checked():
    with pytest.warns(UserWarning, match="not a double precision"):
        assert not gradcheck(
            minigrad.exp, minigrad.ones(2, requires_grad=True), raise_exception=False
        )
    with pytest.raises(ValueError, match="require"):
        gradcheck(minigrad.exp, minigrad.ones(2, dtype=minigrad.float64))


def test_the_inputs_are_left_as_they_were():
    x = example(2, 3)
    before = x.tolist()
    gradcheck(minigrad.tanh, x)
    gradgradcheck(minigrad.tanh, x)
    assert x.tolist() == before and x.grad is None


def test_inputs_without_gradient_and_other_arguments():
    mask = minigrad.tensor([True, False, True])
    assert gradcheck(lambda x, m, k: minigrad.where(m, x * k, x), (example(3), mask, 2.5))


def test_non_contiguous_and_empty_and_0d_inputs():
    x = minigrad.from_numpy(np.asfortranarray(np.random.default_rng(0).normal(size=(2, 3))))
    assert gradcheck(lambda x: x * x, x.requires_grad_())
    assert gradcheck(lambda x: x * x, example())
    assert gradcheck(lambda x: x * x, example(0))


class Product(autograd.Function):
    """``a * b``; the gradient of ``b`` does not know that it depends on anything."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g * b, (g * a).detach()


def test_one_first_gradient_cut_off_among_several():
    inputs = example(3), example(3)
    assert gradcheck(Product.apply, inputs)
    with pytest.raises(GradcheckError, match="output 1"):
        gradgradcheck(Product.apply, inputs)
    assert gradgradcheck(Product.apply, inputs, raise_exception=False) is False


def test_gradients_of_the_wrong_shape():
    for wrong in (lambda g, x: g[:2], lambda g, x: g.sum(), lambda g, x: g.reshape(3, 1)):
        with pytest.raises(RuntimeError, match=r"shape|size"):
            gradcheck(planted(wrong), example(3))


def test_a_gradient_in_single_precision_is_caught_by_its_rounding():
    function = planted(lambda g, x: (2 * x * g).float().double())
    with pytest.raises(GradcheckError):
        gradcheck(function, example(3), rtol=0, atol=1e-9)


def test_a_forward_that_draws_is_caught():
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: x * minigrad.rand(3, dtype=x.dtype), example(3))


def test_how_far_two_passes_may_differ():
    calls = []

    def unsteady(g, x):
        calls.append(1)
        return (2 * x + len(calls) * 1e-7) * g

    assert gradcheck(planted(unsteady), example(2), nondet_tol=1e-6)
    with pytest.raises(GradcheckError, match="differ"):
        gradcheck(planted(unsteady), example(2), nondet_tol=1e-8)


def test_an_output_that_is_not_differentiable_is_left_out():
    class Both(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            sign = x.sign()
            ctx.mark_non_differentiable(sign)
            return x * 2, sign

        @staticmethod
        def backward(ctx, g, _):
            return g * 2

    assert gradcheck(Both.apply, example(3))
    assert gradgradcheck(Both.apply, example(3))


def test_elements_that_share_memory_can_not_be_checked():
    x = minigrad.ones(1, dtype=minigrad.float64).expand(3).requires_grad_()
    with pytest.raises(RuntimeError, match="stride 0"):
        gradcheck(minigrad.exp, x)


def test_a_misspelt_option_is_an_error():
    with pytest.raises(TypeError, match="atoll"):
        gradcheck(minigrad.exp, example(3), atoll=1.0)
    assert gradcheck(minigrad.exp, example(3), fast_mode=True, check_undefined_grad=False)


def test_gradients_are_zero_where_those_of_the_outputs_are():
    faulty = planted(lambda g, x: 2 * x * g + 1e-7)
    with pytest.raises(GradcheckError, match="not multiplied by grad_output"):
        gradcheck(faulty, example(3), nondet_tol=1.0)


def test_outputs_without_gradients_may_not_vary():
    assert gradcheck(lambda x: minigrad.ones(2, dtype=x.dtype), example(3))
    assert gradcheck(lambda x: (x > 0).long(), example(3))
    with pytest.raises(GradcheckError, match="numeric"):
        gradcheck(lambda x: x.detach() * 2, example(3))


def test_one_way_must_be_checked():
    with pytest.raises(AssertionError, match="Expected at least one of"):
        gradcheck(minigrad.exp, example(3), check_backward_ad=False)
    with pytest.raises(AssertionError, match="Expected at least one of"):
        gradgradcheck(minigrad.exp, example(3), check_rev_over_rev=False)
    assert gradcheck(minigrad.exp, example(3), masked=True)


@pytest.mark.parametrize("gaps", [False, True])
def test_gradients_of_outputs_are_drawn_as_torch_draws_them(torch, gaps):
    found = []
    for lib in (minigrad, torch):
        seen = []

        class Square(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x, seen=seen):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, g, seen=seen):
                seen.append((g.tolist(), g.is_contiguous()))
                return g * 2 * ctx.saved_tensors[0]

        lib.manual_seed(0)
        x = lib.tensor([0.5, 1.0, 2.0], dtype=lib.float64, requires_grad=True)
        assert lib.autograd.gradgradcheck(Square.apply, x, gen_non_contig_grad_outputs=gaps)
        found.append(seen[0])
    if gaps:
        assert found[0][1] is found[1][1] is False
    else:
        assert found[0] == found[1]
