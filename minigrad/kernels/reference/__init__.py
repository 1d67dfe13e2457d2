"""The kernels in plain NumPy: what each computes, with nothing done for speed.

Every public function here has the name and the signature of a compiled one in
``minigrad.kernels``, which the tests compare with it.  ``n_threads`` is accepted and ignored.
"""
