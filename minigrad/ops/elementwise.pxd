from numpy cimport ndarray

from minigrad.tape cimport Node

cdef ndarray combine(int op, ndarray a, ndarray b)
