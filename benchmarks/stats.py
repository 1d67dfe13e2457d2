"""Statistics over rounds and lines."""

import statistics


def spread(values: list[float]) -> dict[str, float]:
    """Median, quartiles and median absolute deviation of the values of the rounds."""
    median = statistics.median(values)
    if len(values) > 1:
        q1, _, q3 = statistics.quantiles(values, n=4, method="inclusive")
    else:
        q1 = q3 = median
    mad = statistics.median(abs(value - median) for value in values)
    return {"median": median, "q1": q1, "q3": q3, "mad": mad}


def ratio(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Our time over theirs, round by round: what slows a whole round down cancels out."""
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])
