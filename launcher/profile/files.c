/* Do the files that the profile names exist, and are they of a kind that QEMU can use? Asked here
 * and not by QEMU, because here the line that names them is known.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "keys.h"
#include "value.h"

struct check {
	const struct profile *p;
	struct error **err;
	bool good;
};

static void complain_file(struct check *c, const struct origin *at, const char *path,
			  const char *what)
{
	own_free char *where = origin_text(c->p, *at), *name = key_text(at);
	own_free char *shown = text_quote(path, 200);

	error_add(c->err, ERROR_USAGE, "%s: %s: %s: %s", where, name, shown, what);
	c->good = false;
}

/* Names what is missing: the first directory on the way that is not there, or the file. */
static char *missing_words(const char *path, int errnum)
{
	own_free char *part = xstrdup(path), *shown = NULL;
	struct stat st;

	if (errnum != ENOENT)
		return xstrdup(strerror(errnum));
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (stat(part, &st) < 0) {
			shown = text_quote(part, 200);
			return xasprintf("no such file; there is no directory %s", shown);
		}
		*slash = '/';
	}
	return xstrdup("no such file");
}

/* The same for a disk that the guest is to write to, with the key that has it made where it could
 * be; NULL: it will be.
 */
static char *missing_disk(const struct disk *disk, int errnum)
{
	own_free char *dir = path_dir(disk->path.v);

	if (errnum != ENOENT || access(dir, F_OK) < 0)
		return missing_words(disk->path.v, errnum);
	/* There a file would lie in memory, in a device's place. */
	if (text_starts(disk->path.v, "/dev/") && !text_starts(disk->path.v, "/dev/shm/"))
		return xstrdup("there is no such device now; /dev/disk/by-id has names that stay");
	if (access(dir, W_OK | X_OK) < 0)
		return disk->create.v ? xstrdup("you may not make a file in its directory")
				      : missing_words(disk->path.v, errnum);
	return disk->create.v
		       ? NULL
		       : xstrdup("no such file; create = 64G has one of 64 GiB made at the start");
}

/* disk: the one whose path it is, if the guest is to write to it, else NULL. */
static void check_path(struct check *c, const struct key *key, const struct text *path,
		       const struct disk *disk)
{
	bool device_fits = key->flags & KEY_EXISTS;
	struct stat st;

	if (!path->v || path->at.kind == ORIGIN_DEFAULT)
		return;
	if (stat(path->v, &st) < 0) {
		own_free char *what =
			disk ? missing_disk(disk, errno) : missing_words(path->v, errno);

		if (what)
			complain_file(c, &path->at, path->v, what);
	} else if (!S_ISREG(st.st_mode) && !(device_fits && S_ISBLK(st.st_mode))) {
		complain_file(c, &path->at, path->v,
			      S_ISDIR(st.st_mode) ? "is a directory; a file is needed"
			      : device_fits	  ? "is neither a file nor a block device"
						  : "is no regular file");
	} else if (S_ISBLK(st.st_mode)) {
		/* Rights on a node can be granted; the plan asks about those. */
	} else if (access(path->v, R_OK) < 0) {
		complain_file(c, &path->at, path->v, "you may not read it");
	} else if (disk && access(path->v, W_OK) < 0) {
		complain_file(c, &path->at, path->v,
			      "you may not write to it; set read-only = yes if that is meant");
	}
}

/* A directory that a guest is shown. */
static void check_folder(struct check *c, const struct text *path)
{
	struct stat st;

	if (!path->v)
		return;
	if (stat(path->v, &st) < 0) {
		own_free char *what = missing_words(path->v, errno);

		complain_file(c, &path->at, path->v, what);
	} else if (!S_ISDIR(st.st_mode)) {
		complain_file(c, &path->at, path->v, "is no directory");
	} else if (access(path->v, R_OK | X_OK) < 0) {
		complain_file(c, &path->at, path->v, "you may not read it");
	}
}

