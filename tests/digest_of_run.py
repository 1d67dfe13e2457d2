"""Run a program, and print a digest of the result of every operation that it records.

    python tests/digest_of_run.py SCRIPT [ARGUMENTS ...]

The script may import torch: it gets minigrad.  Two runs with the same digest had the same bits.
"""

import hashlib
import os
import sys

from minigrad.mirror import program
from minigrad.tape import _set_observer


class Digest:
    """An observer of the tape."""

    def __init__(self):
        self.digest, self.operations = hashlib.sha256(), 0

    def recorded(self, node, inputs, outputs):
        self.operations += 1
        for output in outputs:
            self.digest.update(output.detach().numpy().tobytes())

    def walked(self, node, grad, results):
        for result in results:
            if result is not None:
                self.digest.update(result.detach().numpy().tobytes())

    def failed(self, node, error):
        pass


if __name__ == "__main__":
    seen = Digest()
    _set_observer(seen)
    status = program.run(sys.argv[1], sys.argv[2:])
    print(f"{seen.operations} operations {seen.digest.hexdigest()}")
    sys.stdout.flush()
    os._exit(status or 0)
