"""A Transformer that predicts the next number, and other ways with words."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.nn import TransformerEncoder, TransformerEncoderLayer

torch.manual_seed(0)


def generate_square_subsequent_mask(sz: int) -> Tensor:
    return torch.triu(torch.ones(sz, sz) * float("-inf"), diagonal=1)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, dropout: float = 0.0, max_len: int = 500):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(x + self.pe[: x.size(0)])


class TransformerModel(nn.Module):
    def __init__(
        self, ntoken: int, d_model: int, nhead: int, d_hid: int, nlayers: int, dropout: float = 0.0
    ):
        super().__init__()
        self.model_type = "Transformer"
        self.pos_encoder = PositionalEncoding(d_model, dropout)
        self.transformer_encoder = TransformerEncoder(
            TransformerEncoderLayer(d_model, nhead, d_hid, dropout),
            nlayers,
            enable_nested_tensor=False,
        )
        self.embedding = nn.Embedding(ntoken, d_model)
        self.d_model = d_model
        self.linear = nn.Linear(d_model, ntoken)
        self.init_weights()

    def init_weights(self) -> None:
        initrange = 0.1
        self.embedding.weight.data.uniform_(-initrange, initrange)
        self.linear.bias.data.zero_()
        self.linear.weight.data.uniform_(-initrange, initrange)

    def forward(self, src: Tensor, src_mask: Tensor = None) -> Tensor:
        src = self.embedding(src) * math.sqrt(self.d_model)
        src = self.pos_encoder(src)
        if src_mask is None:
            src_mask = nn.Transformer.generate_square_subsequent_mask(len(src))
        return self.linear(self.transformer_encoder(src, src_mask))


data = torch.cat([torch.arange(20), torch.arange(20).flip(0)]).repeat(12)


def batchify(data: Tensor, bsz: int) -> Tensor:
    seq_len = data.size(0) // bsz
    return data[: seq_len * bsz].view(bsz, seq_len).t().contiguous()


train = batchify(data, 8)
bptt = 15
print(train.shape, generate_square_subsequent_mask(3))


def get_batch(source, i):
    n = min(bptt, len(source) - 1 - i)
    return source[i : i + n], source[i + 1 : i + 1 + n].reshape(-1)


model = TransformerModel(20, 16, 2, 32, 2)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1.0, gamma=0.95)
for epoch in range(3):
    model.train()
    total = 0.0
    for batch, i in enumerate(range(0, train.size(0) - 1, bptt)):
        d, t = get_batch(train, i)
        loss = criterion(model(d).view(-1, 20), t)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        total += loss.item()
    print(
        f"| epoch {epoch:3d} | lr {scheduler.get_last_lr()[0]:02.2f} | loss {total / (batch + 1):5.2f} | ppl {math.exp(total / (batch + 1)):8.2f}"
    )
    scheduler.step()
model.eval()
with torch.no_grad():
    print(
        model(train[:3])[0, 0, :4],
        model.transformer_encoder.layers[0].self_attn.in_proj_weight.shape,
    )
    print(model)
tr = nn.Transformer(
    d_model=16,
    nhead=4,
    num_encoder_layers=1,
    num_decoder_layers=1,
    dim_feedforward=32,
    dropout=0.0,
    batch_first=True,
)
s, t = torch.randn(2, 5, 16), torch.randn(2, 4, 16)
o = tr(
    s,
    t,
    tgt_mask=tr.generate_square_subsequent_mask(4),
    src_key_padding_mask=torch.tensor([[False] * 5, [False] * 3 + [True] * 2]),
)
print(o.shape, f"{o.std().item():.4f}", o[0, 0, :3])


# attention from scratch, bag of words, ngram, cbow
class NGram(nn.Module):
    def __init__(self, v, e, c):
        super().__init__()
        self.embeddings = nn.Embedding(v, e)
        self.linear1 = nn.Linear(c * e, 32)
        self.linear2 = nn.Linear(32, v)

    def forward(self, i):
        return F.log_softmax(
            self.linear2(F.relu(self.linear1(self.embeddings(i).view((1, -1))))), dim=1
        )


text = (
    "When forty winters shall besiege thy brow and dig deep trenches in thy beauty's field".split()
)
vocab = sorted(set(text))
ix = {w: i for i, w in enumerate(vocab)}
m = NGram(len(vocab), 10, 2)
opt = torch.optim.SGD(m.parameters(), lr=0.05)
losses = []
for ep in range(4):
    total = 0
    for i in range(2, len(text)):
        m.zero_grad()
        lp = m(torch.tensor([ix[text[i - 1]], ix[text[i - 2]]], dtype=torch.long))
        loss = nn.NLLLoss()(lp, torch.tensor([ix[text[i]]], dtype=torch.long))
        loss.backward()
        opt.step()
        total += loss.item()
    losses.append(round(total, 3))
print(losses)
print(m.embeddings.weight[ix["thy"]])
print(lp)


def log_sum_exp(vec):
    mx = vec[0, vec.argmax(1)[0]]
    return mx + torch.log(torch.sum(torch.exp(vec - mx.view(1, -1).expand(1, vec.size()[1]))))


print(log_sum_exp(torch.tensor([[1.0, 2.0, 3.0]])))
bag = nn.EmbeddingBag(10, 4, mode="mean")
print(
    bag(torch.tensor([1, 2, 3, 4]), torch.tensor([0, 2])).shape,
    nn.Embedding.from_pretrained(torch.eye(3))(torch.tensor([2])),
)
q = k = v = torch.randn(1, 2, 4, 8)
print(
    torch.allclose(
        F.scaled_dot_product_attention(q, k, v, is_causal=True),
        (q @ k.transpose(-2, -1) / math.sqrt(8))
        .masked_fill(torch.triu(torch.ones(4, 4, dtype=torch.bool), 1), float("-inf"))
        .softmax(-1)
        @ v,
        atol=1e-6,
    )
)
