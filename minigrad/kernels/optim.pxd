cpdef int count_steps(list steps) except -1
cpdef int sgd_step(
    list params, list grads, list momentum_buffers, list first_steps, double lr, double momentum,
    double dampening, double weight_decay, bint nesterov, bint maximize, int n_threads,
) except -1
cpdef int adam_step(
    list params, list grads, list exp_avgs, list exp_avg_sqs, list max_exp_avg_sqs, list steps,
    double lr, double beta1, double beta2, double eps, double weight_decay, bint decoupled,
    bint maximize, int n_threads,
) except -1
cpdef int rmsprop_step(
    list params, list grads, list square_avgs, list grad_avgs, list momentum_buffers, double lr,
    double alpha, double eps, double weight_decay, double momentum, bint maximize, int n_threads,
) except -1
cpdef int zero(list arrays, int n_threads) except -1
cpdef int scale(list arrays, double factor, int n_threads) except -1
cpdef double norm(list arrays, double p, int n_threads) except? -1
