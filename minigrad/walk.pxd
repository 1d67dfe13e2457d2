# The walk back over the tape: see walk.pyx.

cdef object backward_from(object tensors, object grad_tensors, object retain_graph,
                          object create_graph, object inputs)
