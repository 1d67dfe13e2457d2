"""Gradients, hooks, functions of one's own, and what one may not do."""

import torch

x = torch.ones(2, 2, requires_grad=True)
print(x)
y = x + 2
print(y)
print(y.grad_fn.name())
z = y * y * 3
out = z.mean()
print(z, out)
a = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
a = (a * 3) / (a - 1.5)
print(a.requires_grad)
a.requires_grad_(True)
print(a.requires_grad)
b = (a * a).sum()
print(b.grad_fn.name())
out.backward()
print(x.grad)
print(x.requires_grad, (x**2).requires_grad)
with torch.no_grad():
    print((x**2).requires_grad)
y = x.detach()
print(y.requires_grad, x.eq(y).all())
print(
    z.grad_fn.next_functions[0][0].name(),
    [f[0].name() if f[0] else None for f in z.grad_fn.next_functions],
    z.grad_fn.next_functions[0][0].next_functions[0][0].next_functions[0][0].name(),
)
# leaf, retain_grad, hooks
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
h = w * 2
h.retain_grad()
h.register_hook(lambda g: print("hook", g))
(h**2).sum().backward()
print(w.grad, h.grad, w.is_leaf, h.is_leaf)
hd = w.register_hook(lambda g: g * 10)
w.grad = None
(w * 3).sum().backward()
print(w.grad)
hd.remove()
w.grad.zero_()
(w * 3).sum().backward()
print(w.grad)
# grad
(g,) = torch.autograd.grad((w**3).sum(), w, create_graph=True)
print(g.data)
(gg,) = torch.autograd.grad(g.sum(), w)
print(gg)
print(torch.autograd.grad(w.sum(), [w, x], allow_unused=True))
jac = torch.autograd.functional.jacobian(lambda v: v**2 * 3, torch.tensor([1.0, 2.0]))
print(jac)
print(torch.autograd.functional.hessian(lambda v: (v**3).sum(), torch.tensor([1.0, 2.0])))
print(
    torch.autograd.functional.vjp(lambda v: v.exp(), torch.zeros(2), torch.ones(2)),
    torch.autograd.functional.hvp(
        lambda v: (v**3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0])
    ),
)


class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


r = MyReLU.apply(torch.tensor([-1.0, 2.0], requires_grad=True))
print(r, r.grad_fn.name())


class Exp(torch.autograd.Function):
    @staticmethod
    def forward(i):
        return i.exp()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, g):
        (result,) = ctx.saved_tensors
        return g * result


e = Exp.apply(torch.tensor([0.0, 1.0], requires_grad=True))
print(e)
print(
    torch.autograd.gradcheck(Exp.apply, torch.randn(3, dtype=torch.double, requires_grad=True)),
    torch.autograd.gradgradcheck(Exp.apply, torch.randn(3, dtype=torch.double, requires_grad=True)),
)


class Mul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b, k):
        ctx.save_for_backward(a, b)
        ctx.k = k
        ctx.set_materialize_grads(False)
        return a * b * k

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        ga = gb = None
        if ctx.needs_input_grad[0]:
            ga = g * b * ctx.k
        if ctx.needs_input_grad[1]:
            gb = g * a * ctx.k
        print(ctx.needs_input_grad)
        return ga, gb, None


p = torch.tensor(2.0, requires_grad=True)
q = torch.tensor(3.0)
Mul.apply(p, q, 5).backward()
print(p.grad, q.grad)
# in-place and versions
v = torch.ones(3, requires_grad=True)
u = v.clone()
u[0] = 5
u.mul_(2)
print(u)
u.sum().backward()
print(v.grad)
print(u._version, v._version)
for make in [
    "v.add_(1)",
    "(v * 2).backward()",
    "torch.ones(1).backward()",
    "v.numpy()",
    "torch.autograd.grad(torch.ones(1), v)",
]:
    try:
        eval(make)
    except Exception as err:
        print(type(err).__name__, str(err)[:50])
s = v * 2
t = s.exp()
t.add_(1)
try:
    t.sum().backward()
except RuntimeError as err:
    print("RuntimeError", str(err)[:50])
l = (v * 2).sum()
l.backward()
try:
    l.backward()
except RuntimeError as err:
    print(str(err)[:50])
