"""Names of torch that are there to say why they cannot be used."""


def refusal(name, message, error=RuntimeError):
    """Return a function called ``name`` that raises ``error(message)``, whatever it is called with.

    >>> from minigrad.refusal import refusal
    >>> refusal("synchronize", "there is no accelerator")()
    Traceback (most recent call last):
        ...
    RuntimeError: there is no accelerator
    """

    def refuse(*args, **kwargs):
        raise error(message)

    refuse.refuses = message
    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Raise {error.__name__}: {message}."
    return refuse
