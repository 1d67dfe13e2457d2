"""Translation with attention, names by their letters, packed sequences."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

torch.manual_seed(1)
random.seed(1)
SOS, EOS, V, H, L = 0, 1, 12, 24, 6


class EncoderRNN(nn.Module):
    def __init__(self, n, h, dropout_p=0.0):
        super().__init__()
        self.hidden_size = h
        self.embedding = nn.Embedding(n, h)
        self.gru = nn.GRU(h, h, batch_first=True)
        self.dropout = nn.Dropout(dropout_p)

    def forward(self, x):
        return self.gru(self.dropout(self.embedding(x)))


class BahdanauAttention(nn.Module):
    def __init__(self, h):
        super().__init__()
        self.Wa = nn.Linear(h, h)
        self.Ua = nn.Linear(h, h)
        self.Va = nn.Linear(h, 1)

    def forward(self, query, keys):
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys))).squeeze(2).unsqueeze(1)
        weights = F.softmax(scores, dim=-1)
        return torch.bmm(weights, keys), weights


class AttnDecoderRNN(nn.Module):
    def __init__(self, h, n):
        super().__init__()
        self.embedding = nn.Embedding(n, h)
        self.attention = BahdanauAttention(h)
        self.gru = nn.GRU(2 * h, h, batch_first=True)
        self.out = nn.Linear(h, n)

    def forward(self, enc, hidden, target=None):
        b = enc.size(0)
        inp = torch.empty(b, 1, dtype=torch.long, device=enc.device).fill_(SOS)
        outs, atts = [], []
        for i in range(L):
            q = hidden.permute(1, 0, 2)
            context, w = self.attention(q, enc)
            o, hidden = self.gru(torch.cat((self.embedding(inp), context), dim=2), hidden)
            o = self.out(o)
            outs.append(o)
            atts.append(w)
            inp = (
                target[:, i].unsqueeze(1)
                if target is not None
                else o.topk(1)[1].squeeze(-1).detach()
            )
        return F.log_softmax(torch.cat(outs, dim=1), dim=-1), hidden, torch.cat(atts, dim=1)


pairs = [[random.randint(2, V - 1) for _ in range(L - 1)] for _ in range(64)]
src = torch.tensor([p + [EOS] for p in pairs])
dst = torch.tensor([p[::-1] + [EOS] for p in pairs])
enc, dec = EncoderRNN(V, H), AttnDecoderRNN(H, V)
eo, do = optim.Adam(enc.parameters(), lr=0.01), optim.Adam(dec.parameters(), lr=0.01)
crit = nn.NLLLoss()
for step in range(40):
    idx = torch.randperm(64)[:16]
    eo.zero_grad()
    do.zero_grad()
    e, h = enc(src[idx])
    out, _, att = dec(e, h, dst[idx] if random.random() < 0.8 else None)
    loss = crit(out.view(-1, out.size(-1)), dst[idx].view(-1))
    loss.backward()
    nn.utils.clip_grad_norm_(enc.parameters(), 1.0)
    eo.step()
    do.step()
    if step % 8 == 0:
        print(step, f"{loss.item():.4f}", att.shape)
with torch.no_grad():
    e, h = enc(src[:2])
    out, _, att = dec(e, h)
    _, topi = out.topk(1)
    print(topi.squeeze(), dst[:2], att[0, 0])
# char rnn classification
import string
import unicodedata

letters = string.ascii_letters + " .,;'"
n_letters = len(letters)


def asc(s):
    return "".join(
        c
        for c in unicodedata.normalize("NFD", s)
        if unicodedata.category(c) != "Mn" and c in letters
    )


def lineToTensor(line):
    t = torch.zeros(len(line), 1, n_letters)
    for i, c in enumerate(line):
        t[i][0][letters.find(c)] = 1
    return t


print(asc("Ślusàrski"), lineToTensor("Jones").size())
cats = {
    "Scottish": ["Ross", "Duncan", "Reid", "Munro"],
    "Japanese": ["Satoshi", "Tanaka", "Sato", "Ito"],
    "Polish": ["Slusarski", "Nowak", "Kowalski"],
}
names = list(cats)


class CharRNN(nn.Module):
    def __init__(self, i, h, o):
        super().__init__()
        self.rnn = nn.RNN(i, h)
        self.h2o = nn.Linear(h, o)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, line):
        out, hidden = self.rnn(line)
        return self.softmax(self.h2o(hidden[0]))


rnn = CharRNN(n_letters, 32, 3)
print(rnn)
opt = optim.SGD(rnn.parameters(), lr=0.15)
crit = nn.NLLLoss()


def label(out):
    top_n, top_i = out.topk(1)
    return names[top_i[0].item()], top_i[0].item()


for it in range(120):
    c = random.choice(names)
    line = random.choice(cats[c])
    loss = crit(rnn(lineToTensor(line)), torch.tensor([names.index(c)], dtype=torch.long))
    rnn.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(rnn.parameters(), 3)
    opt.step()
    if it % 30 == 29:
        g, i = label(rnn(lineToTensor(line)))
        print(it, f"{loss.item():.4f}", line, g, "✓" if g == c else f"✗ ({c})")
confusion = torch.zeros(3, 3)
with torch.no_grad():
    for c in names:
        for l in cats[c]:
            confusion[names.index(c)][label(rnn(lineToTensor(l)))[1]] += 1
for i in range(3):
    confusion[i] = confusion[i] / confusion[i].sum()
print(confusion)
# generation with LSTM, packed
lstm = nn.LSTM(8, 16, num_layers=2, dropout=0.0, bidirectional=True)
emb = nn.Embedding(20, 8, padding_idx=0)
seqs = [torch.tensor([1, 2, 3]), torch.tensor([4, 5]), torch.tensor([6])]
padded = nn.utils.rnn.pad_sequence(seqs)
lengths = torch.tensor([len(s) for s in seqs])
print(padded)
packed = nn.utils.rnn.pack_padded_sequence(emb(padded), lengths, enforce_sorted=False)
print(packed.batch_sizes, packed.data.shape)
out, (h, c) = lstm(packed)
out, ln = nn.utils.rnn.pad_packed_sequence(out)
print(out.shape, ln, h.shape, f"{out.sum().item():.4f}")
out.sum().backward()
print(emb.weight.grad[0], emb.weight.grad[1].sum())
cell = nn.LSTMCell(4, 5)
hx = torch.zeros(3, 5)
cx = torch.zeros(3, 5)
for i in range(3):
    hx, cx = cell(torch.ones(3, 4) * i, (hx, cx))
print(hx[0])
