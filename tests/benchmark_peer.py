"""A peer for `test_benchmarks`: its programs sleep, and can be told to misbehave."""

import os
import time

import numpy as np

from benchmarks.workload import Workload


class Peer:
    def __init__(self, threads, seconds=0.001, value=1.0, version="0", dies=False, raises=None):
        if raises:
            raise ImportError(raises)
        self.seconds, self.value, self.version, self.dies = seconds, value, version, dies
        print("a library that writes to stdout does not disturb the answers")

    def workload(self, program, arguments):
        if program != "sleep":
            raise NotImplementedError(f"no program {program!r}")

        def call():
            if self.dies:
                os._exit(3)
            time.sleep(self.seconds)

        return Workload(call, lambda: {"y": np.full(arguments["shape"], self.value)})
