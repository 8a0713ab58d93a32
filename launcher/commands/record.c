#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "host/pci.h"
#include "host/setup.h"

#define CONTENT_LIMIT (8U << 20)
/* Of larger files that are no text (firmware images) the start is kept, which tells their kind. */
#define WHOLE_LIMIT (1U << 20)
#define START 4096
#define LINKS 40 /* as the kernel follows */
#define WALK 8	 /* directories below a PCI function, as host/holders_nodes.c walks */

/* ------------------------------------------------------------------ while it runs */

/* The absolute path of what a root's descriptor stands for, which the caller owns. */
static char *path_of(const struct root *root)
{
	char link[64], path[4096];
	ssize_t n;

	if (root_is_real(root))
		return xstrdup("");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", root->fd);
	n = readlink(link, path, sizeof(path) - 1);
	return n < 0 ? NULL : xstrndup(path, (size_t)n);
}

/* Roots may lie in the one that is recorded: a function's directory is one. */
static void note_path(void *context, const struct root *root, const char *path, int flags)
{
	struct recording *r = context;
	own_free char *base = path_of(root), *whole = NULL;
	size_t len = strlen(r->prefix);

	if (!base || strncmp(base, r->prefix, len) != 0 || (base[len] && base[len] != '/'))
		return;
	whole = xasprintf("%s/%s", base + len, path);
	*xappend(r->noted, r->notes) = (struct noted){
		.path = steal(&whole),
		.content = !(flags & (O_PATH | O_DIRECTORY)),
		.listed = flags & O_DIRECTORY && !(flags & O_PATH),
	};
}

void recording_start(struct recording *recording, const struct root *root)
{
	char *prefix = path_of(root);

	*recording = (struct recording){.prefix = prefix ? prefix : xstrdup("/")};
	root_watch(note_path, recording);
}

/* ------------------------------------------------------------------ reading it again */

struct capture {
	struct recording *r;
	const struct root *root;
};

