"""Image data sets to train on: one that comes with the package, two that are read from files.

=================  ===========================================================================
:class:`Digits`        1,797 handwritten digits of 8 x 8, in the package: nothing to download
:class:`MNIST`         70,000 handwritten digits of 28 x 28
:class:`FashionMNIST`  70,000 pieces of clothing of 28 x 28, in MNIST's format
:func:`read_idx`       the file format of the last two, for data sets of your own
=================  ===========================================================================
"""

from minigrad.utils.data.datasets.digits import Digits
from minigrad.utils.data.datasets.idx import read_idx
from minigrad.utils.data.datasets.images import ImageDataset
from minigrad.utils.data.datasets.mnist import MNIST, FashionMNIST

__all__ = ["MNIST", "Digits", "FashionMNIST", "ImageDataset", "read_idx"]
