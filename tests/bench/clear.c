/* clear HUGE|THP MIB THREADS - the limit beside which preallocation is measured: how fast this
 * machine hands out zeroed memory, touched once in each page by that many threads at a time. Prints
 * milliseconds, from before mmap to after the last touch; exit status 1 with a message when there
 * are not enough pages.
 */
#define _GNU_SOURCE
#include <linux/mman.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define HUGE_BYTES (2UL << 20)
#define STEP 4096UL

struct share {
	pthread_t thread;
	volatile char *from;
	size_t bytes;
};

static void *touch(void *context)
{
	const struct share *share = context;

	for (size_t at = 0; at < share->bytes; at += STEP)
		share->from[at] = 0;
	return NULL;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static char *get_memory(int huge, size_t bytes)
{
	char *memory = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return memory;
	memory = (char *)(((uintptr_t)memory + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
	if (!huge) {
		madvise(memory, bytes, MADV_HUGEPAGE);
		return memory;
	}
	return mmap(memory, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB | MAP_FIXED, -1, 0);
}

int main(int argc, char **argv)
{
	struct share share[64];
	unsigned threads = argc == 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	size_t bytes, pages;
	double begin = now_ms();
	char *memory;

	if (threads < 1 || threads > 64) {
		fputs("usage: clear HUGE|THP MIB THREADS\n", stderr);
		return 2;
	}
	pages = strtoul(argv[2], NULL, 10) / 2;
	bytes = pages * HUGE_BYTES;
	memory = get_memory(strcmp(argv[1], "HUGE") == 0, bytes);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (unsigned i = 0; i < threads; i++) {
		size_t from = pages * i / threads, to = pages * (i + 1) / threads;

		share[i].from = memory + from * HUGE_BYTES;
		share[i].bytes = (to - from) * HUGE_BYTES;
		if (pthread_create(&share[i].thread, NULL, touch, &share[i]) != 0)
			return 1;
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(share[i].thread, NULL);
	printf("%.3f\n", now_ms() - begin);
	return 0;
}
