"""The table of what is mirrored is up to date, and ``run`` and ``missing`` can read it."""

import pytest

from minigrad.mirror import names, table


def test_the_page_is_what_the_script_writes(torch):
    if not torch.__version__.startswith(table.MIRRORED):
        pytest.skip(f"the table is of torch {table.MIRRORED}")
    assert table.page() == table.PAGE.read_text(encoding="utf-8"), (
        "names have come or gone: run python -m minigrad.mirror.table"
    )


def test_the_page_is_read():
    missing = names.known()
    assert missing["torch.Tensor.coalesce"] == "sparse"
    assert missing["torch.nn.SyncBatchNorm"] == "distributed training"
    for name in missing:
        found, lacking = names.look(name)
        assert lacking == name or hasattr(found, "refuses")


def test_reasons():
    assert table.reason("fake_quantize_per_tensor_affine") == "quantisation"
    assert table.reason("sparse_coo_tensor") == "sparse"
    assert table.reason("view_as_complex") == "complex"
    assert table.reason("bessel_j0") == "not yet"
