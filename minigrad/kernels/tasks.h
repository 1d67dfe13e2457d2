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

enum { SHARES = 16 };  /* more threads than that have one in common */

typedef struct {
    int64_t next, end;
    char rest[112];  /* of two cache lines: a thread's own number is not to be moved by another's */
} Share;

typedef struct {
    int shares;
    Share share[SHARES];
} Tasks;

static inline void share_out(Tasks *tasks, ptrdiff_t count, int n_threads)
{
    const int shares = n_threads < SHARES ? n_threads : SHARES;
    tasks->shares = shares;
    for (int i = 0; i < shares; i++) {
        tasks->share[i].next = count * i / shares;
        tasks->share[i].end = count * (i + 1) / shares;
    }
}

static inline ptrdiff_t next_task(Tasks *tasks, int thread)
{
    for (int i = 0; i < tasks->shares; i++) {
        Share *share = &tasks->share[(thread + i) % tasks->shares];
        const int64_t task = FETCH_AND_ADD_1(&share->next);
        if (task < share->end) return (ptrdiff_t)task;
    }
    return -1;
}

#undef FETCH_AND_ADD_1
#endif
