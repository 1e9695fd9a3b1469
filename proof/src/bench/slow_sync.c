/* Loaded before the C library: every fsync and fdatasync takes longer, and is counted.
 *
 * SLOW_SYNC_NANOS is how much longer. SLOW_SYNC_COUNTS is a file of two 64-bit numbers: syncs of write-ahead logs
 * (files whose name ends in -wal) that an acknowledgement waits for, which are those of the thread "store-writer", and
 * all others. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t *counts;
static struct timespec delay;

__attribute__((constructor)) static void begin(void) {
    const char *nanos = getenv("SLOW_SYNC_NANOS");
    const char *path = getenv("SLOW_SYNC_COUNTS");
    long long value = nanos ? atoll(nanos) : 0;
    delay.tv_sec = value / 1000000000;
    delay.tv_nsec = value % 1000000000;
    if (path) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd >= 0) {
            void *map = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            if (map != MAP_FAILED) counts = map;
            close(fd);
        }
    }
}

static int slowly(int fd, long call) {
    int result = (int)syscall(call, fd);
    struct timespec left = delay;
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name);
    int is_log = length > 4 && memcmp(name + length - 4, "-wal", 4) == 0;
    char thread[16] = "";
    prctl(PR_GET_NAME, thread);
    int is_waited_for = is_log && strcmp(thread, "store-writer") == 0;
    if (counts) __atomic_fetch_add(&counts[is_waited_for ? 0 : 1], 1, __ATOMIC_RELAXED);
    while (nanosleep(&left, &left) != 0) {}
    return result;
}

int fsync(int fd) { return slowly(fd, SYS_fsync); }
int fdatasync(int fd) { return slowly(fd, SYS_fdatasync); }
