"""Mixed precision, parameter groups, schedules, averages, early stopping, func."""

import copy
import math

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    SequentialLR,
    StepLR,
)
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

torch.manual_seed(0)
X = torch.randn(128, 8)
y = (X[:, :1] * 2 - X[:, 1:2] > 0).float()
net = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))
criterion = nn.BCEWithLogitsLoss()
# mixed precision
use_amp = torch.cuda.is_available()
scaler = torch.amp.GradScaler("cuda", enabled=use_amp)
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for i in range(3):
    with torch.autocast(device_type="cpu", enabled=use_amp):
        loss = criterion(net(X), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    scaler.step(opt)
    scaler.update()
    opt.zero_grad(set_to_none=True)
    print(f"{loss.item():.5f}")
print(loss)
# groups
decay = [p for n, p in net.named_parameters() if p.ndim >= 2]
nodecay = [p for n, p in net.named_parameters() if p.ndim < 2]
opt = torch.optim.AdamW(
    [{"params": decay, "weight_decay": 0.1}, {"params": nodecay, "weight_decay": 0.0}],
    lr=1e-3,
    betas=(0.9, 0.95),
)
print(opt)
print(len(decay), len(nodecay), f"{sum(p.numel() for p in decay):,}")


# schedules
def lrs(make, n=8):
    p = nn.Parameter(torch.zeros(1))
    o = torch.optim.SGD([p], lr=0.1, momentum=0.9)
    s = make(o)
    out = []
    for _ in range(n):
        out.append(round(o.param_groups[0]["lr"], 6))
        o.step()
        s.step()
    return out


for make in [
    lambda o: StepLR(o, 2, 0.5),
    lambda o: MultiStepLR(o, [2, 4]),
    lambda o: ExponentialLR(o, 0.9),
    lambda o: CosineAnnealingLR(o, 5),
    lambda o: LambdaLR(o, lambda e: min(1, (e + 1) / 4)),
    lambda o: LinearLR(o, 0.1, total_iters=4),
    lambda o: CosineAnnealingWarmRestarts(o, 3),
    lambda o: OneCycleLR(o, 0.5, total_steps=10),
    lambda o: CyclicLR(o, 0.01, 0.1, 2),
    lambda o: SequentialLR(o, [LinearLR(o, 0.1, total_iters=2), CosineAnnealingLR(o, 6)], [2]),
    lambda o: PolynomialLR(o, 5),
    lambda o: ConstantLR(o, 0.5, 3),
    lambda o: MultiplicativeLR(o, lambda e: 0.9),
    lambda o: ChainedScheduler([ConstantLR(o, 0.1, 2), ExponentialLR(o, 0.9)]),
]:
    print(lrs(make))
# EMA and SWA
ema = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9))
swa = AveragedModel(net)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
sw = SWALR(opt, swa_lr=0.05, anneal_epochs=2)
for i in range(5):
    opt.zero_grad()
    l = criterion(net(X), y)
    l.backward()
    opt.step()
    ema.update_parameters(net)
    swa.update_parameters(net)
    sw.step()
update_bn([X[:64], X[64:]], swa)
print(
    f"{criterion(ema(X), y).item():.4f} {criterion(swa(X), y).item():.4f}",
    swa.n_averaged,
    sw.get_last_lr(),
)
# lr finder with restore
state = copy.deepcopy(net.state_dict())
opt = torch.optim.SGD(net.parameters(), lr=1e-4)
found = []
for i in range(12):
    opt.param_groups[0]["lr"] = 1e-3 * 10 ** (i / 4)
    opt.zero_grad()
    l = criterion(net(X), y)
    l.backward()
    opt.step()
    found.append(f"{l.item():.3f}")
print(found)
net.load_state_dict(state)
# early stopping
best, wait, best_state = math.inf, 0, None
opt = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
for epoch in range(50):
    net.train()
    opt.zero_grad()
    l = criterion(net(X[:96]), y[:96])
    l.backward()
    opt.step()
    net.eval()
    with torch.inference_mode():
        v = criterion(net(X[96:]), y[96:]).item()
    if v < best - 1e-3:
        best, wait, best_state = v, 0, copy.deepcopy(net.state_dict())
    else:
        wait += 1
    if wait >= 3:
        print("early stop", epoch, f"{best:.4f}")
        break
net.load_state_dict(best_state)
fast = torch.compile(net)
print(fast(X[:2]).shape)


@torch.compile
def f(x):
    return torch.sin(x) ** 2 + torch.cos(x) ** 2


print(f(torch.ones(3)))
with torch.inference_mode():
    z = net(X[:1])
    print(z.requires_grad)
print(
    torch.are_deterministic_algorithms_enabled(), torch.get_num_threads() > 0, torch.initial_seed()
)
torch.use_deterministic_algorithms(True)
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False
torch.set_float32_matmul_precision("high")
torch.use_deterministic_algorithms(False)
st = torch.get_rng_state()
a = torch.rand(2)
torch.set_rng_state(st)
print(torch.equal(a, torch.rand(2)), torch.random.initial_seed())
with torch.random.fork_rng():
    torch.manual_seed(9)
    torch.rand(1)
print(torch.rand(1))
print(nn.utils.parameters_to_vector(net.parameters())[:3])
nn.utils.vector_to_parameters(
    torch.zeros(sum(p.numel() for p in net.parameters())), net.parameters()
)
print(net[0].weight.abs().sum())
acc = 4
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for i, xb in enumerate(X.split(16)):
    (criterion(net(xb), y[i * 16 : (i + 1) * 16]) / acc).backward()
    (i + 1) % acc or (opt.step(), opt.zero_grad())
print(
    net[3].bias,
    {k: tuple(v.shape) for k, v in net.state_dict().items()},
    [b.dtype for b in net.buffers()],
)
wn = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
print(wn)
sn = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2))
print([k for k in sn.state_dict()])
r = X[:1].expand(4, -1)
t = torch.ones(2, 3, 4)
print(
    r.shape,
    t.reshape(2, -1).shape,
    t.permute(0, 2, 1).shape,
    torch.einsum("bhw->bw", t),
    t.view(-1, 2).shape,
    t.unflatten(2, (2, 2)).shape,
    t.flatten(0, 1).shape,
    torch.block_diag(torch.ones(1), torch.eye(2)),
    t.movedim(0, -1).shape,
    t.transpose(1, 2).contiguous().view(2, 12).shape,
    t.unfold(2, 2, 1).shape,
    torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4])),
    torch.combinations(torch.arange(3)),
)
from torch.func import functional_call, grad, vmap

print(
    vmap(grad(lambda w, x: (w * x).sum()), in_dims=(None, 0))(
        torch.ones(2), torch.arange(4.0).view(2, 2)
    ),
    functional_call(
        nn.Linear(2, 1), {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}, torch.ones(2)
    ),
)
