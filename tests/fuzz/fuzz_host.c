/* Fuzzes what the host says of itself: a made-up machine of tests/golden (FUZZ_HOST says where its
 * tree is), in which some files of /sys, /proc, /dev and /etc hold what the input says, links lead
 * where it says, and files are gone. Then the commands that read all of it look at that host.
 * Besides memory errors this looks for refusals, words that a terminal could take for an order,
 * JSON that is none, and anything that is left behind.
 *
 * An input's first byte chooses the command; then come rows: two bytes that choose a file, and its
 * text up to a NUL. The highest bit of them takes the file away.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "whole.h"

#define ROWS 32 /* of an input, at most */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *tree;
static char **name;
static size_t names;

static void must(bool promise)
{
	if (!promise)
		abort();
}

static int add_name(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)at;
	if (kind == FTW_F || kind == FTW_SL)
		*xappend(name, names) = xstrdup(path);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *tmp = getenv("TMPDIR");

	(void)argc, (void)argv;
	tree = getenv("FUZZ_HOST");
	if (!tree)
		tree = "";
	must(nftw(tree, add_name, 16, FTW_PHYS) == 0 && names > 100 && names < 0x7fff);
	qsort(name, names, sizeof(*name), by_text);
	/* No QEMU, which would be asked, and nothing of whoever runs this. */
	must(setenv("PATH", "/nowhere", 1) == 0 && setenv("HOME", tmp ? tmp : "/tmp", 1) == 0);
	return 0;
}

/* What stood in a file's place before. */
struct original {
	const char *path;
	char *link; /* where it led; NULL: a file */
	char *data;
	size_t len;
};

static void put(const char *path, const char *link, const char *data, size_t len)
{
	must(unlink(path) == 0 || errno == ENOENT);
	if (link) {
		must(symlink(link, path) == 0);
		return;
	}
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	must(fd >= 0 && fd_write_all(fd, data, len));
}

static void keep(struct original *o, const char *path)
{
	char link[4096];
	ssize_t n = readlink(path, link, sizeof(link) - 1);

	*o = (struct original){.path = path};
	if (n >= 0)
		o->link = xstrndup(link, (size_t)n);
	else
		o->data = file_read(path, 1U << 22, &o->len);
	must(o->link || o->data);
}

/* One row; false at the input's end, or where its file has been changed already. */
static bool change(struct original *o, size_t n, const uint8_t **at, size_t *left)
{
	const char *path;
	const uint8_t *end;
	size_t len;
	unsigned which;

	if (*left < 2)
		return false;
	which = (unsigned)((*at)[0] << 8 | (*at)[1]);
	path = name[(which & 0x7fff) % names];
	*at += 2;
	*left -= 2;
	end = memchr(*at, '\0', *left);
	len = end ? (size_t)(end - *at) : *left;
	for (size_t i = 0; i < n; i++)
		if (o[i].path == path)
			return false;
	keep(&o[n], path);
	if (which & 0x8000) {
		must(unlink(path) == 0);
	} else {
		own_free char *text = xstrndup((const char *)*at, len);

		put(path, o[n].link && *text ? text : NULL, text, len);
	}
	*at += end ? len + 1 : len;
	*left -= end ? len + 1 : len;
	return true;
}

static void look(unsigned which)
{
	static const char *const command[][3] = {
		{"devices", "--all"},
		{"devices", "--all", "--json"},
		{"doctor", "--verbose"},
		{"doctor", "--json"},
		{"cpus"},
		{"cpus", "--json"},
	};
	const char *const *chosen = command[which % ARRAY_SIZE(command)];
	const char *words[5] = {"--host-root", tree, chosen[0], chosen[1], chosen[2]};
	own_error struct error *err = NULL;
	own_free char *said = NULL;
	size_t n = chosen[2] ? 5 : chosen[1] ? 4 : 3;
	int status;

	said = whole_said(words, n, &status, &err);
	/* A host is never at fault: what it lacks is told. */
	must(!err && *said);
	if (n > 3 && strcmp(words[n - 1], "--json") == 0) {
		json_object *all = json_tokener_parse(said);

		must(all);
		json_object_put(all);
	}
	whole_is_lines(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct original original[ROWS];
	size_t n = 0;

	if (!size)
		return 0;
	for (size_t left = size - 1; n < ROWS; n++) {
		const uint8_t *at = data + size - left;

		if (!change(original, n, &at, &left))
			break;
	}
	look(data[0]);
	while (n--) {
		put(original[n].path, original[n].link, original[n].data, original[n].len);
		free(original[n].link);
		free(original[n].data);
	}
	return 0;
}
