"""torch.onnx's names, which say what to do without: models are written as their weights."""

from minigrad.refusal import refusal

export = refusal(
    "export",
    "onnx.export is not available: save(model.state_dict(), path) stores the weights, which torch "
    "loads into the same model, and can export",
)


def is_in_onnx_export() -> bool:
    """Return False."""
    return False
