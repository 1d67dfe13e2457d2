"""What is written to a file in memory and read back, as what can be compared."""

import io

import minigrad


def written(value):
    file = io.BytesIO()
    minigrad.save(value, file)
    return io.BytesIO(file.getvalue())


def round_trip(value, **options):
    return minigrad.load(written(value), **options)


def plain(value):
    """Return a structure with its tensors, of either library, as what can be compared."""
    if hasattr(value, "detach"):
        dtype, kind = str(value.dtype).partition(".")[2], type(value).__name__
        rest = value.stride(), value.storage_offset(), value.requires_grad
        return kind, dtype, tuple(value.shape), *rest, value.tolist()
    if isinstance(value, dict):
        return type(value), [(k, plain(v)) for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [plain(v) for v in value]
    return type(value).__name__, str(value).replace("torch.", "minigrad.")
