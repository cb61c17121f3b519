/* Threads that share the items of short works, such as the blocks of one product.

   Every thread has a slice of the items, the same in each round, so that its weights stay in its own cache. A thread that
   is through with its slice takes from the others': one that a busy machine stops delays at most the item that it has. */

#include <stdint.h>
#include <string.h>

typedef void work(const void *what, int64_t item);

#ifdef __wasm__ /* one thread: no module that a page can load from any host has more */
typedef struct {
    int64_t threads;
} team;
static void start_team(team *on, int64_t threads) { (void)threads, on->threads = 1; }
static void end_team(team *on) { (void)on; }
static void share(team *on, int64_t items, work *work, const void *what) {
    (void)on;
    for (int64_t item = 0; item < items; item++) work(what, item);
}
#else
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define MAX_TEAM 8
#define SPINS 2000 /* after which a thread that waits lets others run */

typedef struct team team;
typedef struct {
    _Alignas(64) _Atomic uint64_t next; /* round << 32 | end << 16 | next item */
    team *of;
    pthread_t thread;
} member;

struct team {
    member members[MAX_TEAM]; /* the first is the thread that has the team */
    int64_t threads, started;
    uint64_t round;
    work *work;
    const void *what;
    _Alignas(64) _Atomic int64_t done;
    _Atomic int over;
};

static void wait_a_moment(int64_t *spins) {
    if (++*spins > SPINS)
        sched_yield();
    else {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
    }
}

/* Work on what is left of the round, from the slice of this member on; the number of items. */
static int64_t help(team *on, int64_t me) {
    int64_t items = 0;
    for (int64_t m = 0; m < on->threads; m++) {
        _Atomic uint64_t *next = &on->members[(me + m) % on->threads].next;
        uint64_t at = atomic_load_explicit(next, memory_order_acquire);
        while ((at & 0xffff) < (at >> 16 & 0xffff)) {
            if (!atomic_compare_exchange_weak_explicit(next, &at, at + 1, memory_order_acquire, memory_order_acquire))
                continue;
            on->work(on->what, at & 0xffff);
            atomic_fetch_add_explicit(&on->done, 1, memory_order_release);
            at = atomic_load_explicit(next, memory_order_acquire), items++;
        }
    }
    return items;
}

/* Work on `items` items, with a team or, if there is none, alone. */
static void share(team *on, int64_t items, work *work, const void *what) {
    if (!on || items > 0xffff) {
        for (int64_t item = 0; item < items; item++) work(what, item);
        return;
    }
    int64_t threads = on->threads, spins = 0;
    on->work = work, on->what = what, on->round++;
    atomic_store_explicit(&on->done, 0, memory_order_relaxed);
    for (int64_t m = 0; m < threads; m++) {
        uint64_t first = items * m / threads, end = items * (m + 1) / threads;
        atomic_store_explicit(&on->members[m].next, on->round << 32 | end << 16 | first, memory_order_release);
    }
    help(on, 0);
    while (atomic_load_explicit(&on->done, memory_order_acquire) < items) wait_a_moment(&spins);
}

static void *be_member(void *argument) {
    member *self = argument;
    team *on = self->of;
    int64_t spins = 0;
    while (!atomic_load_explicit(&on->over, memory_order_acquire))
        if (help(on, self - on->members))
            spins = 0;
        else
            wait_a_moment(&spins);
    return 0;
}

/* Start all threads but the first; those that cannot be started are done without. */
static void start_team(team *on, int64_t threads) {
    memset(on, 0, sizeof(*on));
    on->threads = threads < MAX_TEAM ? threads : MAX_TEAM, on->started = 1;
    for (int64_t m = 0; m < on->threads; m++) on->members[m].of = on;
    while (on->started < on->threads) {
        member *next = on->members + on->started;
        if (pthread_create(&next->thread, 0, be_member, next)) break;
        on->started++;
    }
}

static void end_team(team *on) {
    atomic_store_explicit(&on->over, 1, memory_order_release);
    for (int64_t m = 1; m < on->started; m++) pthread_join(on->members[m].thread, 0);
}
#endif
