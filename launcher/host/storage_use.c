/* What the host does with its block devices, each source on its own: mounts, swap, btrfs, fstab,
 * crypttab, boot options, and the marks that udev found on them.
 */
#include "storage_parts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#define MOUNTINFO_LIMIT (16U << 20)

void storage_add_use(struct block *block, enum storage_why why, const char *what)
{
	for (size_t i = 0; i < block->uses; i++)
		if (block->use[i].why == why && strcmp(block->use[i].what, what) == 0)
			return;
	*xappend(block->use, block->uses) = (struct storage_use){why, xstrdup(what)};
}

void storage_add_held(struct storage *storage, const struct block *block)
{
	storage_add_use(&storage->v[block - storage->v], STORAGE_HELD, "");
}

/* Undoes the kernel's and fstab's \040 for white space, in place. */
static void decode_mount(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to = *s;
		}
	}
	*to = '\0';
}

/* Cuts a line into at most n words, in place; returns how many there are. */
static size_t words_of(char *line, char **word, size_t n)
{
	size_t count = 0;

	while (count < n) {
		line += strspn(line, " \t\r");
		if (!*line)
			break;
		word[count++] = line;
		line += strcspn(line, " \t\r");
		if (*line)
			*line++ = '\0';
	}
	return count;
}

/* Of a file system without a device number of its own (btrfs, bcachefs) only the source tells. It
 * may be a list with colons; but one path may have colons too.
 */
static void take_source(struct storage *storage, const struct root *root, char *source,
			const char *point)
{
	struct block *whole =
		text_starts(source, "/dev/") ? storage_by_spec(storage, root, source) : NULL;
	char *rest = whole ? NULL : source, *path;

	if (whole)
		storage_add_use(whole, STORAGE_MOUNTED, point);
	while (rest && (path = strsep(&rest, ":"))) {
		struct block *b =
			text_starts(path, "/dev/") ? storage_by_spec(storage, root, path) : NULL;

		if (b)
			storage_add_use(b, STORAGE_MOUNTED, point);
	}
}

/* "id parent major:minor root point options [tags] - type source options" */
static void take_mount(struct storage *storage, const struct root *root, char *line)
{
	char *word[64], *end;
	size_t n = words_of(line, word, ARRAY_SIZE(word)), dash = 6;
	unsigned long maj, min;
	struct block *b;

	while (dash < n && strcmp(word[dash], "-") != 0)
		dash++;
	if (n < 7 || dash + 2 >= n)
		return;
	maj = strtoul(word[2], &end, 10);
	min = *end == ':' ? strtoul(end + 1, NULL, 10) : 0;
	decode_mount(word[4]);
	decode_mount(word[dash + 2]);
	b = maj ? storage_by_dev(storage, makedev((unsigned)maj, (unsigned)min)) : NULL;
	if (b)
		storage_add_use(b, STORAGE_MOUNTED, word[4]);
	else
		take_source(storage, root, word[dash + 2], word[4]);
}

static bool take_mountinfo(struct storage *storage, const struct root *root, const char *pid)
{
	own_free char *path = xasprintf("/proc/%s/mountinfo", pid);
	own_fd int fd = root_open(root, path, O_RDONLY);
	own_free char *text = fd < 0 ? NULL : fd_read_all(fd, MOUNTINFO_LIMIT, NULL);
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n")))
		take_mount(storage, root, line);
	return text;
}

/* Our own mounts, then those of every other mount namespace that we are allowed to see: containers
 * and services mount what we do not see in ours.
 */
static void take_mounts(struct storage *storage, const struct root *root)
{
	char **seen = NULL, **pids;
	size_t n_seen = 0, n;

	if (!take_mountinfo(storage, root, "self"))
		for (size_t i = 0; i < storage->n; i++)
			storage_add_use(&storage->v[i], STORAGE_UNKNOWN, "/proc/self/mountinfo");
	*xappend(seen, n_seen) = root_readlink(root, "/proc/self/ns/mnt");
	pids = root_list(root, &n, "/proc");
	for (size_t i = 0; i < n; i++) {
		own_free char *space = NULL;
		bool known = false;

		if (*pids[i] < '1' || *pids[i] > '9')
			continue;
		space = root_readlink(root, "/proc/%s/ns/mnt", pids[i]);
		for (size_t k = 0; space && k < n_seen; k++)
			known |= seen[k] && strcmp(seen[k], space) == 0;
		if (space && !known && take_mountinfo(storage, root, pids[i]))
			*xappend(seen, n_seen) = steal(&space);
	}
	names_free(pids, n);
	names_free(seen, n_seen);
}

static void take_swaps(struct storage *storage, const struct root *root)
{
	own_free char *text = root_read(root, "/proc/swaps");
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n"))) {
		char *word[1];
		struct block *b;

		if (!words_of(line, word, 1) || *word[0] != '/')
			continue;
		decode_mount(word[0]);
		b = storage_by_spec(storage, root, word[0]);
		if (b)
			storage_add_use(b, STORAGE_SWAP, "");
	}
}