/* A character device that QEMU opens. */
static void check_node(struct check *c, const struct text *path)
{
	struct stat st;

	if (!path->v)
		return;
	if (stat(path->v, &st) < 0) {
		own_free char *what = missing_words(path->v, errno);

		complain_file(c, &path->at, path->v, what);
	} else if (!S_ISCHR(st.st_mode)) {
		complain_file(c, &path->at, path->v, "is no character device");
	} else if (access(path->v, R_OK | W_OK) < 0) {
		complain_file(
			c, &path->at, path->v,
			"you may not open it; who owns it is shown by 'ls -l', and a member of its group may");
	}
}

/* A file that QEMU appends to, and makes if need be. */
static void check_target(struct check *c, const struct target *target)
{
	const char *path = target->path;
	own_free char *dir = NULL, *what = NULL;
	struct stat st;

	if (target->kind != TARGET_FILE)
		return;
	dir = path_dir(path);
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			complain_file(c, &target->at, path, "is a directory; a file is needed");
		else if (access(path, W_OK) < 0)
			complain_file(c, &target->at, path, "you may not write to it");
	} else if (errno != ENOENT || stat(dir, &st) < 0) {
		what = missing_words(path, errno);
		complain_file(c, &target->at, path, what);
	} else if (access(dir, W_OK | X_OK) < 0) {
		complain_file(c, &target->at, path, "you may not make a file in its directory");
	}
}

static bool disk_writes(const void *base)
{
	const struct disk *disk = base;

	return disk->media.v == MEDIA_DISK && !disk->read_only.v;
}

static void check_section(struct check *c, const struct section_keys *section, const void *base)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct key *key = &section->key[i];
		bool writes = (key->flags & KEY_EXISTS) && strcmp(section->name, "disk") == 0 &&
			      disk_writes(base);

		if (key->kind == KIND_PATH && (key->flags & (KEY_READ | KEY_EXISTS)))
			check_path(c, key, (const void *)((const char *)base + key->offset),
				   writes ? base : NULL);
		if (key->kind == KIND_PATH && (key->flags & KEY_NODE))
			check_node(c, (const void *)((const char *)base + key->offset));
		if (key->kind == KIND_PATH && (key->flags & KEY_FOLDER))
			check_folder(c, (const void *)((const char *)base + key->offset));
		if (key->kind == KIND_TARGET)
			check_target(c, (const void *)((const char *)base + key->offset));
	}
}

/* A disk whose file is there. */
struct seen {
	const struct disk *disk;
	struct stat st;
};

/* Whether both are one file or one block device, whatever their names. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
		return a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* QEMU would refuse it by its locks, in words that name neither. */
static void check_twice(struct check *c, const struct seen *now, const struct seen *earlier)
{
	own_free char *name = NULL, *what = NULL;

	if ((!disk_writes(now->disk) && !disk_writes(earlier->disk)) ||
	    !is_same(&now->st, &earlier->st))
		return;
	name = item_text(&earlier->disk->item);
	what = xasprintf(
		"is the file of [%s] already, and a guest would write to it by two disks; set read-only = yes for both if that is meant",
		name);
	complain_file(c, &now->disk->path.at, now->disk->path.v, what);
}

static void check_disks(struct check *c)
{
	const struct items *disks = &c->p->disk;
	own_free struct seen *seen = xcalloc(disks->n + 1, sizeof(*seen));
	size_t n = 0;

	for (size_t i = 0; i < disks->n; i++) {
		const struct disk *disk = (const struct disk *)disks->v[i];

		seen[n].disk = disk;
		if (!disk->item.enabled.v || !disk->path.v || stat(disk->path.v, &seen[n].st) < 0)
			continue;
		for (size_t k = 0; k < n; k++)
			check_twice(c, &seen[n], &seen[k]);
		n++;
	}
}

bool profile_check_files(const struct profile *p, struct error **err)
{
	struct check c = {.p = p, .err = err, .good = true};
	size_t n;
	const struct section_keys *table = section_table(&n);

	for (size_t i = 0; i < n; i++) {
		const char *base = (const char *)p + table[i].offset;
		const struct items *items = (const void *)base;

		if (!table[i].items)
			check_section(&c, &table[i], base);
		for (size_t k = 0; table[i].items && k < items->n; k++)
			if (items->v[k]->enabled.v)
				check_section(&c, &table[i], items->v[k]);
	}
	check_disks(&c);
	return c.good;
}
