"""Deep Q-learning with a replay memory and a target network."""

import math
import random
from collections import deque, namedtuple
from itertools import count

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(0)
random.seed(0)


class Env:
    def reset(self):
        self.x, self.t = 0.5, 0
        return [self.x, 0.0]

    def step(self, a):
        self.x += 0.1 if a else -0.11
        self.t += 1
        done = abs(self.x) > 1 or self.t > 30
        return [self.x, self.t / 30], 1.0 if not done else 0.0, done


env = Env()
Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


class ReplayMemory:
    def __init__(self, c):
        self.memory = deque(maxlen=c)

    def push(self, *a):
        self.memory.append(Transition(*a))

    def sample(self, n):
        return random.sample(self.memory, n)

    def __len__(self):
        return len(self.memory)


class DQN(nn.Module):
    def __init__(self, n, a):
        super().__init__()
        self.layer1 = nn.Linear(n, 32)
        self.layer2 = nn.Linear(32, 32)
        self.layer3 = nn.Linear(32, a)

    def forward(self, x):
        return self.layer3(F.relu(self.layer2(F.relu(self.layer1(x)))))


device = torch.device(
    "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
)
policy, target = DQN(2, 2).to(device), DQN(2, 2).to(device)
target.load_state_dict(policy.state_dict())
opt = optim.AdamW(policy.parameters(), lr=1e-3, amsgrad=True)
memory = ReplayMemory(500)
steps = 0


def select(state):
    global steps
    eps = 0.05 + 0.85 * math.exp(-steps / 100)
    steps += 1
    if random.random() > eps:
        with torch.no_grad():
            return policy(state).max(1).indices.view(1, 1)
    return torch.tensor([[random.randrange(2)]], device=device, dtype=torch.long)


def optimize():
    if len(memory) < 16:
        return None
    batch = Transition(*zip(*memory.sample(16)))
    mask = torch.tensor(
        tuple(map(lambda s: s is not None, batch.next_state)), device=device, dtype=torch.bool
    )
    nxt = torch.cat([s for s in batch.next_state if s is not None])
    q = policy(torch.cat(batch.state)).gather(1, torch.cat(batch.action))
    v = torch.zeros(16, device=device)
    with torch.no_grad():
        v[mask] = target(nxt).max(1).values
    loss = nn.SmoothL1Loss()(q, ((v * 0.99) + torch.cat(batch.reward)).unsqueeze(1))
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy.parameters(), 100)
    opt.step()
    return loss


for ep in range(8):
    state = torch.tensor(env.reset(), dtype=torch.float32, device=device).unsqueeze(0)
    for t in count():
        a = select(state)
        obs, r, done = env.step(a.item())
        reward = torch.tensor([r], device=device)
        nxt = None if done else torch.tensor(obs, dtype=torch.float32, device=device).unsqueeze(0)
        memory.push(state, a, nxt, reward)
        state = nxt
        loss = optimize()
        ts, ps = target.state_dict(), policy.state_dict()
        for key in ps:
            ts[key] = ps[key] * 0.005 + ts[key] * (1 - 0.005)
        target.load_state_dict(ts)
        if done:
            print(ep, t + 1, loss and f"{loss.item():.5f}")
            break
