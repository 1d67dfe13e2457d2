/* The tasks of a parallel loop, and who does which: see tasks.pxd. */

#ifndef MINIGRAD_TASKS_H
#define MINIGRAD_TASKS_H
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FETCH_AND_ADD_1(number) __atomic_fetch_add(number, 1, __ATOMIC_RELAXED)
#else
#include <intrin.h>
#define FETCH_AND_ADD_1(number) _InterlockedExchangeAdd64(number, 1)
#endif

enum {
    TASK = 32768,  /* units of work (see openmp.pyx): some microseconds */
    SHARES = 16    /* more threads than that have one in common */
};

typedef struct {
    char before[64];    /* Nothing else is in the cache line of `next`: it goes from core to core, */
    int64_t next, end;  /* and what all threads read would go with it. */
    char behind[48];
} Share;

typedef struct {
    Share share[SHARES];
    int shares;
    ptrdiff_t size, count;  /* of a task; of all items */
} Tasks;

typedef struct {
    ptrdiff_t first, last;  /* last is the first that does not belong to it */
} Run;

static inline ptrdiff_t pieces_of(ptrdiff_t total, ptrdiff_t size)
{
    return (total + size - 1) / size;
}

static inline ptrdiff_t task_size(ptrdiff_t count, ptrdiff_t work, int n_threads)
{
    const ptrdiff_t share = pieces_of(count, n_threads);
    ptrdiff_t tasks = work < TASK ? share * work / TASK : share;
    if (tasks < 1) return share > 0 ? share : 1;
    return pieces_of(share, tasks);
}

static inline void share_out(Tasks *tasks, ptrdiff_t count, ptrdiff_t work, int n_threads)
{
    const int shares = n_threads < SHARES ? n_threads : SHARES;
    tasks->shares = shares;
    tasks->count = count;
    tasks->size = task_size(count, work, n_threads);
    count = pieces_of(count, tasks->size);
    for (int i = 0; i < shares; i++) {
        tasks->share[i].next = count * i / shares;
        tasks->share[i].end = count * (i + 1) / shares;
    }
}

static inline Run next_run(Tasks *tasks, int thread)
{
    Run run = {0, 0};
    for (int i = 0; i < tasks->shares; i++) {
        Share *share = &tasks->share[(thread + i) % tasks->shares];
        const int64_t task = FETCH_AND_ADD_1(&share->next);
        if (task < share->end) {
            run.first = (ptrdiff_t)task * tasks->size;
            run.last = run.first + tasks->size;
            if (run.last > tasks->count) run.last = tasks->count;
            break;
        }
    }
    return run;
}

#undef FETCH_AND_ADD_1
#endif
