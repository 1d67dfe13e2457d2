"""MKL is not here."""


def is_available() -> bool:
    """Return False."""
    return False
