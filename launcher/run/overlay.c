#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "child.h"

#define WORDS_LIMIT 4096	  /* bytes of qemu-img's that are read */
#define LITTLE_SPACE (1ULL << 30) /* bytes: less is told */

/* A file without a name in dir. Not each file system can make one; there it has a name for the
 * moment between two calls.
 */
static int open_nameless(const char *dir, struct error **err)
{
	own_fd int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	own_free char *name = path_join(dir, "overlay.XXXXXX");

	if (fd >= 0)
		return steal_fd(&fd);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0 || unlink(name) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make a file in %s", dir);
		return -1;
	}
	return steal_fd(&fd);
}

/* Never returns. The overlay is number 3, what it says goes to words. */
__attribute__((noreturn)) static void child(const struct prepare *p, int overlay, int words)
{
	/* Absolute paths: QEMU takes no part of them for a protocol. */
	const char *const argv[] = {p->program, "create", "-q",	   "-f",	"qcow2", "-F",
				    p->format,	"-b",	  p->path, "/dev/fd/3", NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* In our process group: Ctrl-C ends it. */
	child_reset_signals();
	/* Above the standard ones and 3, whatever their numbers are. */
	overlay = fcntl(overlay, F_DUPFD_CLOEXEC, 4);
	words = fcntl(words, F_DUPFD_CLOEXEC, 4);
	if (null < 0 || dup2(null, 0) < 0 || dup2(words, 1) < 0 || dup2(words, 2) < 0 ||
	    dup2(overlay, 3) < 0 || syscall(SYS_close_range, 4U, ~0U, 0) < 0)
		_exit(127);
	if (child_give_up_privilege())
		execv(p->program, (char *const *)argv);
	dprintf(2, "cannot run %s: %s\n", p->program, strerror(errno));
	_exit(127);
}

/* What the program says until it ends, in one line; NULL when it ended well. */
static char *run_to_end(const struct prepare *p, int overlay, struct error **err)
{
	own_fd int ours = -1, theirs = -1;
	own_free char *said = NULL;
	int ends[2], status = -1;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot make a pipe");
		return NULL;
	}
	ours = ends[0];
	theirs = ends[1];
	pid = fork();
	if (pid == 0)
		child(p, overlay, theirs);
	close_fd(&theirs);
	if (pid < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot fork");
		return NULL;
	}
	said = fd_read_all(ours, WORDS_LIMIT, NULL);
	close_fd(&ours);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	if (said)
		said[strcspn(said, "\n")] = '\0';
	return said && *said ? text_quote(said, WORDS_LIMIT) : xstrdup("it did not end well");
}

static void tell_space(int fd, const char *dir)
{
	struct statvfs fs;
	uint64_t room;

	if (fstatvfs(fd, &fs) < 0)
		return;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room < LITTLE_SPACE)
		say(SAY_WARNING, "%lu MiB are free in %s for what the guest writes", room >> 20,
		    dir);
}

bool overlay_make(struct overlays *overlays, const struct prepare *p, struct error **err)
{
	own_fd int fd = open_nameless(p->source, err);
	struct error *problem = NULL;
	own_free char *words = NULL;

	if (fd < 0)
		return false;
	words = run_to_end(p, fd, &problem);
	if (words)
		error_add(&problem, ERROR_HOST, "no overlay over %s: %s", p->path, words);
	if (problem) {
		error_merge(err, &problem);
		return false;
	}
	if (!overlays->n)
		tell_space(fd, p->source);
	*xappend(overlays->v, overlays->n) =
		(struct overlay){.number = p->number, .fd = steal_fd(&fd)};
	return true;
}

int overlay_take(struct overlays *overlays, int number)
{
	for (size_t i = 0; i < overlays->n; i++)
		if (overlays->v[i].number == number)
			return steal_fd(&overlays->v[i].fd);
	return -1;
}

void overlays_close(struct overlays *overlays)
{
	for (size_t i = 0; i < overlays->n; i++)
		close_fd(&overlays->v[i].fd);
	free(overlays->v);
	*overlays = (struct overlays){0};
}
