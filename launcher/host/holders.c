/* One pass over /proc for all nodes.
 *
 * A descriptor is looked at by statx on its link in /proc/PID/fd, which gives the device number
 * that it leads to, whatever the node is called and in whatever mount namespace it lies, and never
 * waits for a network file system (AT_STATX_DONT_SYNC). A mapping shows only the node's own inode;
 * that is compared with the inodes of the nodes we know by name.
 */
#include "holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "base/text.h"

#define KERNEL_THREAD 0x00200000U	/* PF_KTHREAD, linux/sched.h */
#define FIRST_PID_NAMESPACE 0xeffffffcU /* PROC_PID_INIT_INO, linux/proc_ns.h */
#define MAPS_CHUNK 65536

struct scan {
	const struct root *root;
	const struct holder_nodes *nodes;
	struct holders *holders;
	size_t *by_dev; /* the nodes' indices, sorted by device number */
	char *passwd;	/* /etc/passwd, read when the first user's name is needed */
	char *chunk;	/* for maps */
	dev_t *fs;	/* the file systems that the nodes lie on: one, as a rule */
	size_t n_fs;
	/* of the process in hand */
	pid_t pid;
	size_t first; /* its first holder */
};

static int compare_devices(const struct holder_node *a, const struct holder_node *b)
{
	if (a->block != b->block)
		return a->block - b->block;
	return (a->dev > b->dev) - (a->dev < b->dev);
}

static int by_device(const void *a, const void *b, void *nodes)
{
	const struct holder_node *v = nodes;

	return compare_devices(&v[*(const size_t *)a], &v[*(const size_t *)b]);
}

/* Notes that the process in hand holds a node, once. */
static void add_holder(struct scan *s, size_t node, bool mapped)
{
	struct holders *all = s->holders;

	for (size_t i = s->first; i < all->n; i++)
		if (all->v[i].node == node)
			return;
	*xappend(all->v, all->n) = (struct holder){.node = node, .pid = s->pid, .mapped = mapped};
}

/* All nodes with this device number: a driver's shared node stands there once for each function. */
static void hold_device(struct scan *s, bool block, dev_t dev)
{
	const struct holder_node key = {.block = block, .dev = dev};
	size_t low = 0, high = s->nodes->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_devices(&s->nodes->v[s->by_dev[middle]], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < s->nodes->n; low++) {
		if (compare_devices(&s->nodes->v[s->by_dev[low]], &key) != 0)
			break;
		add_holder(s, s->by_dev[low], false);
	}
}

/* A path as /proc shows it; a node that was removed has " (deleted)" behind it. */
static void hold_path(struct scan *s, const char *path, size_t len, bool mapped)
{
	static const char gone[] = " (deleted)";
	const size_t tail = sizeof(gone) - 1;

	if (len > tail && memcmp(path + len - tail, gone, tail) == 0)
		len -= tail;
	for (size_t i = 0; i < s->nodes->n; i++)
		if (strncmp(s->nodes->v[i].path, path, len) == 0 && !s->nodes->v[i].path[len])
			add_holder(s, i, mapped);
}

/* False when the kernel does not let us look. */
static bool look_at_fd(struct scan *s, int dir, const char *name)
{
	struct statx st;
	char target[4096];
	ssize_t n;

	if (root_is_real(s->root) &&
	    statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) == 0) {
		if (S_ISCHR(st.stx_mode) || S_ISBLK(st.stx_mode))
			hold_device(s, S_ISBLK(st.stx_mode),
				    makedev(st.stx_rdev_major, st.stx_rdev_minor));
		return true;
	}
	/* A FUSE mount of somebody else refuses even root its files' attributes, but they are no
	 * devices; only who may not even read the link may not look.
	 */
	n = readlinkat(dir, name, target, sizeof(target));
	if (n < 0)
		return errno != EACCES && errno != EPERM;
	if (!root_is_real(s->root) && text_starts(target, "/dev/"))
		hold_path(s, target, (size_t)n, false);
	return true;
}

