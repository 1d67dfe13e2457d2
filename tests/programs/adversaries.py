"""A GAN on a ring: spectral and weight norm, a gradient penalty, and a small one of pictures."""

import random

import torch
import torch.backends.cudnn as cudnn
import torch.distributed
import torch.nn as nn
import torch.nn.parallel
import torch.onnx
import torch.optim as optim
from torch.autograd import Variable
from torch.autograd import grad as torch_grad
from torch.nn.utils import spectral_norm
from torch.nn.utils.parametrizations import spectral_norm as sn2
from torch.nn.utils.parametrizations import weight_norm

torch.manual_seed(2)
G = nn.Sequential(nn.Linear(4, 32), nn.BatchNorm1d(32), nn.LeakyReLU(0.2), nn.Linear(32, 2))
D = nn.Sequential(
    spectral_norm(nn.Linear(2, 32)),
    nn.LeakyReLU(0.1),
    sn2(nn.Linear(32, 32)),
    nn.LeakyReLU(0.1),
    weight_norm(nn.Linear(32, 1)),
)
og = torch.optim.Adam(G.parameters(), 2e-3, betas=(0.0, 0.9))
od = torch.optim.Adam(D.parameters(), 2e-3, betas=(0.0, 0.9))


@torch.jit.script
def hinge(x):
    return torch.relu(1 - x).mean()


def gradient_penalty(real, fake):
    a = torch.rand(real.size(0), 1).expand_as(real)
    x = Variable(a * real.data + (1 - a) * fake.data, requires_grad=True)
    p = D(x)
    g = torch_grad(
        outputs=p, inputs=x, grad_outputs=torch.ones(p.size()), create_graph=True, retain_graph=True
    )[0].view(real.size(0), -1)
    return 10 * ((torch.sqrt(torch.sum(g**2, dim=1) + 1e-12) - 1) ** 2).mean()


for it in range(36):
    t = torch.rand(64) * 6.2832
    real = torch.stack([t.cos(), t.sin()], 1) + 0.05 * torch.randn(64, 2)
    for _ in range(2):
        fake = G(torch.randn(64, 4)).detach()
        ld = hinge(D(real)) + hinge(-D(fake)) + gradient_penalty(real, fake)
        od.zero_grad()
        ld.backward()
        od.step()
    for p in D.parameters():
        p.requires_grad_(False)
    lg = -D(G(torch.randn(64, 4))).mean()
    og.zero_grad()
    lg.backward()
    og.step()
    for p in D.parameters():
        p.requires_grad_(True)
    if it % 6 == 0:
        sigma = torch.linalg.matrix_norm(D[0].weight, 2)
        print(it, f"{ld.item():.4f} {lg.item():.4f} {sigma.item():.4f}")
G.eval()
print(f"{G(torch.randn(500, 4)).norm(dim=1).mean():.2f}", list(D.state_dict()), D)

# pictures, by transposed convolutions
random.seed(999)
torch.manual_seed(999)
torch.use_deterministic_algorithms(True)
cudnn.benchmark = True
if torch.distributed.is_available() and torch.distributed.is_initialized():
    print("one of several processes")
nz, ngf, ndf, nc, ngpu = 8, 4, 4, 1, 1


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


class Generator(nn.Module):
    def __init__(self, ngpu):
        super().__init__()
        self.ngpu = ngpu
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 4, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 4),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 4, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, input):
        if input.is_cuda and self.ngpu > 1:
            return nn.parallel.data_parallel(self.main, input, range(self.ngpu))
        return self.main(input)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.main(x).view(-1, 1).squeeze(1)


netG = Generator(ngpu)
netG.apply(weights_init)
print(netG)
netD = Discriminator()
netD.apply(weights_init)
criterion = nn.BCELoss()
fixed = torch.randn(4, nz, 1, 1)
oD = optim.Adam(netD.parameters(), lr=0.0002, betas=(0.5, 0.999))
oG = optim.Adam(netG.parameters(), lr=0.0002, betas=(0.5, 0.999))
data = torch.tanh(torch.randn(64, 1, 16, 16))
for i in range(12):
    netD.zero_grad()
    real = data[(i % 4) * 16 : (i % 4 + 1) * 16]
    label = torch.full((16,), 1, dtype=torch.float)
    output = netD(real)
    errD_real = criterion(output, label)
    errD_real.backward()
    D_x = output.mean().item()
    noise = torch.randn(16, nz, 1, 1)
    fake = netG(noise)
    label.fill_(0)
    output = netD(fake.detach())
    errD_fake = criterion(output, label)
    errD_fake.backward()
    D1 = output.mean().item()
    errD = errD_real + errD_fake
    oD.step()
    netG.zero_grad()
    label.fill_(1)
    output = netD(fake)
    errG = criterion(output, label)
    errG.backward()
    D2 = output.mean().item()
    oG.step()
    print(f"[{i}] Loss_D: {errD.item():.4f} Loss_G: {errG.item():.4f}", end=" ")
    print(f"D(x): {D_x:.4f} D(G(z)): {D1:.4f} / {D2:.4f}")
with torch.no_grad():
    print(netG(fixed).detach().cpu().std())