/* Of this machine only places that describe it; nobody's own files. */
static bool may_be_kept(const struct capture *c, const char *path)
{
	static const char *const place[] = {"sys", "proc", "dev",  "etc", "usr", "lib", "lib64",
					    "bin", "sbin", "boot", "efi", "run", "nix"};
	size_t len = strcspn(path, "/");

	if (!root_is_real(c->root))
		return true;
	if (text_starts(path, "run/user") || text_starts(path, "usr/home"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(place); i++)
		if (strlen(place[i]) == len && strncmp(place[i], path, len) == 0)
			return true;
	return false;
}

static struct recorded *add_recorded(struct capture *c, const char *path, enum recorded_kind kind)
{
	struct recorded *entry = xappend(c->r->v, c->r->n);

	entry->path = xstrdup(path);
	entry->kind = kind;
	return entry;
}

static void add_link(struct capture *c, const char *path, const char *target)
{
	struct recorded *entry = add_recorded(c, path, RECORDED_LINK);

	entry->data = xstrdup(target);
	entry->len = strlen(target);
}

/* Lines of a process's map that lead to a device: the others tell what it has open. */
static void keep_devices(struct recorded *entry)
{
	own_buf struct buf kept = {0};
	char *rest = entry->data, *line;

	while ((line = strsep(&rest, "\n")))
		if (strstr(line, " /dev/"))
			buf_addf(&kept, "%s\n", line);
	free(entry->data);
	entry->len = kept.len;
	entry->size = kept.len;
	entry->data = kept.len ? buf_steal(&kept) : xstrdup("");
}

/* The process that a path belongs to, 0: none. */
static unsigned long process_of(const char *path)
{
	const char *at = text_starts(path, "proc/") ? path + strlen("proc/") : "";

	return *at >= '1' && *at <= '9' ? strtoul(at, NULL, 10) : 0;
}

static bool is_process_file(const char *path, const char *name)
{
	return process_of(path) &&
	       strcmp(path + strlen("proc/") + strspn(path + strlen("proc/"), "0123456789"),
		      name) == 0;
}

static void add_content(struct capture *c, const char *path, const struct stat *st)
{
	own_free char *absolute = xasprintf("/%s", path);
	own_fd int fd = root_open(c->root, absolute, O_RDONLY);
	struct recorded *entry;
	size_t len = 0;
	char *data = fd < 0 ? NULL : fd_read_all(fd, CONTENT_LIMIT, &len);
	bool start = len > WHOLE_LIMIT && memchr(data, '\0', START);

	if (!data) {
		entry = add_recorded(c, path,
				     st->st_size > CONTENT_LIMIT ? RECORDED_FILE : RECORDED_THERE);
		entry->size = entry->kind == RECORDED_FILE ? (uint64_t)st->st_size : 0;
		return;
	}
	entry = add_recorded(c, path, RECORDED_FILE);
	entry->data = data;
	entry->size = len;
	entry->len = start ? START : len;
	if (is_process_file(path, "/maps"))
		keep_devices(entry);
}

static bool look_at_path(const struct capture *c, const char *path, struct stat *st, char **target)
{
	own_free char *absolute = xasprintf("/%s", path);
	own_fd int fd = root_open(c->root, absolute, O_PATH | O_NOFOLLOW);

	*target = NULL;
	if (fd < 0 || fstat(fd, st) < 0)
		return false;
	if (S_ISLNK(st->st_mode))
		*target = root_readlink(c->root, "/%s", path);
	return !S_ISLNK(st->st_mode) || *target;
}

/* The part in front of the last slash. */
static void cut_path(char *path)
{
	char *slash = strrchr(path, '/');

	*(slash ? slash : path) = '\0';
}

/* Follows path as the kernel would, records each link on the way, and gives where it leads (which
 * the caller owns) with its state; NULL where that is nothing that is kept.
 */
static char *follow_link(struct capture *c, const char *path, struct stat *st)
{
	own_free char *rest = xstrdup(path), *at = xstrdup("");
	char *todo = rest;
	int links = 0;

	*st = (struct stat){.st_mode = S_IFDIR};
	while (todo) {
		own_free char *next = NULL, *target = NULL, *joined = NULL;
		const char *part = strsep(&todo, "/");

		if (!*part || strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0) {
			cut_path(at);
			continue;
		}
		next = xasprintf("%s%s%s", at, *at ? "/" : "", part);
		if (!may_be_kept(c, next) || !look_at_path(c, next, st, &target))
			return NULL;
		if (!target) {
			free(at);
			at = steal(&next);
			continue;
		}
		if (links++ == LINKS)
			return NULL;
		add_link(c, next, target);
		joined = xasprintf("%s/%s", target, todo ? todo : "");
		if (*target == '/')
			*at = '\0';
		free(rest);
		rest = todo = steal(&joined);
	}
	return steal(&at);
}

/* What lies in a directory that was listed, each by its name and kind. Of a process's descriptors
 * only those that are devices: the others tell what it has open.
 */
static void add_listing(struct capture *c, const char *path)
{
	size_t n;
	char **name = root_list(c->root, &n, "/%s", path);
	bool descriptors = is_process_file(path, "/fd");

	for (size_t i = 0; i < n; i++) {
		own_free char *each = xasprintf("%s/%s", path, name[i]), *target = NULL;
		struct stat st;

		/* Of /proc itself only the processes count. */
		if ((strcmp(path, "proc") == 0 && !process_of(each)) || !may_be_kept(c, each) ||
		    !look_at_path(c, each, &st, &target))
			continue;
		if (target && (!descriptors || text_starts(target, "/dev/")))
			add_link(c, each, target);
		else if (!target)
			add_recorded(c, each,
				     S_ISDIR(st.st_mode) ? RECORDED_DIRECTORY : RECORDED_THERE);
	}
	names_free(name, n);
}

static void keep_path(struct capture *c, const char *path, bool content, bool listed);

/* What has a device number below a PCI function, where its nodes are looked for without the root.
 */
static void walk_path(struct capture *c, const char *path, int depth)
{
	static const char *const part[] = {"dev", "uevent", "subsystem"};
	size_t n;
	char **name = root_list(c->root, &n, "/%s", path);
	bool has_number = root_exists(c->root, "/%s/dev", path);

	for (size_t i = 0; has_number && i < ARRAY_SIZE(part); i++) {
		own_free char *each = xasprintf("%s/%s", path, part[i]);

		keep_path(c, each, true, false);
	}
	for (size_t i = 0; depth < WALK && i < n; i++) {
		own_free char *each = xasprintf("%s/%s", path, name[i]), *target = NULL;
		struct pci_address address;
		struct stat st;

		if (look_at_path(c, each, &st, &target) && S_ISDIR(st.st_mode) &&
		    !pci_address_parse(name[i], &address))
			walk_path(c, each, depth + 1);
	}
	names_free(name, n);
}

static void keep_path(struct capture *c, const char *path, bool content, bool listed)
{
	struct stat st;
	own_free char *at = follow_link(c, path, &st);
	struct pci_address address;

	if (!at || !*at)
		return;
	if (S_ISDIR(st.st_mode)) {
		add_recorded(c, at, RECORDED_DIRECTORY);
		if (listed)
			add_listing(c, at);
		if (listed && pci_address_parse(path_base(at), &address))
			walk_path(c, at, 0);
	} else if (S_ISREG(st.st_mode) && content && !text_starts(at, "dev/")) {
		add_content(c, at, &st);
	} else {
		add_recorded(c, at, RECORDED_THERE);
	}
}

static int by_note(const void *a, const void *b)
{
	return strcmp(((const struct noted *)a)->path, ((const struct noted *)b)->path);
}

/* Of what was found twice the one that says more comes first. */
static int by_path(const void *a, const void *b)
{
	const struct recorded *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (int)y->kind - (int)x->kind;
}

static void free_recorded(struct recorded *entry)
{
	free(entry->path);
	free(entry->data);
}

static void drop_repeated(struct recording *r)
{
	size_t kept = 0;

	if (r->n)
		qsort(r->v, r->n, sizeof(*r->v), by_path);
	for (size_t i = 0; i < r->n; i++) {
		if (kept && strcmp(r->v[kept - 1].path, r->v[i].path) == 0)
			free_recorded(&r->v[i]);
		else
			r->v[kept++] = r->v[i];
	}
	r->n = kept;
}

/* Nodes that say nothing of who uses a device. */
static bool is_dull(const char *node)
{
	static const char *const dull[] = {
		"/dev/null", "/dev/zero", "/dev/full", "/dev/random",  "/dev/urandom", "/dev/tty",
		"/dev/pts/", "/dev/ptmx", "/dev/shm/", "/dev/console", "/dev/fuse",    "/dev/net/",
	};

	for (size_t i = 0; i < ARRAY_SIZE(dull); i++)
		if (text_starts(node, dull[i]))
			return true;
	return false;
}

/* Whether this part of a process is a reason to keep all that was read of it. */
static bool tells_content(const struct recorded *entry)
{
	own_free char *comm = NULL;
	const char *open, *close;

	if (entry->kind == RECORDED_LINK)
		return text_starts(entry->data, "/dev/") && !is_dull(entry->data);
	if (is_process_file(entry->path, "/maps"))
		return entry->len;
	if (!is_process_file(entry->path, "/stat") || !entry->data)
		return false;
	open = strchr(entry->data, '(');
	close = open ? strrchr(open, ')') : NULL;
	comm = close ? xstrndup(open + 1, (size_t)(close - open - 1)) : NULL;
	return comm && setup_is_session(comm);
}

static int by_number(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

/* The first process stays, which shows that others would be seen, and the one that /proc/self is.
 */
static void drop_processes(struct recording *r)
{
	own_free unsigned long *kept = xcalloc(r->n + 1, sizeof(*kept));
	size_t n = 0, left = 0;

	kept[n++] = 1;
	for (size_t i = 0; i < r->n; i++) {
		unsigned long pid = process_of(r->v[i].path);

		if (strcmp(r->v[i].path, "proc/self") == 0 && r->v[i].kind == RECORDED_LINK)
			kept[n++] = strtoul(r->v[i].data, NULL, 10);
		else if (pid && kept[n - 1] != pid && tells_content(&r->v[i]))
			kept[n++] = pid;
	}
	qsort(kept, n, sizeof(*kept), by_number);
	for (size_t i = 0; i < r->n; i++) {
		unsigned long pid = process_of(r->v[i].path);

		if (pid && !bsearch(&pid, kept, n, sizeof(*kept), by_number))
			free_recorded(&r->v[i]);
		else
			r->v[left++] = r->v[i];
	}
	r->n = left;
}

void recording_end(struct recording *recording, const struct root *root)
{
	struct capture c = {recording, root};
	struct noted *v = recording->noted;

	root_watch(NULL, NULL);
	if (recording->notes)
		qsort(v, recording->notes, sizeof(*v), by_note);
	for (size_t i = 0, next; i < recording->notes; i = next) {
		bool content = false, listed = false;

		for (next = i; next < recording->notes && strcmp(v[next].path, v[i].path) == 0;
		     next++) {
			content |= v[next].content;
			listed |= v[next].listed;
		}
		keep_path(&c, v[i].path, content, listed);
	}
	drop_repeated(recording);
	drop_processes(recording);
}

void recording_free(struct recording *recording)
{
	for (size_t i = 0; i < recording->n; i++)
		free_recorded(&recording->v[i]);
	for (size_t i = 0; i < recording->notes; i++)
		free(recording->noted[i].path);
	free(recording->v);
	free(recording->noted);
	free(recording->prefix);
	*recording = (struct recording){0};
}
