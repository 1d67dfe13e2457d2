"""Super-resolution, a U-Net, style by L-BFGS, an adversarial example."""

from math import log10

import torch
import torch.nn as nn
import torch.nn.init as init
import torch.optim as optim
from torch.utils.data import DataLoader

torch.manual_seed(123)


class Net(nn.Module):
    def __init__(self, upscale_factor):
        super().__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(1, 16, (5, 5), (1, 1), (2, 2))
        self.conv2 = nn.Conv2d(16, 16, (3, 3), (1, 1), (1, 1))
        self.conv4 = nn.Conv2d(16, upscale_factor**2, (3, 3), (1, 1), (1, 1))
        self.pixel_shuffle = nn.PixelShuffle(upscale_factor)
        self._initialize_weights()

    def forward(self, x):
        return self.pixel_shuffle(self.conv4(self.relu(self.conv2(self.relu(self.conv1(x))))))

    def _initialize_weights(self):
        init.orthogonal_(self.conv1.weight, init.calculate_gain("relu"))
        init.orthogonal_(self.conv2.weight, init.calculate_gain("relu"))
        init.orthogonal_(self.conv4.weight)


hi = nn.functional.interpolate(
    torch.rand(32, 1, 4, 4), scale_factor=4, mode="bicubic", align_corners=False
)
lo = nn.functional.interpolate(hi, scale_factor=0.5, mode="area")
loader = DataLoader(list(zip(lo, hi)), batch_size=8, shuffle=True, num_workers=2)
model = Net(2)
crit = nn.MSELoss()
opt = optim.Adam(model.parameters(), lr=0.001)
for epoch in range(1, 4):
    el = 0
    for it, batch in enumerate(loader, 1):
        inp, tgt = batch[0].to("cpu"), batch[1].to("cpu")
        opt.zero_grad()
        loss = crit(model(inp), tgt)
        el += loss.item()
        loss.backward()
        opt.step()
        print(f"===> Epoch[{epoch}]({it}/{len(loader)}): Loss: {loss.item():.4f}")
    print(f"===> Epoch {epoch} Complete: Avg. Loss: {el / len(loader):.4f}")
with torch.no_grad():
    print(
        f"PSNR {10 * log10(1 / crit(model(lo), hi).item()):.4f} dB",
        model(lo[:1])[0, 0, :2, :4],
    )


# U-Net, autoencoder, style gram, saliency, adversarial
class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1 = self.block(1, 8)
        self.d2 = self.block(8, 16)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.u1 = self.block(16, 8)
        self.out = nn.Conv2d(8, 1, 1)

    def block(self, i, o):
        return nn.Sequential(
            nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True)
        )

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(nn.MaxPool2d(2)(a))
        return self.out(self.u1(torch.cat([a, self.up(b)], dim=1)))


u = UNet()
o = optim.RMSprop(u.parameters(), lr=1e-3, weight_decay=1e-8, momentum=0.9)
mask = (hi > 0.5).float()


def dice(p, t):
    p = p.sigmoid().flatten(1)
    t = t.flatten(1)
    return 1 - ((2 * (p * t).sum(1) + 1) / (p.sum(1) + t.sum(1) + 1)).mean()


for i in range(4):
    o.zero_grad()
    p = u(hi)
    l = nn.functional.binary_cross_entropy_with_logits(
        p, mask, pos_weight=torch.tensor([2.0])
    ) + dice(p, mask)
    l.backward()
    o.step()
    print(i, f"{l.item():.4f}", l)


def gram(x):
    b, c, h, w = x.size()
    f = x.view(b * c, h * w)
    return torch.mm(f, f.t()).div(b * c * h * w)


img = hi[:1].clone().requires_grad_(True)
opt = optim.LBFGS([img])
run = [0]
style = gram(model.conv1(hi[1:2])).detach()
while run[0] <= 20:

    def closure():
        with torch.no_grad():
            img.clamp_(0, 1)
        opt.zero_grad()
        loss = nn.functional.mse_loss(gram(model.conv1(img)), style) * 1e4
        loss.backward()
        run[0] += 1
        if run[0] % 10 == 0:
            print(run, f"{loss.item():.3f}")
        return loss

    opt.step(closure)
x = hi[:4].clone()
x.requires_grad = True
loss = nn.functional.nll_loss(
    torch.log_softmax(u(x).flatten(1)[:, :3], 1), torch.tensor([0, 1, 2, 0])
)
u.zero_grad()
loss.backward()
adv = torch.clamp(x + 0.1 * x.grad.data.sign(), 0, 1)
print(adv.mean().item(), x.grad.abs().max())
ae = nn.Sequential(
    nn.Conv2d(1, 4, 3, 2, 1),
    nn.ReLU(),
    nn.Conv2d(4, 8, 3, 2, 1),
    nn.ReLU(),
    nn.ConvTranspose2d(8, 4, 3, 2, 1, 1),
    nn.ReLU(),
    nn.ConvTranspose2d(4, 1, 3, 2, 1, 1),
    nn.Sigmoid(),
)
print(ae(hi).shape, ae)
theta = torch.tensor([[[1.0, 0, 0.1], [0, 1, 0]]])
grid = nn.functional.affine_grid(theta, [1, 1, 4, 4], align_corners=False)
print(nn.functional.grid_sample(hi[:1], grid, align_corners=False))
