# Hooks on gradients: see hooks.pyx.

from minigrad.tape cimport Node, Variable

cdef object run_hooks(dict hooks, int output, object grad)
cdef tuple call_with_hooks(Node node, object grad, dict needed)
cdef tuple run_node_hooks(dict hooks, int turn, tuple grads, tuple grad_outputs)
cdef int run_accumulated_hooks(Variable leaf) except -1
