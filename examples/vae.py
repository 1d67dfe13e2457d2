"""A variational autoencoder learns to write digits.

    python examples/vae.py                       # a few seconds
    python examples/vae.py --latent 2 --epochs 60

The encoder turns an 8 x 8 image into the mean and the spread of a normal distribution over a few
numbers; the decoder turns numbers drawn from it back into an image.  The loss (Kingma and Welling,
2014) asks that the image comes back, and that the distributions stay close to the standard normal
one: then numbers drawn from that, with no image at all, decode into digits nobody wrote.

Only the import differs from a program for torch.
"""

import argparse
import math
import sys

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.utils.data import DataLoader, TensorDataset, random_split
from minigrad.utils.data.datasets import Digits

try:
    from tqdm import tqdm
except ImportError:  # then there is no bar

    def tqdm(batches, **options):
        return batches


class VAE(nn.Module):
    """Images as rows of 64 numbers in 0..1; ``latent`` numbers in between."""

    def __init__(self, latent, hidden):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, hidden), nn.BatchNorm1d(hidden), nn.ReLU())
        self.mean = nn.Linear(hidden, latent)
        self.log_variance = nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, 64)
        )

    def forward(self, x):
        """Return the logits of the image that comes back, and what the encoder made of ``x``."""
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        # The draw is noise scaled and shifted, so that gradients reach scale and shift.
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        return self.decoder(z), mean, log_variance


def losses(model, x):
    """Return the two parts of the loss, in nats an image."""
    logits, mean, log_variance = model(x)
    back = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    # of N(mean, variance) from N(0, 1), in closed form
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
    return back / len(x), divergence / len(x)


def train_epoch(model, loader, optimizer, name):
    """Take one step a batch; return the mean of the loss."""
    model.train()
    total = 0.0
    for (x,) in tqdm(loader, desc=name, leave=False, disable=None):
        loss = sum(losses(model, x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def show(images):
    """Print rows of 64 numbers in 0..1 as pictures side by side."""
    ink = " .:-=+*#%@"
    pictures = (images * 9.99).long().reshape(-1, 8, 8).tolist()
    for row in range(8):
        print("  ".join("".join(ink[n] for n in picture[row]) for picture in pictures))
    print()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--latent", type=int, default=8, metavar="N", help="numbers an image becomes (default: 8)")
    add("--hidden", type=int, default=128, metavar="N", help="width (default: %(default)s)")
    add("--epochs", type=int, default=40, metavar="N", help="default: %(default)s")
    add("--batch-size", type=int, default=64, metavar="N", help="default: %(default)s")
    add("--lr", type=float, default=3e-3, metavar="RATE", help="default: %(default)s")
    add("--seed", type=int, default=0, help="default: %(default)s")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    torch.manual_seed(arguments.seed)
    digits = Digits()
    images = digits.data.flatten(1).float() / digits.white
    train, test = random_split(TensorDataset(images), [0.8, 0.2])
    held_out = images[test.indices]

    model = VAE(arguments.latent, arguments.hidden)
    optimizer = optim.Adam(model.parameters(), lr=arguments.lr)
    loader = DataLoader(train, arguments.batch_size, shuffle=True, drop_last=True)
    for epoch in range(1, arguments.epochs + 1):
        loss = train_epoch(model, loader, optimizer, f"epoch {epoch}")
        if epoch == 1 or epoch % 10 == 0 or epoch == arguments.epochs:
            model.eval()
            with torch.no_grad():
                back, divergence = (part.item() for part in losses(model, held_out))
            print(
                f"epoch {epoch:3}: loss {loss:6.2f}; held out {back + divergence:6.2f}, "
                f"of which image {back:6.2f} and divergence {divergence:5.2f}"
            )

    with torch.no_grad():
        print("\nheld-out digits, and what comes back:")
        show(held_out[:8])
        show(torch.sigmoid(model(held_out[:8])[0]))
        print("digits nobody wrote:")
        show(torch.sigmoid(model.decoder(torch.randn(8, arguments.latent))))
    if not back + divergence < 64 * math.log(2):  # what grey images would cost
        sys.exit("it did not learn; try another --lr")


if __name__ == "__main__":
    main()
