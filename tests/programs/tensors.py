"""What tensors are and how they print."""

import numpy as np
import torch

data = [[1, 2], [3, 4]]
x_data = torch.tensor(data)
np_array = np.array(data)
x_np = torch.from_numpy(np_array)
x_ones = torch.ones_like(x_data)
print(f"Ones Tensor: \n {x_ones} \n")
torch.manual_seed(0)
x_rand = torch.rand_like(x_data, dtype=torch.float)
print(f"Random Tensor: \n {x_rand} \n")
shape = (
    2,
    3,
)
rand_tensor = torch.rand(shape)
print(f"Random Tensor: \n {rand_tensor} \n")
print(f"Ones Tensor: \n {torch.ones(shape)} \n")
tensor = torch.rand(3, 4)
print(f"Shape of tensor: {tensor.shape}")
print(f"Datatype of tensor: {tensor.dtype}")
print(f"Device tensor is stored on: {tensor.device}")
if torch.cuda.is_available():
    tensor = tensor.to("cuda")
if torch.accelerator.is_available():
    tensor = tensor.to(torch.accelerator.current_accelerator())
print(tensor.add_(5), "\n")
t = torch.ones(5)
n = t.numpy()
print(f"t: {t}", f"n: {n}")
t.add_(1)
print(f"t: {t}", f"n: {n}")
n = np.ones(5)
t = torch.from_numpy(n)
np.add(n, 1, out=n)
print(f"t: {t}")
print(repr(torch.nn.Parameter(torch.ones(2, 2))))
print(torch.empty(0, 3), torch.zeros(2, 0, 3), torch.tensor([]))
print(torch.tensor(1), torch.tensor(True), torch.tensor(1.0), torch.tensor(-0.5e-5))
print(torch.arange(2000).float(), torch.arange(10000).reshape(100, 100))
print(torch.tensor([1.5, float("nan"), -float("inf"), 1e6]))
print(torch.tensor([[1e-5, 1.0], [100.0, 1e4]]))
print(
    torch.tensor([1, -2, 300], dtype=torch.int16),
    torch.tensor([1, 2], dtype=torch.uint8),
    torch.tensor([1.5], dtype=torch.float16),
    torch.tensor([1.5], dtype=torch.double),
)
print(torch.eye(3)[1], torch.eye(3)[1, 1], torch.eye(3)[:, 1:], torch.eye(3, dtype=torch.bool))
print(torch.rand(2, 3, 4), torch.rand(1, 1, 1))
print(
    torch.Size([2, 3]),
    torch.Size([]),
    torch.rand(2, 3).size(),
    torch.rand(2, 3).size(0),
    torch.rand(2).shape[0],
    torch.rand(3, 4).size(-1),
)
print(
    torch.float32,
    torch.int64,
    torch.bool,
    torch.strided,
    torch.device("cpu"),
    repr(torch.device("cpu")),
)
print(
    torch.rand(2).tolist(),
    torch.ones(1).item(),
    int(torch.tensor(3)),
    float(torch.tensor(2.5)),
    bool(torch.tensor(0)),
)
print(
    f"{torch.tensor(3.14159):.3f} {torch.tensor(2).item():>8}",
    f"{torch.tensor(7):d}" if True else "",
)
torch.set_printoptions(precision=2)
print(torch.rand(3))
torch.set_printoptions(profile="default")
torch.set_printoptions(sci_mode=False)
print(torch.tensor([1e-5, 1.0]))
torch.set_printoptions(sci_mode=None)
a, b = torch.ones(2, 3), torch.zeros(3)
print(
    (a + b).shape,
    a @ torch.ones(3, 2),
    a.mm(torch.ones(3, 1)),
    torch.add(a, 1, alpha=2),
    a.mul(3) / 2,
    7 // torch.tensor(2),
    -7 % torch.tensor(3),
    2 ** torch.tensor([1.0, 2.0]),
)
print(
    a.type(),
    a.type(torch.int),
    a.double().dtype,
    a.is_contiguous(),
    a.t().is_contiguous(),
    a.t().contiguous().stride(),
    a.element_size(),
    a.nelement(),
    a.ndim,
    a.dim(),
    a.storage_offset(),
    a.is_floating_point(),
    a.is_cuda,
    a.is_leaf,
)
print(
    torch.zeros(3, requires_grad=True),
    (torch.zeros(3, requires_grad=True) * 2),
    torch.ones(2, 2, requires_grad=True).sum(),
)
x = torch.rand(20, requires_grad=True)
print(
    x * 2,
    (x.view(4, 5) * 10000).view(2, 10),
    x.exp(),
    x.sigmoid().sum(),
    x.view(2, 10).softmax(1)[0],
    x[3],
    x[2:4],
    x.std(),
    x.norm(),
)
print(
    torch.tensor(np.float64(3)),
    torch.tensor(np.array([1, 2], dtype=np.int32)),
    torch.as_tensor(np.array([True])),
    torch.from_numpy(np.float32([1, 2])),
)
