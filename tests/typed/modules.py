"""Modules of one's own: parameters, buffers, containers, hooks, recurrence, attention."""

from typing import Any, assert_type

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import Tensor, nn


class Attention(nn.Module):
    mask: Tensor

    def __init__(self, dim: int, heads: int, length: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.scale = nn.Parameter(torch.ones(()))
        self.register_buffer("mask", torch.ones(length, length).tril().bool())

    def forward(self, x: Tensor) -> Tensor:
        batch, length, dim = x.shape
        split = [t.view(batch, length, self.heads, -1).transpose(1, 2) for t in self.split(x)]
        q, k, v = split
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask[:length, :length])
        return out.transpose(1, 2).reshape(batch, length, dim) * self.scale

    def split(self, x: Tensor) -> tuple[Tensor, ...]:
        whole: Tensor = self.qkv(x)
        return whole.chunk(3, dim=-1)

    def extra_repr(self) -> str:
        return f"heads={self.heads}"


class Stack(nn.Module):
    def __init__(self, dim: int, depth: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Attention(dim, 2, 16) for _ in range(depth))
        self.norms = nn.ModuleDict({"first": nn.LayerNorm(dim), "last": nn.RMSNorm(dim)})
        self.rnn = nn.GRU(dim, dim, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norms["first"](x)
        for block in self.blocks:
            x = x + block(x)
        out, _state = self.rnn(x)
        result: Tensor = self.norms["last"](out)
        return result


def watch(module: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:
    print(type(module).__name__, output.shape)


def start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        assert_type(nn.init.trunc_normal_(module.weight, std=0.02), Tensor)
        assert_type(module.weight, nn.Parameter)


model = Stack(8, depth=2)
assert_type(model.apply(start), Stack)
assert_type(model.to(torch.float64).float().train(False), Stack)
assert_type(model.blocks[0], nn.Module)
assert_type(model.norms["first"], nn.Module)
assert_type(model.get_parameter("blocks.0.scale"), nn.Parameter)
assert_type(dict(model.named_parameters()), dict[str, nn.Parameter])
assert_type([name for name, _ in model.named_modules()], list[str])
with model.rnn.register_forward_hook(watch):
    model(torch.randn(2, 5, 8))
copy = Stack(8, depth=2)
found = copy.load_state_dict(model.state_dict(), strict=False)
assert_type(found.missing_keys, list[str])
assert_type(nn.utils.parameters_to_vector(model.parameters()), Tensor)
packed = nn.utils.rnn.pack_sequence([torch.ones(3, 1), torch.ones(2, 1)])
padded, lengths = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
assert_type(lengths, Tensor)
model.register_buffer("x", 3)  # type: ignore[arg-type]
nn.Conv2d(1, 2, kernel_size=(3, "3"))  # type: ignore[arg-type]
nn.BatchNorm1d(2, epsilon=0.1)  # type: ignore[call-arg]
