"""Looking at a tape: as a table, as a picture, step by step in a browser; and at a model.

    inspect.tape(loss)                  the recorded operations, as a table
    inspect.summary(model, x)           its layers: shapes, parameters, times, memory
    inspect.dot(loss)                   the graph, in Graphviz's language
    inspect.show(loss, "tape.html")     the tape, forward and back, step by step, in a web page
    inspect.plot_curves({"loss": losses})        with matplotlib, and
    inspect.plot_histograms(model)               parameters and gradients

Nothing here is needed to record or to walk a tape, and nothing of it costs anything until it is
used.  Inside of ``with inspect.recording():`` operations are noted with their lines, modules and
values, which makes all of these say more.
"""

from minigrad.inspect.graph import dot
from minigrad.inspect.plots import plot_curves, plot_histograms
from minigrad.inspect.recording import recording
from minigrad.inspect.show import show
from minigrad.inspect.summary import summary
from minigrad.inspect.table import tape

__all__ = ["dot", "plot_curves", "plot_histograms", "recording", "show", "summary", "tape"]
