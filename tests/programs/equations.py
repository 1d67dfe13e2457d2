"""A Gaussian process, a neural differential equation, and a network that solves another one."""

import math

import torch
import torch.nn as nn
from torch.autograd.functional import hessian, jacobian
from torch.distributions import MultivariateNormal, Normal, kl_divergence

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
X = torch.linspace(0, 1, 20).unsqueeze(-1)
y = torch.sin(2 * math.pi * X).squeeze() + 0.1 * torch.randn(20)
ls, os_, noise = (torch.tensor(v, requires_grad=True) for v in (-1.0, 0.0, -2.0))
opt = torch.optim.Adam([ls, os_, noise], lr=0.1)


def k(a, b):
    return os_.exp() * torch.exp(-0.5 * (a - b.T) ** 2 / ls.exp() ** 2)


for i in range(40):
    K = k(X, X) + noise.exp() * torch.eye(20)
    Lc = torch.linalg.cholesky(K)
    alpha = torch.cholesky_solve(y.unsqueeze(-1), Lc)
    nll = 0.5 * y @ alpha.squeeze() + Lc.diagonal().log().sum() + 10 * math.log(2 * math.pi)
    opt.zero_grad()
    nll.backward()
    opt.step()
    if i % 8 == 0:
        print(
            i,
            f"{nll.item():.5f} {ls.exp().item():.5f} {noise.exp().item():.5f}",
            torch.allclose(nll, -MultivariateNormal(torch.zeros(20), K).log_prob(y)),
        )
xs = torch.tensor([[0.25], [0.6]])
Ks = k(xs, X)
mu = Ks @ torch.linalg.solve(K, y)
v = torch.linalg.solve_triangular(Lc, Ks.T, upper=False)
print(mu, (k(xs, xs) - v.T @ v).diagonal(), torch.logdet(K).item())
print(torch.linalg.slogdet(K.detach()), torch.linalg.eigvalsh(K.detach())[-3:])

# dy/dt = f(y^3), learned from a spiral
f = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
true = [torch.tensor([2.0, 0.0])]
for _ in range(20):
    true.append(true[-1] + 0.05 * (true[-1] ** 3 @ A))
true = torch.stack(true)
opt = torch.optim.RMSprop(f.parameters(), 1e-2)


def odeint(f, y, n, dt, method="rk4"):
    ys = [y]
    for _ in range(n):
        if method == "euler":
            y = y + dt * f(y**3)
        else:
            k1 = f(y**3)
            k2 = f((y + dt / 2 * k1) ** 3)
            k3 = f((y + dt / 2 * k2) ** 3)
            k4 = f((y + dt * k3) ** 3)
            y = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        ys.append(y)
    return torch.stack(ys)


for i in range(20):
    l = (odeint(f, true[0], 20, 0.05, "euler" if i % 2 else "rk4") - true).abs().mean()
    opt.zero_grad()
    l.backward()
    opt.step()
    if i % 4 == 0:
        print(i, f"{l.item():.5f}")
# u'' = -pi^2 sin(pi x) with u(0) = u(1) = 0
u = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 1))
opt = torch.optim.LBFGS(u.parameters(), lr=1.0, max_iter=15, line_search_fn="strong_wolfe")
x = torch.linspace(0, 1, 30).view(-1, 1).requires_grad_(True)
xb = torch.tensor([[0.0], [1.0]])


def closure():
    opt.zero_grad()
    o = u(x)
    du = torch.autograd.grad(o, x, torch.ones_like(o), create_graph=True)[0]
    d2 = torch.autograd.grad(du, x, grad_outputs=torch.ones_like(du), create_graph=True)[0]
    l = (d2 + math.pi**2 * torch.sin(math.pi * x)).pow(2).mean() + 10 * u(xb).pow(2).mean()
    l.backward()
    return l


for i in range(5):
    print(i, f"{opt.step(closure).item():.5f}")
with torch.no_grad():
    print((u(x) - torch.sin(math.pi * x)).abs().max())
print(
    jacobian(lambda z: z.exp().sum(1), torch.rand(2, 2)),
    hessian(lambda z: (z**3).sum(), torch.tensor([1.0, 2.0])),
    kl_divergence(Normal(0.0, 1.0), Normal(1.0, 2.0)),
)
