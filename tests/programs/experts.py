"""A mixture of experts, low-rank adaptation of a frozen net, and a student with a teacher."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class MoE(nn.Module):
    def __init__(self, d, n=4, k=2):
        super().__init__()
        self.experts = nn.ModuleList(
            [nn.Sequential(nn.Linear(d, 2 * d), nn.SiLU(), nn.Linear(2 * d, d)) for _ in range(n)]
        )
        self.w_gate = nn.Parameter(torch.zeros(d, n))
        self.w_noise = nn.Parameter(torch.zeros(d, n))
        self.k, self.n = k, n
        self.register_buffer("mean", torch.tensor([0.0]))

    def forward(self, x):
        clean = x @ self.w_gate
        std = F.softplus(x @ self.w_noise) + 1e-2
        logits = clean + (torch.randn_like(clean) * std) if self.training else clean
        top, idx = logits.topk(min(self.k + 1, self.n), dim=1)
        gates = F.softmax(top[:, : self.k], -1)
        zeros = torch.zeros_like(logits, requires_grad=True)
        gates = zeros.scatter(1, idx[:, : self.k], gates)
        imp = gates.sum(0)
        load = (gates > 0).sum(0)
        aux = imp.float().var() / (imp.float().mean() ** 2 + 1e-10)
        out = torch.zeros_like(x)
        for e, expert in enumerate(self.experts):
            rows = torch.nonzero(gates[:, e], as_tuple=True)[0]
            if rows.numel():
                out.index_add_(0, rows, expert(x[rows]) * gates[rows, e, None])
        return out, aux, load


m = MoE(8)
head = nn.Linear(8, 3)
x = torch.randn(90, 8)
y = x[:, :3].argmax(1)
opt = torch.optim.Adam(list(m.parameters()) + list(head.parameters()), 1e-2)
for i in range(40):
    o, aux, load = m(x)
    loss = F.cross_entropy(head(x + o), y) + 0.01 * aux
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 5 == 0:
        print(i, f"{loss.item():.4f} {aux.item():.4f}", load.tolist())


# low-rank adaptation: the layers of a net are frozen, and each gets a small part that is not
class LoRALinear(nn.Module):
    def __init__(self, lin, r=2, alpha=4):
        super().__init__()
        self.lin = lin
        self.lin.requires_grad_(False)
        self.A = nn.Parameter(lin.weight.new_empty(r, lin.in_features))
        self.B = nn.Parameter(lin.weight.new_zeros(lin.out_features, r))
        nn.init.kaiming_uniform_(self.A, a=5**0.5)
        self.s = alpha / r

    def forward(self, x):
        return self.lin(x) + (x @ self.A.mT @ self.B.mT) * self.s

    @torch.no_grad()
    def merge(self):
        self.lin.weight += self.s * self.B @ self.A
        return self.lin


base = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
for n, c in list(base.named_children()):
    if isinstance(c, nn.Linear):
        setattr(base, n, LoRALinear(c))
tr = [p for p in base.parameters() if p.requires_grad]
print(sum(p.numel() for p in tr), sum(p.numel() for p in base.parameters()))
opt = torch.optim.AdamW(tr, 0.02)
for i in range(40):
    loss = F.cross_entropy(base(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 10 == 0:
        print(i, f"{loss.item():.4f}")
before = base(x)
base[0] = base[0].merge()
print((base(x) - before).abs().max() < 1e-5, base)

# a small student learns from what a larger teacher says
teacher = nn.Sequential(m.experts[0], head).eval()
student = nn.Linear(8, 3)
T = 2.0
opt = torch.optim.SGD(student.parameters(), 0.5)
for i in range(30):
    with torch.no_grad():
        tl = teacher(x)
    sl = student(x)
    soft = F.kl_div(F.log_softmax(sl / T, -1), F.softmax(tl / T, -1), reduction="batchmean") * T * T
    loss = (
        0.7 * soft
        + 0.3 * F.cross_entropy(sl, y)
        + 0 * nn.CosineEmbeddingLoss()(sl, tl, torch.ones(90))
    )
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 6 == 0:
        print(i, f"{soft.item():.4f} {loss.item():.4f}")
