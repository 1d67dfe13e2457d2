"""Gradient accumulation, a search for the learning rate, early stopping with checkpoints, folds,
and a data set with transforms and a collate_fn."""

import argparse
import copy
import pickle
import tempfile

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset, SubsetRandomSampler, TensorDataset
from torch.utils.data.dataloader import default_collate

torch.manual_seed(7)
np.random.seed(7)
X = torch.randn(120, 5)
Y = (X @ torch.tensor([1.0, -2.0, 0.5, 0.0, 1.0]) + 0.1 * torch.randn(120)).unsqueeze(1)


def make():
    return nn.Sequential(nn.Linear(5, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 1))


model = make()
opt = torch.optim.AdamW(model.parameters(), lr=1e-2)
accum = 4
opt.zero_grad(set_to_none=True)
for i, (x, y) in enumerate(DataLoader(TensorDataset(X, Y), 10, shuffle=True)):
    loss = nn.functional.mse_loss(model(x), y) / accum
    loss.backward()
    if (i + 1) % accum == 0:
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, norm_type=2)
        opt.step()
        opt.zero_grad()
        print(i, f"{loss.item() * accum:.4f} {norm:.4f}")
# learning-rate finder
model = make()
state = copy.deepcopy(model.state_dict())
opt = torch.optim.SGD(model.parameters(), lr=1e-4)
sch = torch.optim.lr_scheduler.LambdaLR(opt, lr_lambda=lambda it: 10 ** (it / 8))
lrs, losses, best, avg = [], [], 0.0, 0.0
for it in range(24):
    b = torch.randint(0, 120, (16,))
    loss = ((model(X[b]) - Y[b]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    avg = 0.9 * avg + 0.1 * loss.item()
    sm = avg / (1 - 0.9 ** (it + 1))
    lrs.append(opt.param_groups[0]["lr"])
    losses.append(sm)
    best = sm if it == 0 or sm < best else best
    sch.step()
print(
    [f"{rate:.2e}" for rate in lrs[::6]],
    [f"{loss:.4f}" for loss in losses[::6]],
    lrs[int(np.gradient(np.array(losses)).argmin())],
)
model.load_state_dict(state)


class EarlyStopping:
    def __init__(self, patience, path):
        self.patience, self.path = patience, path
        self.counter, self.best, self.stop = 0, None, False

    def __call__(self, val, model):
        if self.best is None or val < self.best - 1e-3:
            self.best = val
            self.counter = 0
            state = {"model": model.state_dict(), "val": val, "args": args}
            torch.save(state | {"rng": torch.get_rng_state()}, self.path)
        else:
            self.counter += 1
            self.stop = self.counter >= self.patience
            print(f"EarlyStopping counter: {self.counter} out of {self.patience}")


args = argparse.Namespace(lr=5e-2, patience=2)
with tempfile.TemporaryDirectory() as d:
    es = EarlyStopping(args.patience, f"{d}/best.pth")
    opt = torch.optim.Adam(model.parameters(), args.lr)
    sch = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, "min", factor=0.5, patience=1)
    for epoch in range(30):
        model.train()
        for x, y in DataLoader(
            Subset(TensorDataset(X, Y), range(80)), 20, shuffle=True, drop_last=True
        ):
            opt.zero_grad()
            l = nn.MSELoss()(model(x), y)
            l.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            v = nn.MSELoss()(model(X[80:]), Y[80:]).item()
        sch.step(v)
        print(epoch, f"{l.item():.4f} {v:.4f}", sch.get_last_lr(), sch.num_bad_epochs)
        es(v, model)
        if es.stop:
            break
    try:
        torch.load(es.path)
    except pickle.UnpicklingError:
        print("the arguments are of a class that is not known to be safe")
    with torch.serialization.safe_globals([argparse.Namespace]):
        ck = torch.load(es.path, map_location=torch.device("cpu"))
    print(ck["args"], model.load_state_dict(ck["model"]), f"{ck['val']:.4f}")

# three folds
idx = np.random.permutation(120)
for k, fold in enumerate(np.array_split(idx, 3)):
    tr = np.setdiff1d(idx, fold)
    m = make()
    opt = torch.optim.Adam(m.parameters(), 1e-2)
    m.apply(lambda l: l.reset_parameters() if hasattr(l, "reset_parameters") else None)
    dl = DataLoader(TensorDataset(X, Y), batch_size=16, sampler=SubsetRandomSampler(tr))
    tl = DataLoader(TensorDataset(X, Y), batch_size=40, sampler=SubsetRandomSampler(fold))
    for e in range(3):
        for x, y in dl:
            opt.zero_grad()
            l = nn.HuberLoss()(m(x), y)
            l.backward()
            opt.step()
    error = sum(nn.L1Loss()(m(x), y).item() for x, y in tl)
    print(k, f"{l.item():.4f} {error:.4f}", len(dl), len(Subset(TensorDataset(X), tr)))


class ToTensor:
    def __call__(self, s):
        return {k: torch.from_numpy(np.asarray(v)) for k, v in s.items()}


class Scale:
    def __init__(self, f):
        self.f = f

    def __call__(self, s):
        return {**s, "image": s["image"].transpose((2, 0, 1)) * self.f}


class Compose:
    def __init__(self, ts):
        self.ts = ts

    def __call__(self, s):
        for t in self.ts:
            s = t(s)
        return s


class Faces(Dataset):
    def __init__(self, transform=None):
        self.transform = transform

    def __len__(self):
        return 6

    def __getitem__(self, i):
        if torch.is_tensor(i):
            i = i.tolist()
        s = {
            "image": np.full((2, 3, 1), i, dtype=np.float64),
            "landmarks": np.arange(i + 1).astype("float").reshape(-1, 1),
        }
        return self.transform(s) if self.transform else s


def collate(batch):
    lm = [b.pop("landmarks") for b in batch]
    out = default_collate(batch)
    out["landmarks"] = nn.utils.rnn.pad_sequence(lm, batch_first=True)
    out["n"] = torch.as_tensor([len(l) for l in lm])
    return out


for b in DataLoader(
    Faces(Compose([Scale(0.5), ToTensor()])), 3, shuffle=True, num_workers=0, collate_fn=collate
):
    print({k: (v.shape, v.dtype, v.sum().item()) for k, v in b.items()})
