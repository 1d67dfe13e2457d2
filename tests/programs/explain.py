"""What a small CNN looks at: Grad-CAM, saliency, integrated gradients; and what fools it."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3, padding=1),
            nn.ReLU(),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8, 3)
        self.gradients = None

    def save(self, g):
        self.gradients = g

    def forward(self, x):
        x = self.features(x)
        if x.requires_grad:
            x.register_hook(self.save)
        return self.fc(torch.flatten(self.pool(x), 1))


X = torch.zeros(60, 1, 12, 12)
Y = torch.arange(60) % 3
for i in range(60):
    X[i, 0, 4 * Y[i] : 4 * Y[i] + 3, :] = 1 + 0.3 * torch.randn(3, 12)
net = CNN()
opt = torch.optim.Adam(net.parameters(), 1e-2)
for i in range(25):
    opt.zero_grad()
    loss = F.cross_entropy(net(X), Y)
    loss.backward()
    opt.step()
    if i % 6 == 0:
        print(i, f"{loss.item():.4f}")
acts, grads = {}, {}
h1 = net.features[-1].register_forward_hook(lambda m, i, o: acts.update(v=o.detach()))
h2 = net.features[-1].register_full_backward_hook(lambda m, gi, go: grads.update(v=go[0].detach()))
net.eval()
out = net(X[:3])
cls = out.argmax(dim=1)
out[range(3), cls].sum().backward()
w = grads["v"].mean(dim=[2, 3], keepdim=True)
cam = F.relu((w * acts["v"]).sum(1, keepdim=True))
print(
    torch.allclose(grads["v"], net.gradients),
    cls,
    F.interpolate(cam, size=(12, 12), mode="bilinear", align_corners=False).amax((1, 2, 3)),
)
cam = cam - cam.flatten(1).min(1)[0].view(-1, 1, 1, 1)
cam /= cam.flatten(1).max(1)[0].view(-1, 1, 1, 1) + 1e-8
print(cam[0, 0].mean(1))
h1.remove()
h2.remove()
x = X[:3].clone().requires_grad_(True)
s, _ = net(x).max(1)
s.backward(torch.ones_like(s))
sal, _ = torch.max(x.grad.data.abs(), dim=1)
print(sal.sum((1, 2)))
steps = torch.linspace(0, 1, 11)[1:].view(-1, 1, 1, 1)
path = (steps * X[:1]).requires_grad_()
(g,) = torch.autograd.grad(net(path)[:, 0].sum(), path)
ig = (X[:1] * g.mean(0, keepdim=True)).sum()
print(ig.item(), (net(X[:1]) - net(torch.zeros_like(X[:1])))[0, 0].item())


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, i):
        ctx.save_for_backward(i)
        return i.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (i,) = ctx.saved_tensors
        g = g.clone()
        g[i < 0] = 0
        g[g < 0] = 0
        return g


class Wrap(nn.Module):
    def forward(self, x):
        return GuidedReLU.apply(x)


for n, m in net.features.named_children():
    if isinstance(m, nn.ReLU):
        net.features._modules[n] = Wrap()
x.grad = None
net(x)[0, 0].backward()
print(x.grad[0].abs().sum().item(), net.features)


def fgsm(image, eps, g):
    return torch.clamp(image + eps * g.sign(), 0, 1)


for eps in (0, 0.1, 0.3):
    ok = 0
    for i in range(6):
        d = X[i : i + 1].clone()
        d.requires_grad = True
        o = net(d)
        init = o.max(1, keepdim=True)[1]
        l = F.nll_loss(F.log_softmax(o, 1), Y[i : i + 1])
        net.zero_grad()
        l.backward()
        ok += net(fgsm(d, eps, d.grad.data)).max(1, keepdim=True)[1].item() == Y[i].item()
    print(f"Epsilon: {eps}\tTest Accuracy = {ok} / {6} = {ok / 6.0}")
