#include "disk_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/say.h"
#include "tool.h"

/* Gives the file its name, unless something has it. from: a name that it has already, or NULL. */
static bool give_name(int fd, const char *from, const char *path)
{
	own_free char *link = NULL;

	if (from)
		return renameat2(AT_FDCWD, from, AT_FDCWD, path, RENAME_NOREPLACE) == 0;
	link = xasprintf("/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

static bool make_whole(const struct prepare *p, int fd, struct error **err)
{
	own_free char *size = xasprintf("%lu", p->size);
	const char *const argv[] = {p->program, "create",  "-q", "-f",
				    p->format,	TOOL_FILE, size, NULL};
	struct error *problem = NULL;
	own_free char *words = tool_run(argv, fd, &problem);

	if (words)
		error_add(&problem, ERROR_HOST, "cannot make the disk %s: %s", p->path, words);
	else if (!problem && fsync(fd) < 0)
		error_errno(&problem, ERROR_HOST, errno, "cannot make the disk %s", p->path);
	if (!problem)
		return true;
	error_merge(err, &problem);
	return false;
}

bool disk_make(const struct prepare *p, struct error **err)
{
	own_free char *dir = path_dir(p->path), *name = NULL;
	own_fd int fd = file_nameless(dir, &name, err);
	bool good;

	if (fd < 0)
		return false;
	good = make_whole(p, fd, err);
	if (good && !give_name(fd, name, p->path)) {
		error_errno(err, ERROR_HOST, errno, "cannot make the disk %s", p->path);
		good = false;
	}
	if (!good && name)
		unlink(name);
	if (good)
		say(SAY_NOTE, "made the disk %s, %s of %s", p->path, p->format, p->source);
	return good;
}

int disk_claim(const struct prepare *p, struct error **err)
{
	own_fd int fd = open(p->path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		return steal_fd(&fd);
	if (errno == EBUSY)
		error_add(
			err, ERROR_HOST,
			"%s is in use, says the kernel: something has mounted it or a part of it, or uses it otherwise, such as another machine",
			p->path);
	else
		error_errno(err, ERROR_HOST, errno, "cannot open %s", p->path);
	return -1;
}
