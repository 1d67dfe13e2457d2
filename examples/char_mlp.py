"""A network that invents names of towns, letter by letter, written for torch.

    python examples/char_mlp.py [--steps 3000]

It looks at the last four letters and says how likely each letter is to be the next one: an
embedding of the letters, two hidden layers with batch norm, and a softmax.  Layers, training and
sampling are written out on tensors.  It is a torch program: change the two imports at the top to
torch's, and it prints the same.
"""

import argparse

import minigrad as torch
import minigrad.nn.functional as F

# What English towns are called after, and what they were.
STARTS = (
    "ash beck birch black brad brent broad bur carl castle clay cold cran dar deer east elm fair "
    "fern foss glen grim green hart hazel hen high holm horn hur kings lang lin long maple mar "
    "mill mor nor north oak old pen pres raven red ros rush sand shel south stan stock swan thorn "
    "tun wal west whit wild win wood"
).split()
ENDS = (
    "borough bourne bridge brook burn bury by church cliff combe croft dale den don field ford "
    "gate ham hurst ley low mere minster mouth port shaw stead stoke thorpe ton wall well wick "
    "worth"
).split()

ALPHABET = ".abcdefghijklmnopqrstuvwxyz"  # a dot stands before and after every name
CONTEXT, EMBEDDING, HIDDEN, BATCH = 4, 8, 64, 64


class Linear:
    def __init__(self, inputs, outputs):
        # no bias: the batch norm behind this has one.  The scale keeps the variance as it is.
        self.weight = torch.randn(inputs, outputs) / inputs**0.5

    def __call__(self, x):
        return x @ self.weight

    def parameters(self):
        return [self.weight]


class BatchNorm:
    def __init__(self, size, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.gamma, self.beta = torch.ones(size), torch.zeros(size)
        self.mean, self.variance = torch.zeros(size), torch.ones(size)  # for when training is over

    def __call__(self, x):
        mean, variance = self.mean, self.variance
        if self.training:
            mean, variance = x.mean(0), x.var(0)
            with torch.no_grad():
                self.mean = torch.lerp(self.mean, mean, self.momentum)
                self.variance = torch.lerp(self.variance, variance, self.momentum)
        return self.gamma * (x - mean) / torch.sqrt(variance + self.eps) + self.beta

    def parameters(self):
        return [self.gamma, self.beta]


class Tanh:
    def __call__(self, x):
        return torch.tanh(x)

    def parameters(self):
        return []


class Network:
    def __init__(self):
        letters = len(ALPHABET)
        self.embedding = torch.randn(letters, EMBEDDING)
        self.layers = [
            *(Linear(CONTEXT * EMBEDDING, HIDDEN), BatchNorm(HIDDEN), Tanh()),
            *(Linear(HIDDEN, HIDDEN), BatchNorm(HIDDEN), Tanh()),
            *(Linear(HIDDEN, letters), BatchNorm(letters)),
        ]
        self.layers[-1].gamma *= 0.1  # be unsure at first: all letters about as likely
        for parameter in self.parameters():
            parameter.requires_grad = True

    def __call__(self, contexts):
        x = self.embedding[contexts].view(len(contexts), -1)
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self):
        return [self.embedding] + [p for layer in self.layers for p in layer.parameters()]

    def train(self, mode):
        for layer in self.layers:
            if isinstance(layer, BatchNorm):
                layer.training = mode


def invent_towns():
    """Return all names in a random order: the first nine tenths to learn, the rest to check."""
    towns = [start + end for start in STARTS for end in ENDS]
    return [towns[i] for i in torch.randperm(len(towns)).tolist()]


def examples_of(words):
    """Return contexts (N, CONTEXT) and the letter that follows each (N,), as indices."""
    contexts, following = [], []
    for word in words:
        context = [0] * CONTEXT
        for letter in word + ".":
            contexts.append(context)
            following.append(ALPHABET.index(letter))
            context = [*context[1:], following[-1]]
    return torch.tensor(contexts), torch.tensor(following)


def train(network, contexts, following, steps):
    parameters = network.parameters()
    print(f"{sum(p.nelement() for p in parameters):,} parameters, {len(contexts):,} examples")
    for step in range(steps):
        batch = torch.randint(0, len(contexts), (BATCH,))
        loss = F.cross_entropy(network(contexts[batch]), following[batch])
        for p in parameters:
            p.grad = None
        loss.backward()
        rate = 0.2 if step < steps * 2 // 3 else 0.02
        with torch.no_grad():
            for p in parameters:
                p -= rate * p.grad
        if step % (steps // 10) == 0:
            print(f"step {step:5d}: loss {loss.item():.4f}")


@torch.no_grad()
def mean_loss(network, contexts, following):
    return F.cross_entropy(network(contexts), following).item()


@torch.no_grad()
def sample(network):
    """Return a new name: draw letters, each from what the network expects, up to a dot."""
    context, letters = [0] * CONTEXT, []
    while True:
        probabilities = F.softmax(network(torch.tensor([context])), dim=1)
        index = torch.multinomial(probabilities, num_samples=1).item()
        if index == 0:
            return "".join(letters)
        letters.append(ALPHABET[index])
        context = [*context[1:], index]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=3000, help="of training; at least 10")
    steps = max(10, parser.parse_args().steps)

    torch.manual_seed(1789)
    towns = invent_towns()
    known, held_out = towns[: len(towns) * 9 // 10], towns[len(towns) * 9 // 10 :]
    network = Network()
    train(network, *examples_of(known), steps)
    network.train(False)  # from here on, batch norm uses what it has gathered
    for name, words in ("known", known), ("held out", held_out):
        print(f"loss of {name} towns: {mean_loss(network, *examples_of(words)):.4f}")
    for _ in range(10):
        town = sample(network)
        print(f"{town.capitalize():20}{'' if town in towns else 'new'}".rstrip())


if __name__ == "__main__":
    main()
