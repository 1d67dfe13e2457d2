"""Programs written for torch, run on minigrad: ``python -m minigrad run`` and ``missing``."""
