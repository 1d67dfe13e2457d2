"""A program as people write them, with a bit of everything."""

from collections.abc import Iterator

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import Tensor, nn, optim
from minigrad.nn.utils import clip_grad_norm_, parameters_to_vector
from minigrad.optim.lr_scheduler import (
    CosineAnnealingLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    ReduceLROnPlateau,
    SequentialLR,
)
from minigrad.utils.data import DataLoader, Dataset, Subset, random_split


class Block(nn.Module):
    scale: Tensor

    def __init__(self, dim: int, heads: int = 2, dropout: float = 0.1) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, dropout=dropout, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(
            nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim), nn.Dropout(dropout)
        )
        self.layers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(2)])
        self.table = nn.ModuleDict({"a": nn.Linear(dim, dim)})
        self.w = nn.Parameter(torch.zeros(dim))
        self.register_buffer("scale", torch.ones(1))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        h, _weights = self.attn(x, x, x, attn_mask=mask)
        x = self.norm(x + h) * self.scale + self.w
        for layer in self.layers:
            x = F.relu(layer(x))
        x = self.table["a"](x)
        y: Tensor = x + self.mlp(x)
        return y


class Squares(Dataset[tuple[Tensor, int]]):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return torch.tensor([float(index)]), index


def batches(data: DataLoader[tuple[Tensor, int]]) -> Iterator[Tensor]:
    for x, _y in data:
        yield x


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.pool = nn.MaxPool2d(2, 2)
        self.rnn = nn.LSTM(4, 8, num_layers=2, batch_first=True, bidirectional=True)
        self.emb = nn.Embedding(10, 4, padding_idx=0)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.relu(self.conv1(x)))
        x = torch.flatten(x, 1)
        x = x.view(-1, 4)
        out, (_h, _c) = self.rnn(x.unsqueeze(0))
        b, t, d = out.shape
        return F.log_softmax(out.reshape(b * t, d), dim=1)


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = Block(8).to(device)
opt = optim.AdamW(
    [{"params": model.norm.parameters(), "weight_decay": 0.0}, {"params": [model.w]}],
    lr=1e-3,
    betas=(0.9, 0.95),
)
sched: LRScheduler = SequentialLR(
    opt, [LinearLR(opt, 0.1), CosineAnnealingLR(opt, T_max=10)], milestones=[5]
)
plateau = ReduceLROnPlateau(opt, mode="min", patience=2)
lam = LambdaLR(opt, lr_lambda=lambda e: 0.9**e)
train, val = random_split(Squares(), [8, 2], generator=torch.Generator().manual_seed(0))
loader = DataLoader(train, batch_size=4, shuffle=True, drop_last=True, num_workers=0)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
total = 0.0
for x, y in loader:
    opt.zero_grad(set_to_none=True)
    loss = criterion(x, y)
    loss.backward()
    norm = clip_grad_norm_(model.parameters(), max_norm=1.0)
    opt.step()
    sched.step()
    total += loss.item() * x.size(0)
    correct = (x.argmax(dim=1) == y).sum().item()
plateau.step(total)
for group in opt.param_groups:
    group["lr"] = 0.1
lr: float = sched.get_last_lr()[0]
u, s, vh = torch.linalg.svd(torch.eye(3), full_matrices=False)
q, r = torch.linalg.qr(torch.eye(3))
vals = torch.linalg.eigh(torch.eye(3)).eigenvalues
sol: Tensor = torch.linalg.solve(torch.eye(3), torch.ones(3))
nrm: Tensor = torch.linalg.norm(torch.eye(3), ord="fro")
values, indices = torch.topk(torch.ones(3), 2)
values, indices = torch.sort(torch.ones(3), descending=True)
m, i = torch.max(torch.ones(2, 2), dim=1)
best = torch.max(torch.ones(2, 2)).item()
idx = torch.randint(0, 10, (3,))
idx2 = torch.randint(10, size=(3,))
g = torch.rand(size=(2, 3))
a = torch.arange(0, 10, 2, dtype=torch.float32)
b = torch.cat([a, a], dim=0)
b = torch.stack([a, a], 1)[:, None]
c = torch.where(a > 0, a, torch.zeros_like(a))
d = torch.where(a > 0, 1.0, 0.0)
e = a @ a
f = torch.einsum("i,i->", a, a)
h = (a - a.mean()) / (a.std() + 1e-5)
k = a.masked_fill(a > 0, float("-inf"))
n = a.numpy()
parts = torch.split(a, 2)
one, two = a.chunk(2, dim=-1)
a[0] = 1.0
a[a > 0] = 0
a += 1
j = -(a**2) / 2
t = torch.tensor([1, 2], device=device)
t2 = t.to(device, dtype=torch.long)
t3 = t.float().to("cpu")
gr = torch.autograd.grad(
    outputs=e,
    inputs=a,
    grad_outputs=torch.ones_like(e),
    create_graph=True,
    retain_graph=True,
    only_inputs=True,
)[0]
torch.save({"model": model.state_dict(), "opt": opt.state_dict(), "epoch": 1}, "x.pt")
ck = torch.load("x.pt", map_location="cpu", weights_only=True)
model.load_state_dict(ck["model"], strict=False)
missing = model.load_state_dict(ck["model"]).missing_keys
count: int = sum(p.numel() for p in model.parameters() if p.requires_grad)
for name, p in model.named_parameters():
    p.requires_grad_(False)
    if p.grad is not None:
        print(name, p.grad.norm().item())
model.apply(lambda mod: None)


def init(mod: nn.Module) -> None:
    if isinstance(mod, nn.Linear):
        nn.init.xavier_uniform_(mod.weight)
        if mod.bias is not None:
            nn.init.zeros_(mod.bias)


model.apply(init)
hook = model.norm.register_forward_hook(lambda mod, args, out: None)
hook.remove()
with torch.no_grad(), torch.autograd.set_detect_anomaly(True):
    z = model(torch.randn(2, 3, 8))


@torch.inference_mode()
def evaluate(net: nn.Module, data: DataLoader[tuple[Tensor, Tensor]]) -> float:
    net.eval()
    right = 0
    for x, y in data:
        right += int((net(x).argmax(1) == y).sum())
    return right / len(data)


class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, i):  # type: ignore[no-untyped-def]
        result = i.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, g):  # type: ignore[no-untyped-def]
        (result,) = ctx.saved_tensors
        return g * result


v = Exp.apply(a)
dist = torch.multinomial(F.softmax(a, dim=-1), num_samples=1).item()
sub = Subset(Squares(), [0, 1])
pv = parameters_to_vector(model.parameters())
closure_loss = opt.step(lambda: torch.ones(()))
nxt = next(iter(loader))
mask = torch.tril(torch.ones(3, 3)).bool()
mm = F.scaled_dot_product_attention(
    torch.ones(1, 2, 4), torch.ones(1, 2, 4), torch.ones(1, 2, 4), attn_mask=mask, is_causal=False
)
oh = F.one_hot(t, num_classes=4).float()
pd = F.pad(a, (1, 1), mode="constant", value=0)
ip = F.interpolate(torch.ones(1, 1, 4, 4), scale_factor=2, mode="bilinear", align_corners=False)
sz = tuple(a.shape)
tot = a.shape.numel()
