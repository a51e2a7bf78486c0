/* Random reads by a bare io_uring: as many are in flight as the row says; io_uring_enter(2) submits and waits for one. */
#include "reads.h"

#include <linux/io_uring.h>
#include <sys/mman.h>

static struct io_uring_sqe *entries;
static unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
static struct io_uring_cqe *completions;

static int open_ring(unsigned depth) {
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    int ring = (int)syscall(SYS_io_uring_setup, depth, &params);
    if (ring < 0) exit(2);
    size_t size = params.cq_off.cqes + params.cq_entries * sizeof *completions;
    const int both = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;
    char *map = mmap(NULL, size, both, flags, ring, IORING_OFF_SQ_RING);
    entries = mmap(NULL, params.sq_entries * sizeof *entries, both, flags, ring, IORING_OFF_SQES);
    if (map == MAP_FAILED || (void *)entries == MAP_FAILED) exit(2);
    sq_tail = (unsigned *)(map + params.sq_off.tail);
    sq_mask = (unsigned *)(map + params.sq_off.ring_mask);
    sq_array = (unsigned *)(map + params.sq_off.array);
    cq_head = (unsigned *)(map + params.cq_off.head);
    cq_tail = (unsigned *)(map + params.cq_off.tail);
    cq_mask = (unsigned *)(map + params.cq_off.ring_mask);
    completions = (struct io_uring_cqe *)(map + params.cq_off.cqes);
    return ring;
}

static void submit(int fd, char *memory, unsigned slot) {
    unsigned at = *sq_tail & *sq_mask;
    memset(&entries[at], 0, sizeof entries[at]);
    entries[at].opcode = IORING_OP_READ;
    entries[at].fd = fd;
    entries[at].off = (uint64_t)next_block();
    entries[at].addr = (uint64_t)(uintptr_t)(memory + (size_t)slot * BLOCK);
    entries[at].len = BLOCK;
    entries[at].user_data = slot;
    sq_array[at] = at;
    __atomic_store_n(sq_tail, *sq_tail + 1, __ATOMIC_RELEASE);
}

int main(int count, char **arguments) {
    start_measuring();
    unsigned depth = count > 1 && strcmp(arguments[1], "reads-64") == 0 ? MAX_DEPTH : 1;
    int fd = open_blocks(), ring = open_ring(depth), submitted = 0;
    char *memory = buffers((int)depth);
    double begin = wall();
    for (unsigned slot = 0; slot < depth; slot++, submitted++) submit(fd, memory, slot);
    unsigned ready = depth;
    for (int done = 0; done < READS;) {
        if (syscall(SYS_io_uring_enter, ring, ready, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) return 1;
        ready = 0;
        unsigned head = *cq_head, tail = __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE);
        for (; head != tail; head++, done++) {
            struct io_uring_cqe *one = &completions[head & *cq_mask];
            if (one->res != BLOCK) return 1;
            if (submitted == READS) continue;
            submit(fd, memory, (unsigned)one->user_data);
            submitted++;
            ready++;
        }
        __atomic_store_n(cq_head, head, __ATOMIC_RELEASE);
    }
    report_wall(begin, READS);
    return 0;
}
