"""The package opt_einsum is not used: ``einsum`` contracts its operands from left to right."""

enabled = False
strategy = None


def is_available() -> bool:
    """Return False."""
    return False


def get_opt_einsum() -> None:
    """Return None."""
