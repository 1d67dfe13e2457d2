from numpy cimport ndarray

from minigrad.tape cimport Node

cdef ndarray combine(int op, object ufunc, ndarray a, ndarray b)
