"""Which minigrad this is, under the names of torch.version."""

cuda = hip = xpu = git_version = None
debug = False
