from numpy cimport ndarray

cdef ndarray chosen(ndarray mask, ndarray a, ndarray b)
