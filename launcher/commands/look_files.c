/* Words that leave a file: a picture of the guest's screen, and its memory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "look_private.h"
#include "run/record.h"

#define PICTURE_LIMIT (256U << 20)
#define DUMP_FD "vmlaunch-dump" /* its name in QEMU */

/* The whole path of a file that is not there yet; NULL with an error. */
static char *new_file(const char *name, bool replace, struct error **err)
{
	own_free char *shown = text_word(name);
	char here[PATH_MAX];

	if (!*name || strchr(name, '\n'))
		error_add(err, ERROR_USAGE, "a FILE is wanted");
	else if (!replace && access(name, F_OK) == 0)
		error_add(err, ERROR_FAILED, "%s is there already", shown);
	else if (!getcwd(here, sizeof(here)))
		error_add(err, ERROR_FAILED, "this directory is gone");
	else
		return path_join(here, name);
	return NULL;
}

static bool dump_screen(struct looking *looking, const char *path, bool ppm, struct error **err)
{
	json_object *arguments = json_object_new_object();
	struct error *problem = NULL;
	own_json json_object *answer = NULL;

	json_add_text(arguments, "filename", path);
	if (!ppm)
		json_add_text(arguments, "format", "png");
	answer = look_ask(looking, "screendump", arguments, &problem);
	if (problem && strcasestr(error_message(problem, 0), "png"))
		error_context(&problem, "this QEMU makes no PNG; FILE.ppm gets the picture as PPM");
	error_merge(err, &problem);
	return answer;
}

/* QEMU writes into the one file of the machine's own directory that it may write; what it wrote is
 * read from the file that we opened, whatever stands in its place now.
 */
static char *picture_of(struct looking *looking, bool ppm, size_t *len, struct error **err)
{
	own_free char *path = path_join(looking->session->dir, SCREENSHOT_FILE);
	own_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	char *data = NULL;

	/* Another picture may be on its way. */
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot make a file in %s",
			    looking->session->dir);
		return NULL;
	}
	if (dump_screen(looking, path, ppm, err)) {
		data = fd_read_all(fd, PICTURE_LIMIT, len);
		if (!data)
			error_errno(err, ERROR_FAILED, errno, "cannot read the picture");
	}
	if (ftruncate(fd, 0) < 0)
		unlink(path);
	return data;
}

/* A file that is new, or is not there at all. */
static bool write_new(const char *path, const char *data, size_t len, struct error **err)
{
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	own_free char *shown = text_word(path);

	if (fd >= 0 && fd_write_all(fd, data, len))
		return true;
	error_errno(err, ERROR_FAILED, errno, "%s", shown);
	if (fd >= 0)
		unlink(path);
	return false;
}

bool look_take_picture(struct looking *looking, const char *name, bool replace, struct error **err)
{
	own_free char *path = new_file(name, replace, err), *data = NULL;
	bool ppm = text_ends(name, ".ppm");
	size_t len = 0;

	if (!path)
		return false;
	/* Whoever listens at a socket of somebody else's writes the file itself. */
	if (!looking->session->dir)
		return dump_screen(looking, path, ppm, err);
	data = picture_of(looking, ppm, &len, err);
	if (!data)
		return false;
	return replace ? file_write(path, data, len, 0644, VOLATILE, err)
		       : write_new(path, data, len, err);
}

static json_object *file_json(const char *name)
{
	json_object *o = json_object_new_object();

	json_add_text(o, "file", name);
	return o;
}

static void print_file(struct buf *out, json_object *found)
{
	own_free char *word = text_word(json_member_text(found, "file"));

	buf_addf(out, "%s\n", word);
}

static json_object *find_screenshot(struct looking *looking, const char *words, struct error **err)
{
	return look_take_picture(looking, words, false, err) ? file_json(words) : NULL;
}

/* Gives QEMU, which may open no file of ours by its name (run/confine.c), a descriptor of that
 * name.
 */
static bool give_fd(struct looking *looking, const char *name, int fd, struct error **err)
{
	json_object *arguments = json_object_new_object();
	own_json json_object *answer = NULL;

	json_add_text(arguments, "fdname", name);
	qmp_attach_fd(looking->session->qmp, fd);
	answer = look_ask(looking, "getfd", arguments, err);
	qmp_attach_fd(looking->session->qmp, -1);
	return answer;
}

static json_object *find_dump(struct looking *looking, const char *words, struct error **err)
{
	own_free char *path = new_file(words, false, err);
	own_json json_object *answer = NULL;
	json_object *arguments;
	own_fd int fd = -1;
	struct stat file;

	if (!path || !session_may(looking->session, "dump-guest-memory", NULL, err))
		return NULL;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		own_free char *shown = text_word(path);

		error_errno(err, ERROR_FAILED, errno, "%s", shown);
		return NULL;
	}
	arguments = json_object_new_object();
	json_add_bool(arguments, "paging", 0);
	json_add_text(arguments, "protocol", "fd:" DUMP_FD);
	if (give_fd(looking, DUMP_FD, fd, err))
		answer = look_ask(looking, "dump-guest-memory", steal(&arguments), err);
	json_object_put(arguments);
	/* One that is not waited for any more goes on. */
	if (!answer && fstat(fd, &file) == 0 && file.st_size == 0)
		unlink(path);
	return answer ? file_json(path) : NULL;
}

const struct look LOOK_SCREENSHOT = {find_screenshot, print_file, NULL};
const struct look LOOK_DUMP = {
	find_dump, print_file,
	"the file gets as large as the guest's memory, and the guest stands still meanwhile: sure?"};
