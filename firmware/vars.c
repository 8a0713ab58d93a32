/* The store is the memory of the virtual machine's firmware: boot entries, enrolled keys, and what
 * a guest's full disk encryption was sealed to. Losing it can mean a recovery key typed by hand, so
 * it is copied whole or not at all, never overwritten, and never given to a firmware that it was
 * not made for (one with another layout forgets variables without a word, or hangs).
 */
#include "vars.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "image.h"

struct image {
	bool is_qcow2;
	uint64_t size;
};

/* Looks at a regular file; false with errno set. */
static bool look_at_store(const char *path, struct image *image)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return false;
	}
	return image_size(fd, &image->is_qcow2, &image->size);
}

static bool look_at_template(const char *path, struct image *image, struct error **err)
{
	if (!look_at_store(path, image)) {
		error_errno(err, ERROR_HOST, errno,
			    "cannot read the firmware's variable template %s", path);
		return false;
	}
	if (image->size == 0) {
		error_add(err, ERROR_HOST, "the firmware's variable template %s is empty", path);
		return false;
	}
	return true;
}

static const char *format_name(const struct image *image)
{
	return image->is_qcow2 ? "qcow2" : "raw";
}

/* An existing store is usable when it is of the template's size and format and QEMU may write it.
 */
static bool check_store(const char *path, const struct image *store, const char *template_path,
			const struct image *image, struct error **err)
{
	if (store->size != image->size || store->is_qcow2 != image->is_qcow2) {
		error_add(
			err, ERROR_HOST,
			"the variable store %s (%s, %llu bytes) was made for another firmware than %s (%s, %llu bytes) belongs to: name the old firmware with firmware.code and firmware.vars, or start once with firmware.reset-vars = yes, which keeps the old store as %s.old",
			path, format_name(store), (unsigned long long)store->size, template_path,
			format_name(image), (unsigned long long)image->size, path);
		return false;
	}
	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) < 0) {
		error_errno(err, ERROR_HOST, errno, "the variable store %s cannot be written",
			    path);
		return false;
	}
	return true;
}

static bool make_store(const char *path, const char *template_path, struct error **err)
{
	own_free char *dir = path_dir(path);

	return dir_make(dir, 0700, err) && file_copy_new(template_path, path, 0600, err);
}

bool vars_prepare(const char *path, const char *template_path, struct error **err)
{
	struct image image, store;

	if (!look_at_template(template_path, &image, err))
		return false;
	if (look_at_store(path, &store))
		return check_store(path, &store, template_path, &image, err);
	if (errno != ENOENT) {
		error_errno(err, ERROR_HOST, errno, "cannot use the variable store %s", path);
		return false;
	}
	return make_store(path, template_path, err);
}

bool vars_copy(const char *path, const char *store, const char *template_path, struct error **err)
{
	struct image image, there;

	if (!look_at_template(template_path, &image, err))
		return false;
	if (look_at_store(store, &there))
		return check_store(store, &there, template_path, &image, err) &&
		       make_store(path, store, err);
	if (errno != ENOENT) {
		error_errno(err, ERROR_HOST, errno, "cannot use the variable store %s", store);
		return false;
	}
	return make_store(path, template_path, err);
}

/* The fresh one is made first: a full disk must not leave a machine without any. If we die between
 * the two renames there is no store, and the next start makes the fresh one that was asked for.
 */
bool vars_reset(const char *path, const char *template_path, struct error **err)
{
	own_free char *first = xasprintf("%s.old", path);
	/* The first one that was put aside is the one that somebody may miss. */
	own_free char *old = xasprintf("%s.old%s", path, access(first, F_OK) == 0 ? "-last" : "");
	own_free char *fresh = xasprintf("%s.fresh", path);
	struct image image;
	struct stat st;

	if (!look_at_template(template_path, &image, err))
		return false;
	if (lstat(path, &st) < 0 && errno == ENOENT)
		return make_store(path, template_path, err);
	if (unlink(fresh) < 0 && errno != ENOENT) {
		error_errno(err, ERROR_HOST, errno, "cannot remove %s", fresh);
		return false;
	}
	if (!make_store(fresh, template_path, err))
		return false;
	if (rename(path, old) < 0 || rename(fresh, path) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot put the variable store %s aside", path);
		unlink(fresh);
		return false;
	}
	return true;
}
