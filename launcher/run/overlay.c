#include "overlay.h"

#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/say.h"
#include "tool.h"

/* #syscalls(supervisor) unlink */

#define LITTLE_SPACE (1ULL << 30) /* bytes: less is told */

/* Where the file has a name all the same, it is for the moment between two calls. */
static int open_nameless(const char *dir, struct error **err)
{
	own_free char *name = NULL;
	own_fd int fd = file_nameless(dir, &name, err);

	if (fd >= 0 && name && unlink(name) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make a file in %s", dir);
		return -1;
	}
	return steal_fd(&fd);
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
	/* Absolute paths: QEMU takes no part of them for a protocol. */
	const char *const argv[] = {p->program, "create", "-q",	   "-f",      "qcow2", "-F",
				    p->format,	"-b",	  p->path, TOOL_FILE, NULL};
	own_fd int fd = open_nameless(p->source, err);
	struct error *problem = NULL;
	own_free char *words = NULL;

	if (fd < 0)
		return false;
	words = tool_run(argv, fd, &problem);
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
