"""Benchmarks of minigrad against the engines installed beside it: ``python -m benchmarks --help``.

How a number comes about: every peer (minigrad, torch, torch.compile, JAX, NumPy as the yardstick)
lives in a process of its own (`worker`), so that no library's threads or settings touch another's.
A line of the report is one `Case` (`cases`), the same arrays in every peer (`problems`).  Before it
is timed, the results of all peers are compared.  Then come rounds: in each, every peer in turn
times the case while the others sleep (`runner`), so that a machine that slows down slows all of
them.  The report (`report`, `plot`) takes medians over the rounds.
"""
