"""Checkpoints, pruning, parametrizations, and what is saved."""

from pathlib import Path
from typing import Any, assert_type

import minigrad as torch
from minigrad import Tensor, nn, optim
from minigrad.nn.utils import parametrizations, parametrize, prune
from minigrad.utils.checkpoint import checkpoint, checkpoint_sequential


class Deep(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.utils.weight_norm(nn.Linear(4, 4), name="weight")
        self.second = parametrizations.spectral_norm(nn.Linear(4, 4))

    def middle(self, x: Tensor) -> Tensor:
        y: Tensor = self.first(x).relu()
        return y

    def forward(self, x: Tensor) -> Tensor:
        x = checkpoint(self.middle, x, use_reentrant=False)
        y: Tensor = self.second(x)
        return y


class Symmetric(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.triu() + x.triu(1).mT


class Keep(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def __init__(self, above: float) -> None:
        self.above = above

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask * (t.abs() > self.above)


model = Deep()
assert_type(model.first, nn.Linear)
assert_type(model.second.out_features, int)
layer = nn.Linear(3, 3)
assert_type(prune.l1_unstructured(layer, "weight", amount=0.5), nn.Linear)
assert_type(prune.remove(layer, "weight"), nn.Linear)
prune.global_unstructured([(layer, "weight")], prune.L1Unstructured, amount=2)
assert_type(prune.is_pruned(layer), bool)
assert_type(parametrize.register_parametrization(nn.Linear(2, 2), "weight", Symmetric()), nn.Linear)
assert_type(nn.utils.fusion.fuse_conv_bn_eval(nn.Conv1d(1, 1, 1), nn.BatchNorm1d(1)), nn.Conv1d)
sequence = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
out: Tensor = checkpoint_sequential(sequence, 2, torch.ones(1, 2), use_reentrant=False)


def save(path: Path, net: nn.Module, optimizer: optim.Optimizer, epoch: int) -> None:
    state = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
    torch.save(state, path)


def load(path: Path, net: nn.Module) -> int:
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    net.load_state_dict(state["model"])
    epoch: int = state["epoch"]
    return epoch


save(Path("model.pt"), model, optim.AdamW(model.parameters()), epoch=1)
assert_type(load(Path("model.pt"), model), int)
prune.l1_unstructured(layer, "weight", amount="half")  # type: ignore[arg-type]
prune.global_unstructured([layer], prune.L1Unstructured, amount=2)  # type: ignore[list-item]
torch.save(model.state_dict(), 3.5)  # type: ignore[arg-type]