/* A mounted btrfs has a directory with links to all of its devices. */
static void take_btrfs(struct storage *storage, const struct root *root)
{
	size_t n;
	char **ids = root_list(root, &n, "/sys/fs/btrfs");

	for (size_t i = 0; i < n; i++) {
		size_t members;
		char **names = root_list(root, &members, "/sys/fs/btrfs/%s/devices", ids[i]);

		for (size_t k = 0; k < members; k++) {
			struct block *b = storage_by_name(storage, names[k]);

			if (b)
				storage_add_use(b, STORAGE_BTRFS, ids[i]);
		}
		names_free(names, members);
	}
	names_free(ids, n);
}

/* A table of lines with the device in word spec and what it is for in word what. */
static void take_table(struct storage *storage, const struct root *root, const char *path,
		       enum storage_why why, size_t spec, size_t what)
{
	own_free char *text = root_read(root, "%s", path);
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n"))) {
		char *word[2];
		struct block *b;

		if (words_of(line, word, 2) < 2 || *word[0] == '#')
			continue;
		decode_mount(word[spec]);
		decode_mount(word[what]);
		b = storage_by_spec(storage, root, word[spec]);
		if (b)
			storage_add_use(b, why, word[what]);
	}
}

static void take_boot_options(struct storage *storage, const struct root *root)
{
	static const char *const option[] = {"root=", "resume=", "cryptdevice="};
	own_free char *text = root_line(root, "/proc/cmdline");
	char *rest = text, *word;

	while (rest && (word = strsep(&rest, " "))) {
		for (size_t i = 0; i < ARRAY_SIZE(option); i++) {
			own_free char *shown = NULL;
			struct block *b;

			if (!text_starts(word, option[i]))
				continue;
			shown = xstrdup(word);
			word += strlen(option[i]);
			/* cryptdevice=DEVICE:NAME */
			if (i == 2)
				word[strcspn(word, ":")] = '\0';
			b = storage_by_spec(storage, root, word);
			if (b)
				storage_add_use(b, STORAGE_BOOT, shown);
			break;
		}
	}
}

/* The value of KEY in udev's record of the device, a string that the caller owns, or NULL. */
static char *udev_value(const char *text, const char *key)
{
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (text_starts(at, key))
			return xstrndup(at + strlen(key), strcspn(at, "\n") - strlen(key));
	return NULL;
}

/* UEFI 2.10, table 5.6; GRUB's manual, "BIOS installation". */
static bool is_for_loaders(const char *udev)
{
	own_free char *type = udev_value(udev, "E:ID_PART_ENTRY_TYPE=");

	return type && (strcmp(type, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b") == 0 ||
			strcmp(type, "21686148-6449-6e6f-744e-656564454649") == 0);
}

/* What udev read off the device says whose part it is, be that active or not. ZFS in use shows
 * nowhere else.
 */
static void take_marks(struct storage *storage, const struct root *root)
{
	static const struct {
		const char *type, *words;
	} MARK[] = {
		{"LVM2_member", "an LVM volume group"},
		{"linux_raid_member", "a RAID array"},
		{"isw_raid_member", "a RAID array"},
		{"ddf_raid_member", "a RAID array"},
		{"zfs_member", "a ZFS pool"},
		{"bcache", "a bcache set"},
		{"ceph_bluestore", "a Ceph store"},
		{"drbd", "a DRBD volume"},
		{"VMFS_volume_member", "a VMFS volume"},
		{"LVM1_member", "an LVM volume group"},
	};

	for (size_t i = 0; i < storage->n; i++) {
		struct block *b = &storage->v[i];
		own_free char *text =
			root_read(root, "/run/udev/data/b%u:%u", major(b->dev), minor(b->dev));
		own_free char *type = text ? udev_value(text, "E:ID_FS_TYPE=") : NULL;

		b->loaders = text && is_for_loaders(text);
		for (size_t k = 0; type && k < ARRAY_SIZE(MARK); k++)
			if (strcmp(type, MARK[k].type) == 0)
				storage_add_use(b, STORAGE_MEMBER, MARK[k].words);
	}
}

static void take_holders(struct storage *storage)
{
	for (size_t i = 0; i < storage->n; i++) {
		struct block *b = &storage->v[i];

		for (size_t k = 0; k < b->holders; k++) {
			const struct block *upper = storage_by_name(storage, b->holder[k]);
			own_free char *text =
				upper && upper->mapping
					? xasprintf("%s (%s)", upper->name, upper->mapping)
					: xstrdup(b->holder[k]);

			storage_add_use(b, STORAGE_MAPPED, text);
		}
	}
}

void storage_read_uses(struct storage *storage, const struct root *root)
{
	take_mounts(storage, root);
	take_swaps(storage, root);
	take_btrfs(storage, root);
	take_holders(storage);
	take_table(storage, root, "/etc/fstab", STORAGE_FSTAB, 0, 1);
	take_table(storage, root, "/etc/crypttab", STORAGE_CRYPTTAB, 1, 0);
	take_boot_options(storage, root);
	take_marks(storage, root);
	storage_read_loader(storage, root);
}
