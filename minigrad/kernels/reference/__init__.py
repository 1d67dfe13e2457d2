"""The kernels in plain NumPy: what each computes, with nothing done for speed.

Every kernel in ``minigrad.kernels`` has a twin of its name and signature here, in the file of the
same name, and the tests compare the two.  ``n_threads`` is accepted and ignored.
"""
