/* diskload READS DEPTH - the guest's end of the bench of disks: reads of 4 KiB from /dev/vda, past
 * the guest's page cache and at places in no order, DEPTH of them at a time.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK 4096
#define MOST 64

static _Alignas(BLOCK) char room[MOST][BLOCK];
static struct iocb order[MOST];
static uint64_t seed = 1;

/* The next place, by Marsaglia's xorshift. */
static long long place(uint64_t blocks)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (long long)(seed % blocks * BLOCK);
}

int main(int argc, char *argv[])
{
	long reads = argc == 3 ? atol(argv[1]) : 0, depth = argc == 3 ? atol(argv[2]) : 0;
	int fd = open("/dev/vda", O_RDONLY | O_DIRECT);
	off_t bytes = lseek(fd, 0, SEEK_END);
	aio_context_t context = 0;

	if (reads < 1 || depth < 1 || depth > MOST)
		errx(2, "usage: diskload READS DEPTH");
	if (fd < 0 || bytes < BLOCK || syscall(SYS_io_setup, MOST, &context) < 0)
		err(1, "/dev/vda");
	for (long done = 0; done < reads; done += depth) {
		struct io_event event[MOST];
		struct iocb *list[MOST];

		for (long i = 0; i < depth; i++) {
			order[i] = (struct iocb){.aio_fildes = (uint32_t)fd,
						 .aio_lio_opcode = IOCB_CMD_PREAD,
						 .aio_buf = (uint64_t)room[i],
						 .aio_nbytes = BLOCK,
						 .aio_offset = place((uint64_t)bytes / BLOCK)};
			list[i] = &order[i];
		}
		if (syscall(SYS_io_submit, context, depth, list) != depth ||
		    syscall(SYS_io_getevents, context, depth, depth, event, NULL) != depth)
			err(1, "reads");
		for (long i = 0; i < depth; i++)
			if (event[i].res != BLOCK)
				errx(1, "a read of %lld bytes", (long long)event[i].res);
	}
	return 0;
}