/* False when something stayed unseen. A process that is gone meanwhile holds nothing. */
static bool look_at_fds(struct scan *s, const char *name)
{
	own_free char *path = xasprintf("/proc/%s/fd", name);
	int fd = root_open(s->root, path, O_RDONLY | O_DIRECTORY);
	own_dir DIR *dir = NULL;
	const struct dirent *entry;
	bool all = true;

	if (fd < 0)
		return errno != EACCES && errno != EPERM;
	dir = root_dir(fd);
	if (!dir)
		return false;
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.')
			all &= look_at_fd(s, fd, entry->d_name);
	return all;
}

/* "start-end perms offset major:minor inode path" */
static void look_at_mapping(struct scan *s, char *line, char *end)
{
	char *at = line;
	unsigned long maj, min, inode;

	for (int i = 0; i < 3; i++) {
		at = memchr(at, ' ', (size_t)(end - at));
		if (!at)
			return;
		at++;
	}
	maj = strtoul(at, &at, 16);
	if (*at != ':')
		return;
	min = strtoul(at + 1, &at, 16);
	inode = strtoul(at, &at, 10);
	if (!root_is_real(s->root)) {
		at += strspn(at, " ");
		hold_path(s, at, (size_t)(end - at), true);
		return;
	}
	for (size_t k = 0; inode && k < s->n_fs; k++)
		for (size_t i = 0; s->fs[k] == makedev(maj, min) && i < s->nodes->n; i++)
			if (s->nodes->v[i].inode == inode && s->nodes->v[i].fs == s->fs[k])
				add_holder(s, i, true);
}

/* The kernel hands out whole lines; a path may be longer than what is left of the chunk. */
static void look_at_maps(struct scan *s, const char *name)
{
	own_free char *path = xasprintf("/proc/%s/maps", name);
	own_fd int fd = root_open(s->root, path, O_RDONLY);
	size_t have = 0;

	while (fd >= 0) {
		ssize_t n = read(fd, s->chunk + have, MAPS_CHUNK - 1 - have);
		char *line = s->chunk, *end;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		have += (size_t)n;
		s->chunk[have] = '\0';
		while ((end = memchr(line, '\n', have - (size_t)(line - s->chunk)))) {
			*end = '\0';
			look_at_mapping(s, line, end);
			line = end + 1;
		}
		have -= (size_t)(line - s->chunk);
		memmove(s->chunk, line, have);
		if (have == MAPS_CHUNK - 1)
			return;
	}
}

