"""Small programs in one: meta-learning, per-sample gradients, diffusion, distillation, layers made
from torch's base classes, checkpoints and processes that share a model."""

import copy
import math
import tempfile

import torch
import torch.multiprocessing as mp
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn.modules.utils import _pair
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

torch.manual_seed(7)


# meta-learning
net = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 1))
meta = torch.optim.Adam(net.parameters(), 1e-2)
for it in range(3):
    tot = 0
    for k in range(2):
        a, ph = torch.rand(1) * 4 + 0.1, torch.rand(1) * math.pi
        x = torch.rand(10, 1) * 10 - 5
        y = a * torch.sin(x + ph)
        w = dict(net.named_parameters())
        l = F.mse_loss(functional_call(net, w, (x,)), y)
        g = torch.autograd.grad(l, w.values(), create_graph=True)
        w = {n: p - 0.01 * gg for (n, p), gg in zip(w.items(), g)}
        tot = tot + F.mse_loss(functional_call(net, w, (x,)), y)
    meta.zero_grad()
    tot.backward()
    meta.step()
    print(round(tot.item(), 4))
# per-sample gradients
params = {k: v.detach() for k, v in net.named_parameters()}
X, Y = torch.randn(6, 1), torch.randn(6, 1)


def loss_fn(p, x, y):
    return F.mse_loss(functional_call(net, p, (x.unsqueeze(0),)), y.unsqueeze(0))


ps = vmap(grad(loss_fn), in_dims=(None, 0, 0))(params, X, Y)
print({k: tuple(v.shape) for k, v in ps.items()}, ps["0.weight"].norm(dim=(1, 2)))
# diffusion
T = 10
betas = torch.linspace(1e-4, 0.02, T)
ac = torch.cumprod(1 - betas, 0)
eps_net = nn.Sequential(nn.Linear(3, 32), nn.SiLU(), nn.Linear(32, 2))
ema = copy.deepcopy(eps_net).requires_grad_(False)
o = torch.optim.AdamW(eps_net.parameters(), 1e-3)
sch = OneCycleLR(o, 1e-2, total_steps=6)
for _ in range(6):
    x0 = torch.randn(32, 2)
    t = torch.randint(0, T, (32,))
    e = torch.randn_like(x0)
    xt = ac[t].sqrt()[:, None] * x0 + (1 - ac[t]).sqrt()[:, None] * e
    l = F.mse_loss(eps_net(torch.cat([xt, t[:, None] / T], 1)), e)
    o.zero_grad(set_to_none=True)
    l.backward()
    o.step()
    sch.step()
    for q, p in zip(ema.parameters(), eps_net.parameters()):
        q.lerp_(p, 0.1)
    print(f"{l:.4f} {sch.get_last_lr()[0]:.6f}")
x = torch.randn(4, 2)
with torch.inference_mode():
    for i in reversed(range(T)):
        z = torch.randn_like(x) if i > 0 else 0
        x = (
            x - betas[i] / (1 - ac[i]).sqrt() * ema(torch.cat([x, torch.full((4, 1), i / T)], 1))
        ) / (1 - betas[i]).sqrt() + betas[i].sqrt() * z
print(x)
# distillation, mixup, clip, plateau
tch, st = nn.Linear(5, 3), nn.Linear(5, 3)
so = torch.optim.SGD(st.parameters(), 0.5, momentum=0.9, nesterov=True)
pl = ReduceLROnPlateau(so, patience=0, factor=0.5)
for _ in range(4):
    x = torch.randn(16, 5)
    s, tt = st(x), tch(x).detach()
    kd = F.kl_div(F.log_softmax(s / 2, -1), F.softmax(tt / 2, -1), reduction="batchmean") * 4
    so.zero_grad()
    kd.backward()
    gn = nn.utils.clip_grad_norm_(st.parameters(), 0.5)
    so.step()
    pl.step(kd.item())
    print(f"{kd:.5f} {gn:.4f}", so.param_groups[0]["lr"])
# contrastive
z = F.normalize(torch.randn(8, 4, requires_grad=True), dim=-1)
sim = z @ z.T / 0.5
sim = sim.masked_fill(torch.eye(8, dtype=torch.bool), -9e15)
pos = torch.roll(torch.eye(8, dtype=torch.bool), 4, 0)
print((-sim[pos] + torch.logsumexp(sim, -1)).mean())


# conv layer of one's own
class MyConv(nn.Conv2d):
    def __init__(self, i, o, k):
        super().__init__(i, o, _pair(k))

    def forward(self, x):
        w = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(
            x,
            w / (w.std() + 1e-5),
            self.bias,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
        )


m = MyConv(2, 3, 3)
print(m, m(torch.ones(1, 2, 5, 5)).sum().item().__round__(4))


class GroupBN(nn.modules.batchnorm._BatchNorm):
    def _check_input_dim(self, input):
        pass


b = GroupBN(2)
print(
    b,
    isinstance(nn.BatchNorm2d(2), nn.modules.batchnorm._BatchNorm),
    b(torch.randn(3, 2, 4)).std().item().__round__(3),
)
for mod in nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).modules():
    if isinstance(mod, (nn.modules.batchnorm._NormBase, nn.modules.conv._ConvNd)):
        print(type(mod).__name__, mod.weight.shape)


class Noisy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.save_for_backward(x)
        ctx.k = k
        return x.clamp(min=0) * k

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x > 0) * ctx.k, None


v = torch.randn(5, requires_grad=True)
Noisy.apply(v, 2).sum().backward()
print(v.grad)
with tempfile.TemporaryDirectory() as d:
    f = d + "/ck.pth"
    torch.save({"epoch": 3, "model": net.state_dict(), "opt": meta.state_dict(), "best": 0.5}, f)
    ck = torch.load(f, map_location="cpu")
    net.load_state_dict(ck["model"], strict=True)
    meta.load_state_dict(ck["opt"])
    print(ck["epoch"], sorted(ck), f"{sum(p.sum() for p in net.parameters()):.4f}")


def work(rank, model):
    torch.manual_seed(rank)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1)


if __name__ == "__main__":
    mod = nn.Linear(2, 2)
    before = mod.weight.sum().item()
    mod.share_memory()
    ctx = mp.get_context("fork")
    pr = [ctx.Process(target=work, args=(r, mod)) for r in range(2)]
    for p in pr:
        p.start()
        p.join()
    print(round(mod.weight.sum().item() - before, 4))
    print(
        torch.__version__ >= "2.0",
        torch.backends.mps.is_available(),
        torch.get_default_dtype(),
        torch.nn.functional.softmax.__name__,
    )
