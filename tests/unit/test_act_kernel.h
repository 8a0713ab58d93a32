/* A file whose every write a process of ours answers as a kernel would: with an error, with less
 * than was asked for, late or never. It is a FUSE file system of one file, spoken by hand. A writer
 * whose write was taken and is not answered is in state D and no SIGKILL ends it, which nothing
 * else that a test can make does.
 */
#ifndef TESTS_ACT_KERNEL_H
#define TESTS_ACT_KERNEL_H

#include "test_act_tree.h"

#include <linux/fuse.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

struct kernel;

/* What the file says; and what a write does: bytes taken, or -errno. */
typedef void kernel_says(struct kernel *kernel, char said[64]);
typedef int kernel_hears(struct kernel *kernel, const char *line);

/* Seen by all servers and by the test. */
struct kernel {
	atomic_bool hold; /* writes are taken and not answered */
	atomic_int writes;
	atomic_int answer; /* for kernel_obeys: 0 takes all, < 0 -errno, > 0 bytes */
	atomic_ulong number, limit, after_compact, after_drop;
};

struct kernel_file {
	struct kernel *kernel;
	kernel_says *says;
	kernel_hears *hears;
	char *path; /* the mount point */
	pid_t server;
};

static inline struct kernel *kernel_make(void)
{
	struct kernel *kernel = mmap(NULL, sizeof(*kernel), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(kernel, MAP_FAILED);
	return kernel;
}

static inline void kernel_reply(int fd, uint64_t unique, int error, const void *data, size_t len)
{
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + len), .error = error, .unique = unique};
	struct iovec part[] = {{&header, sizeof(header)}, {(void *)data, len}};

	if (writev(fd, part, 2) < 0 && errno == ENODEV)
		_exit(0);
}

static inline void kernel_write(int fd, struct kernel_file *file, const struct fuse_in_header *in)
{
	const struct fuse_write_in *w = (const void *)(in + 1);
	struct fuse_write_out out = {.size = w->size};
	char line[256] = "";
	int n;

	memcpy(line, w + 1, w->size < sizeof(line) ? w->size : sizeof(line) - 1);
	atomic_fetch_add(&file->kernel->writes, 1);
	while (atomic_load(&file->kernel->hold))
		sleep_ms(2);
	n = file->hears(file->kernel, line);
	if (n > 0)
		out.size = (uint32_t)n;
	kernel_reply(fd, in->unique, n < 0 ? n : 0, &out, n < 0 ? 0 : sizeof(out));
}

static inline void kernel_answer(int fd, struct kernel_file *file, const struct fuse_in_header *in)
{
	const struct fuse_read_in *r = (const void *)(in + 1);
	struct fuse_init_out init = {.major = 7, .minor = 31, .max_write = 4096};
	struct fuse_attr_out attr = {.attr = {.ino = 1, .mode = 0100644, .nlink = 1}};
	struct fuse_open_out opened = {.open_flags = FOPEN_DIRECT_IO};
	char said[64] = "";

	attr.attr.uid = getuid();
	attr.attr.gid = getgid();
	switch (in->opcode) {
	case FUSE_INIT:
		kernel_reply(fd, in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		kernel_reply(fd, in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		kernel_reply(fd, in->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		file->says(file->kernel, said);
		kernel_reply(fd, in->unique, 0, said, r->offset ? 0 : strlen(said));
		break;
	case FUSE_WRITE:
		kernel_write(fd, file, in);
		break;
	case FUSE_RELEASE:
		kernel_reply(fd, in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		kernel_reply(fd, in->unique, -ENOSYS, NULL, 0);
	}
}

static inline void kernel_serve(int fd, struct kernel_file *file)
{
	static _Alignas(8) char request[65536];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		ssize_t n = read(fd, request, sizeof(request));

		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			kernel_answer(fd, file, (const struct fuse_in_header *)request);
		else if (errno != EINTR && errno != EAGAIN && errno != ENOENT)
			_exit(0);
	}
}

/* Mounts the file over one of the tree (own_mounts() first). False where that is not allowed. */
static inline bool kernel_mount(struct kernel_file *file, const struct tree *tree, const char *path)
{
	own_free char *options = NULL;
	own_fd int fd = -1;

	tree_put(tree, path, "");
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	options = xasprintf("fd=%d,rootmode=100644,user_id=%u,group_id=%u", fd, getuid(), getgid());
	file->path = tree_path(tree, path);
	if (mount("kernel", file->path, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		free(steal(&file->path));
		return false;
	}
	file->server = fork();
	if (file->server == 0)
		kernel_serve(fd, file);
	/* Waits until it answers: what no server has taken yet can still be killed. */
	return access(file->path, W_OK) == 0;
}

static inline void kernel_unmount(struct kernel_file *file)
{
	if (!file->path)
		return;
	kill(file->server, SIGKILL);
	waitpid(file->server, NULL, 0);
	umount2(file->path, MNT_DETACH);
	free(steal(&file->path));
}

/* The answers most tests need. */
static inline void kernel_says_nothing(struct kernel *kernel, char said[64])
{
	(void)kernel;
	strcpy(said, "\n");
}

static inline int kernel_obeys(struct kernel *kernel, const char *line)
{
	(void)line;
	return atomic_load(&kernel->answer);
}

/* The state letter of a process, '?' when there is none such. */
static inline char process_state(pid_t pid)
{
	own_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	own_free char *text = file_read(path, 4096, NULL);
	const char *end = text ? strrchr(text, ')') : NULL;

	return end && end[1] ? end[2] : '?';
}

#endif
