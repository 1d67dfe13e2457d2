"""Apple's GPU: it is not used."""


def is_available() -> bool:
    """Return False."""
    return False


def device_count() -> int:
    """Return 0."""
    return 0


def manual_seed(seed) -> None:
    """Do nothing, as torch does without one."""