/* Field i (from 3, the one behind the name) of /proc/PID/stat; the name may hold anything. */
static uint64_t stat_field(const char *stat, int i)
{
	const char *at = strrchr(stat, ')');

	for (int k = 2; at && k < i; k++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

/* Whether it may have something that we should have seen: it is there, and no kernel thread. */
static bool is_missed(const struct scan *s, const char *name)
{
	own_free char *stat = root_read(s->root, "/proc/%s/stat", name);

	if (!stat)
		return errno != ENOENT && errno != ESRCH;
	return !(stat_field(stat, 9) & KERNEL_THREAD);
}

/* The name that /etc/passwd gives a user: files only, as asking a directory service could take
 * long and would need the network.
 */
static char *user_name(struct scan *s, uid_t uid)
{
	if (!s->passwd)
		s->passwd = root_read(s->root, "/etc/passwd");
	if (!s->passwd)
		s->passwd = xstrdup("");
	for (const char *at = s->passwd; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		size_t len = strcspn(at, ":\n");
		const char *number = at + len;
		char *end;

		if (*number != ':')
			continue;
		number += 1 + strcspn(number + 1, ":\n");
		if (*number != ':')
			continue;
		if (strtoul(number + 1, &end, 10) == uid && end > number + 1 && *end == ':')
			return xstrndup(at, len);
	}
	return NULL;
}

/* Who it is, for each thing that the process in hand holds; forgets them if it is gone. */
static void identify_node(struct scan *s, const char *name)
{
	own_free char *stat = root_read(s->root, "/proc/%s/stat", name);
	own_free char *status = root_read(s->root, "/proc/%s/status", name);
	const char *open = stat ? strchr(stat, '(') : NULL,
		   *close = stat ? strrchr(stat, ')') : NULL;
	const char *uid = status ? strstr(status, "\nUid:") : NULL;
	struct holders *all = s->holders;

	if (!open || !close || close < open) {
		all->n = s->first;
		return;
	}
	for (size_t i = s->first; i < all->n; i++) {
		struct holder *h = &all->v[i];

		h->start = stat_field(stat, 22);
		h->comm = xstrndup(open + 1, (size_t)(close - open - 1));
		h->uid = uid ? (uid_t)strtoul(uid + 5, NULL, 10) : (uid_t)-1;
		h->user = user_name(s, h->uid);
	}
}

static void look_at(struct scan *s, const char *name)
{
	uint64_t pid;

	if (!text_u64(name, 10, &pid) || pid > INT32_MAX)
		return;
	s->pid = (pid_t)pid;
	s->first = s->holders->n;
	if (look_at_fds(s, name)) {
		s->holders->seen++;
		look_at_maps(s, name);
	} else {
		s->holders->unseen += is_missed(s, name);
	}
	if (s->holders->n > s->first)
		identify_node(s, name);
}

/* Whether /proc keeps processes from us: mounted with hidepid, or not the first PID namespace's. */
static bool is_hidden(const struct root *root)
{
	own_free char *space = NULL;
	const char *number;

	if (!root_is_real(root))
		return false;
	if (!root_exists(root, "/proc/1/stat"))
		return true;
	space = root_readlink(root, "/proc/self/ns/pid");
	number = space ? strchr(space, '[') : NULL;
	return number && strtoul(number + 1, NULL, 10) != FIRST_PID_NAMESPACE;
}

/* Where the nodes themselves lie. */
static void find_inodes(struct scan *s, struct holder_nodes *nodes)
{
	for (size_t i = 0; i < nodes->n; i++) {
		struct holder_node *node = &nodes->v[i];
		struct stat st;
		size_t k = 0;

		node->inode = 0;
		if (!root_is_real(s->root) || !root_stat(s->root, node->path, &st) ||
		    !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) || st.st_rdev != node->dev)
			continue;
		node->fs = st.st_dev;
		node->inode = st.st_ino;
		while (k < s->n_fs && s->fs[k] != node->fs)
			k++;
		if (k == s->n_fs)
			*xappend(s->fs, s->n_fs) = node->fs;
	}
}

static int by_pid(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

void holders_scan(struct holders *holders, const struct root *root, struct holder_nodes *nodes)
{
	struct scan s = {.root = root, .nodes = nodes, .holders = holders};
	own_free size_t *by_dev = xcalloc(nodes->n + 1, sizeof(*by_dev));
	own_free char *chunk = xmalloc(MAPS_CHUNK);
	own_dir DIR *dir = NULL;
	const struct dirent *entry;
	int fd = root_open(root, "/proc", O_RDONLY | O_DIRECTORY);

	*holders = (struct holders){.hidden = is_hidden(root)};
	find_inodes(&s, nodes);
	for (size_t i = 0; i < nodes->n; i++)
		by_dev[i] = i;
	qsort_r(by_dev, nodes->n, sizeof(*by_dev), by_device, nodes->v);
	s.by_dev = by_dev;
	s.chunk = chunk;
	dir = fd < 0 ? NULL : root_dir(fd);
	if (!dir)
		holders->hidden = true;
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name >= '1' && *entry->d_name <= '9')
			look_at(&s, entry->d_name);
	free(s.passwd);
	free(s.fs);
	if (holders->n)
		qsort(holders->v, holders->n, sizeof(*holders->v), by_pid);
}

void holders_free(struct holders *holders)
{
	for (size_t i = 0; i < holders->n; i++) {
		free(holders->v[i].comm);
		free(holders->v[i].user);
	}
	free(holders->v);
	*holders = (struct holders){0};
}
