/* What a QEMU binary said about itself, kept in CACHE/qemu-DIGEST.json (the digest is of the path):
 *
 *   {"version": 4, "binary": {path, device, inode, size, mtime, modules}, "qemu": {version,
 * package}, "machines": [...], ..., "data directories": [...]} with a list of names for each kind
 * of offer,
 * but for those that were not asked for,
 *
 * and its schema of QMP in CACHE/qemu-DIGEST.schema: a line with the same "binary", then an entry
 * of the schema on each line.
 *
 * "binary" must be what the file system says now, member for member. "modules" is there because a
 * distribution's QEMU loads some devices from files beside it: a package more adds devices and
 * leaves the binary alone. Nothing in the cache is an authority: what is broken, of another
 * version, or could have been written by somebody else is as good as absent.
 */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/layout.h"

#define CACHE_VERSION 4
#define CACHE_LIMIT (1U << 20)
#define CACHE_DEPTH 8
#define SCHEMA_LIMIT (8U << 20)

#define DATA_DIRS "data directories"

static void add_modules(struct buf *text, const char *dir)
{
	struct stat st;

	if (stat(dir, &st) == 0)
		buf_addf(text, "%s%s %lld.%09ld", text->len ? ", " : "", dir,
			 (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* The places where QEMU's modules may be, those that exist, and when something in them changed. */
static char *modules_stamp(const char *path)
{
	own_free char *bin = path_dir(path);
	own_free char *prefix = path_dir(bin);
	const char *env = getenv("QEMU_MODULE_DIR");
	struct buf text = {0};

	for (size_t i = 0; LAYOUT_QEMU_MODULES[i]; i++) {
		own_free char *dir = path_join(prefix, LAYOUT_QEMU_MODULES[i]);

		add_modules(&text, dir);
	}
	if (env && *env)
		add_modules(&text, env);
	buf_adds(&text, "");
	return buf_steal(&text);
}

struct json_object *qemu_identity(const char *path)
{
	own_free char *beside = NULL, *mtime = NULL;
	struct json_object *identity;
	struct stat st;

	if (stat(path, &st) < 0)
		return NULL;
	beside = modules_stamp(path);
	mtime = xasprintf("%lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	identity = json_object_new_object();
	json_add_text(identity, "path", path);
	json_add_unsigned(identity, "device", st.st_dev);
	json_add_unsigned(identity, "inode", st.st_ino);
	json_add_number(identity, "size", st.st_size);
	json_add_text(identity, "mtime", mtime);
	json_add_text(identity, "modules", beside);
	return identity;
}

static char *cache_file(const char *cache_dir, const char *path, const char *suffix)
{
	uint8_t digest[32];
	struct buf name = {0};

	sha256(path, strlen(path), digest);
	buf_addf(&name, "%s/qemu-", cache_dir);
	for (size_t i = 0; i < 8; i++)
		buf_addf(&name, "%02x", digest[i]);
	buf_adds(&name, suffix);
	return buf_steal(&name);
}

/* The text of a cache file that only we can have written. */
static char *read_ours(const char *file, size_t limit, size_t *len)
{
	own_fd int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return NULL;
	return fd_read_all(fd, limit, len);
}

static struct json_object *read_json(const char *file)
{
	size_t len;
	own_free char *text = read_ours(file, CACHE_LIMIT, &len);
	struct json_object *all;

	return text && json_read(text, len, CACHE_DEPTH, &all, NULL) ? all : NULL;
}

bool qemu_names(struct json_object *array, const char *member, struct qemu_names *names)
{
	size_t length, count = 0;
	char **list;

	if (!json_object_is_type(array, json_type_array))
		return false;
	length = json_object_array_length(array);
	list = xcalloc(length + 1, sizeof(*list));
	while (count < length) {
		struct json_object *item = json_object_array_get_idx(array, count);

		if (member)
			item = json_member(item, member, json_type_string);
		if (!json_object_is_type(item, json_type_string))
			break;
		list[count++] = xstrdup(json_object_get_string(item));
	}
	if (count < length) {
		names_free(list, count);
		return false;
	}
	*names = (struct qemu_names){list, count};
	return true;
}

bool qemu_cache_read(struct qemu_facts *qemu, const char *cache_dir, const char *path,
		     struct json_object *identity)
{
	own_free char *file = cache_file(cache_dir, path, ".json");
	own_json struct json_object *all = read_json(file);
	const char *version, *package;
	json_object *about;
	struct qemu_facts read = {0};
	bool whole = true;

	if (json_member_unsigned(all, "version") != CACHE_VERSION ||
	    !json_object_equal(json_member(all, "binary", json_type_object), identity))
		return false;
	about = json_member(all, "qemu", json_type_object);
	version = json_object_get_string(json_member(about, "version", json_type_string));
	package = json_object_get_string(json_member(about, "package", json_type_string));
	for (size_t i = 0; whole && i < QEMU_OFFERS; i++)
		whole = qemu_names(json_member(all, qemu_offer_word[i], json_type_array), NULL,
				   &read.offers[i]) ||
			i >= QEMU_DISPLAYS;
	whole = whole &&
		qemu_names(json_member(all, DATA_DIRS, json_type_array), NULL, &read.data_dirs);
	if (!version || !package || !whole) {
		qemu_facts_free(&read);
		return false;
	}
	read.path = xstrdup(path);
	read.version = xstrdup(version);
	read.package = xstrdup(package);
	*qemu = read;
	return true;
}

/* Whether it is for us to make files in dir, or in the nearest directory above that exists. Root
 * with the HOME of a user must not leave directories there that the user cannot write to.
 */
static bool place_is_ours(const char *dir)
{
	own_free char *at = xstrdup(dir);
	struct stat st;

	while (stat(at, &st) < 0) {
		char *up;

		if (errno != ENOENT || strcmp(at, "/") == 0 || strcmp(at, ".") == 0)
			return false;
		up = path_dir(at);
		free(at);
		at = up;
	}
	return S_ISDIR(st.st_mode) && (st.st_uid == geteuid() || st.st_uid == 0);
}

static struct json_object *name_array(const struct qemu_names *names)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < names->n; i++)
		json_object_array_add(array, json_object_new_string(names->name[i]));
	return array;
}

void qemu_cache_write(const struct qemu_facts *qemu, const char *cache_dir,
		      struct json_object *identity)
{
	own_free char *file = cache_file(cache_dir, qemu->path, ".json");
	own_json struct json_object *all = json_object_new_object();
	own_error struct error *unused = NULL;
	struct json_object *about = json_object_new_object();
	const char *text;
	size_t len;

	json_add_number(all, "version", CACHE_VERSION);
	json_object_object_add(all, "binary", json_object_get(identity));
	json_add_text(about, "version", qemu->version);
	json_add_text(about, "package", qemu->package);
	json_object_object_add(all, "qemu", about);
	for (size_t i = 0; i < QEMU_OFFERS; i++)
		if (i < QEMU_DISPLAYS || qemu->offers[i].n)
			json_object_object_add(all, qemu_offer_word[i],
					       name_array(&qemu->offers[i]));
	json_object_object_add(all, DATA_DIRS, name_array(&qemu->data_dirs));
	text = json_object_to_json_string_length(all, JSON_C_TO_STRING_PLAIN, &len);
	/* A power failure leaves something broken at worst, which is ignored: no need for a disk.
	 */
	if (text && place_is_ours(cache_dir) && dir_make(cache_dir, 0700, &unused))
		file_write(file, text, len, 0600, VOLATILE, &unused);
}

/* What stands on the first line of a kept schema: the binary and the build that it is of. */
static char *schema_head(const char *path, const char *build)
{
	struct json_object *identity = qemu_identity(path), *head;
	char *text = NULL;

	if (!identity)
		return NULL;
	head = json_object_new_object();
	json_add_number(head, "version", CACHE_VERSION);
	json_object_object_add(head, "binary", identity);
	json_add_text(head, "build", build);
	text = xasprintf("%s\n", json_object_to_json_string_ext(head, JSON_C_TO_STRING_PLAIN));
	json_object_put(head);
	return text;
}

char *qemu_schema_read(const char *cache_dir, const char *path, const char *build, size_t *len)
{
	own_free char *file = cache_file(cache_dir, path, ".schema");
	own_free char *head = schema_head(path, build);
	own_free char *text = read_ours(file, SCHEMA_LIMIT, len);
	size_t first = head ? strlen(head) : 0;

	if (!first || !text || *len < first || memcmp(text, head, first) != 0)
		return NULL;
	*len -= first;
	memmove(text, text + first, *len + 1);
	return steal(&text);
}

void qemu_schema_write(const char *cache_dir, const char *path, const char *build, const char *text,
		       size_t len)
{
	own_free char *file = cache_file(cache_dir, path, ".schema");
	own_free char *head = schema_head(path, build);
	own_error struct error *unused = NULL;
	own_buf struct buf all = {0};

	if (!head || !place_is_ours(cache_dir) || !dir_make(cache_dir, 0700, &unused))
		return;
	buf_adds(&all, head);
	buf_add(&all, text, len);
	file_write(file, all.data, all.len, 0600, VOLATILE, &unused);
}
