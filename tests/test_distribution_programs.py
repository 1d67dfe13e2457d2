"""Programs for torch.distributions print the same with minigrad's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad

REINFORCE = """\
import torch
import torch.nn as nn
from torch.distributions import Categorical, Independent, kl_divergence
from torch.distributions.normal import Normal

torch.manual_seed(1)
policy, value = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2)), nn.Linear(4, 1)
optimizer = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr=0.01)
for episode in range(4):
    state, rewards, log_probs, values, entropies = torch.zeros(4), [], [], [], []
    for _ in range(15):
        actions = Categorical(logits=policy(state))
        action = actions.sample()
        log_probs.append(actions.log_prob(action))
        entropies.append(actions.entropy())
        values.append(value(state))
        state = 0.9 * state + 0.1 * torch.randn(4) + 0.1 * (action.item() - 0.5)
        rewards.append(1.0 if state.sum().item() > 0 else -1.0)
    total, returns = 0.0, []
    for reward in reversed(rewards):
        total = reward + 0.99 * total
        returns.insert(0, total)
    error = torch.tensor(returns) - torch.cat(values)
    loss = -(torch.stack(log_probs) * error.detach()).mean() + error.square().mean()
    loss = loss - 0.01 * torch.stack(entropies).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"episode {episode} reward {sum(rewards):.0f} loss {loss.item():.3f}")

mean, log_std = nn.Linear(3, 2), nn.Parameter(torch.zeros(2))
optimizer = torch.optim.Adam([*mean.parameters(), log_std], lr=0.01)
seen = torch.randn(32, 3)
with torch.no_grad():
    old = Independent(Normal(mean(seen), log_std.exp()), 1)
    actions = old.sample()
    before, gain = old.log_prob(actions), -(actions - seen[:, :2]).square().sum(1)
for step in range(3):
    new = Independent(Normal(mean(seen), log_std.exp()), 1)
    ratio = (new.log_prob(actions) - before).exp()
    loss = -torch.min(ratio * gain, ratio.clamp(0.8, 1.2) * gain).mean()
    optimizer.zero_grad()
    (loss - 0.01 * new.entropy().mean()).backward()
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f} kl {kl_divergence(old, new).mean().item():.5f}")
print(new)
"""
REINFORCE_PRINTS = """\
episode 0 reward 5 loss 34.257
episode 1 reward -11 loss 31.655
episode 2 reward -15 loss 61.392
episode 3 reward 5 loss 36.177
step 0 loss 4.2814 kl 0.00000
step 1 loss 4.0170 kl 0.00063
step 2 loss 3.9093 kl 0.00229
Independent(Normal(loc: torch.Size([32, 2]), scale: torch.Size([32, 2])), 1)
"""

AUTOENCODER = """\
import torch
import torch.distributions as D
from torch import nn

torch.manual_seed(0)
x = D.Bernoulli(torch.rand(64, 20)).sample()
encoder, decoder = nn.Linear(20, 8), nn.Linear(4, 20)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
prior = D.Normal(torch.zeros(4), torch.ones(4))
for epoch in range(4):
    mu, log_var = encoder(x).chunk(2, dim=-1)
    q = D.Normal(mu, (0.5 * log_var).exp())
    p = D.Independent(D.Bernoulli(logits=decoder(q.rsample())), 1)
    loss = (D.kl_divergence(q, prior).sum(-1) - p.log_prob(x)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.3f}")
soft = D.RelaxedOneHotCategorical(torch.tensor(0.5), logits=encoder(x[:2]))
print(soft.rsample().argmax(-1))
"""
AUTOENCODER_PRINTS = """\
epoch 0 loss 16.188
epoch 1 loss 15.830
epoch 2 loss 15.286
epoch 3 loss 15.033
tensor([1, 5])
"""


@pytest.mark.parametrize(
    "program, printed", [(REINFORCE, REINFORCE_PRINTS), (AUTOENCODER, AUTOENCODER_PRINTS)]
)
def test_programs_for_torch_print_what_they_do_with_torch(program, printed, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "minigrad", "run", path],
        env=os.environ | {"PYTHONPATH": str(Path(minigrad.__file__).parents[1])},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (printed, "")
