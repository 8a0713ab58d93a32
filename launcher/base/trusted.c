/* The path is walked from the root, one part after the other. `done` is what has been looked at: it
 * holds directories only, no link, so that ".." is its last part taken away; `rest` is what is left
 * to go, which a link puts its target before. Nobody but root can change what has been looked at,
 * so looking at a path from its start again finds the same.
 */
#include "trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "alloc.h"
#include "file.h"
#include "layout.h"
#include "own.h"

#define LINKS 40 /* as many as the kernel follows: MAXSYMLINKS of linux/namei.h */
#define OTHERS (S_IWGRP | S_IWOTH)

struct walk {
	char *done;	/* "" for the root, else like "/usr/bin" */
	char *rest;	/* "" at the end, else like "/usr/bin/kmod" or "../bin/kmod" */
	struct stat at; /* of done */
	unsigned links; /* that were followed */
};

enum step { STEP_ON, STEP_ARRIVED, STEP_NOTHING, STEP_FAULT };

static bool is_shared(const struct stat *dir)
{
	return S_ISDIR(dir->st_mode) && (dir->st_mode & OTHERS) && (dir->st_mode & S_ISVTX);
}

/* What is wrong with an entry of the directory in (NULL for the root itself); NULL: nothing. */
static const char *fault_of(const struct stat *st, const struct stat *in)
{
	if (st->st_uid != 0)
		return "is not root's";
	/* A link has all bits, and cannot be written. */
	if (!S_ISLNK(st->st_mode) && (st->st_mode & OTHERS) && !is_shared(st))
		return "can be written by others than root";
	if (in && is_shared(in) && (!S_ISDIR(st->st_mode) || st->st_dev != in->st_dev))
		return "lies where others than root can put something";
	return NULL;
}

static enum step tell_fault(char **why, const char *path, const char *words)
{
	*why = xasprintf("%s %s", *path ? path : "/", words);
	return STEP_FAULT;
}

/* Takes the first part off the way that is left; "" when there is none. */
static char *next_part(struct walk *w)
{
	own_free char *all = w->rest;
	const char *at = all + strspn(all, "/");
	size_t n = strcspn(at, "/");

	w->rest = xstrdup(at + n);
	return xstrndup(at, n);
}

/* The target of a link goes before what is left. */
static bool follow_link(struct walk *w, const struct root *root, const char *link)
{
	own_free char *target = root_readlink(root, "%s", link), *left = w->rest;

	w->rest = xasprintf("%s%s", target ? target : "", left);
	if (target && *target == '/')
		*w->done = '\0';
	return target && *target && ++w->links <= LINKS;
}

static bool is_program(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH));
}

/* Into what is called part in the directory that was reached. */
static enum step enter_part(struct walk *w, const struct root *root, const char *part, char **why)
{
	own_free char *path = xasprintf("%s/%s", w->done, part);
	own_fd int fd = root_open(root, path, O_PATH | O_NOFOLLOW);
	struct stat st;
	const char *wrong;

	if (fd < 0 && errno == ENOENT)
		return STEP_NOTHING;
	if (fd < 0 || fstat(fd, &st) < 0)
		return tell_fault(why, path, "cannot be looked at");
	wrong = fault_of(&st, &w->at);
	if (wrong)
		return tell_fault(why, path, wrong);
	if (S_ISLNK(st.st_mode))
		return follow_link(w, root, path) ? STEP_ON
						  : tell_fault(why, path, "leads nowhere");
	if (!S_ISDIR(st.st_mode))
		return is_program(&st) && !*w->rest ? STEP_ARRIVED
						    : tell_fault(why, path, "is no program");
	free(w->done);
	w->done = steal(&path);
	w->at = st;
	return STEP_ON;
}

static enum step take_step(struct walk *w, const struct root *root, char **why)
{
	own_free char *part = next_part(w);

	if (!*part)
		return tell_fault(why, w->done, "is a directory");
	if (strcmp(part, "..") == 0 && *w->done)
		*strrchr(w->done, '/') = '\0';
	/* After "..", or a link to somewhere else, it is another directory. */
	if (!root_stat(root, *w->done ? w->done : "/", &w->at))
		return tell_fault(why, w->done, "cannot be looked at");
	if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
		return STEP_ON;
	return enter_part(w, root, part, why);
}

bool trusted_path(const struct root *root, const char *path, char **why)
{
	struct walk w = {.done = xstrdup(""), .rest = xstrdup(path)};
	enum step step = STEP_ON;
	const char *wrong;

	if (*path != '/' || !root_stat(root, "/", &w.at))
		step = tell_fault(why, path, "cannot be looked at");
	else if ((wrong = fault_of(&w.at, NULL)))
		step = tell_fault(why, "", wrong);
	while (step == STEP_ON)
		step = take_step(&w, root, why);
	free(w.done);
	free(w.rest);
	return step == STEP_ARRIVED;
}

char *trusted_program(const struct root *root, const char *name, struct error **err)
{
	own_free char *first = NULL;

	for (size_t i = 0; LAYOUT_PROGRAMS[i]; i++) {
		own_free char *path = path_join(LAYOUT_PROGRAMS[i], name), *why = NULL;

		if (trusted_path(root, path, &why))
			return steal(&path);
		if (!first && why)
			first = xasprintf("%s is not run as root: %s", path, why);
	}
	if (first)
		error_add(err, ERROR_HOST, "%s", first);
	else
		error_add(err, ERROR_HOST, "there is no %s in " LAYOUT_PATH, name);
	return NULL;
}
