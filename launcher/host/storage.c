/* Block devices from /sys/class/block, how they are named, and what hangs together. */
#include "storage.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "storage_parts.h"

#define CLASS "/sys/class/block"
#define SECTOR 512 /* sysfs counts in these, whatever the disk has */
#define LINKS 8

static void add_functions_of(struct block *b, const char *path)
{
	for (const char *at = path; *at;) {
		size_t len = strcspn(at, "/");
		own_free char *part = xstrndup(at, len);
		struct pci_address address;

		if (len > 7 && pci_address_parse(part, &address))
			*xappend(b->function, b->functions) = address;
		at += len;
		at += *at == '/';
	}
}

/* An NVMe namespace with native multipath hangs on its subsystem, which is virtual; the subsystem's
 * directory has a link to each controller.
 */
static void add_nvme_controllers(struct block *b, const struct root *root)
{
	static const char mark[] = "/nvme-subsystem/";
	const char *at = strstr(b->path, mark);
	own_free char *subsystem = NULL;
	size_t n;
	char **names;

	if (!at)
		return;
	at += sizeof(mark) - 1;
	subsystem = xstrndup(b->path, (size_t)(at - b->path) + strcspn(at, "/"));
	names = root_list(root, &n, "%s", subsystem);
	for (size_t i = 0; i < n; i++) {
		own_free char *link = root_readlink(root, "%s/%s", subsystem, names[i]);

		if (link && text_starts(names[i], "nvme"))
			add_functions_of(b, link);
	}
	names_free(names, n);
}

static bool read_dev(const struct root *root, const char *name, dev_t *dev)
{
	own_free char *text = root_line(root, CLASS "/%s/dev", name);
	char *end;
	unsigned long maj = text ? strtoul(text, &end, 10) : 0;

	if (!maj || *end != ':')
		return false;
	*dev = makedev((unsigned)maj, (unsigned)strtoul(end + 1, NULL, 10));
	return true;
}

static void take_block(struct storage *storage, const struct root *root, const char *name)
{
	own_free char *target = root_readlink(root, CLASS "/%s", name), *above = NULL;
	const char *s = target;
	struct block b = {0};
	unsigned long long sectors = 0;

	/* The path device behind a multipath disk has no number and no node. */
	if (!read_dev(root, name, &b.dev))
		return;
	while (s && text_starts(s, "../"))
		s += 3;
	b.name = xstrdup(name);
	b.node = xasprintf("/dev/%s", name);
	/* The kernel writes '!' where a name has a slash: cciss!c0d0 */
	for (char *c = b.node; *c; c++)
		*c = *c == '!' ? '/' : *c;
	b.path = s ? xasprintf("/sys/%s", s) : xasprintf(CLASS "/%s", name);
	if (root_exists(root, CLASS "/%s/partition", name)) {
		above = path_dir(b.path);
		b.disk = xstrdup(path_base(above));
	}
	if (root_number(root, &sectors, CLASS "/%s/size", name))
		b.size = sectors * SECTOR;
	b.holder = root_list(root, &b.holders, CLASS "/%s/holders", name);
	b.mapping = root_line(root, CLASS "/%s/dm/name", name);
	add_functions_of(&b, b.path);
	add_nvme_controllers(&b, root);
	*xappend(storage->v, storage->n) = b;
}

void storage_read(struct storage *storage, const struct root *root)
{
	size_t n;
	char **names = root_list(root, &n, CLASS);

	*storage = (struct storage){0};
	for (size_t i = 0; i < n; i++)
		take_block(storage, root, names[i]);
	names_free(names, n);
	storage_read_uses(storage, root);
}

void storage_free(struct storage *storage)
{
	for (size_t i = 0; i < storage->n; i++) {
		struct block *b = &storage->v[i];

		free(b->name);
		free(b->node);
		free(b->path);
		free(b->disk);
		names_free(b->holder, b->holders);
		free(b->mapping);
		for (size_t k = 0; k < b->uses; k++)
			free(b->use[k].what);
		free(b->use);
		free(b->function);
	}
	free(storage->v);
	*storage = (struct storage){0};
}

struct block *storage_by_name(const struct storage *storage, const char *name)
{
	for (size_t i = 0; i < storage->n; i++)
		if (strcmp(storage->v[i].name, name) == 0)
			return &storage->v[i];
	return NULL;
}

struct block *storage_by_dev(const struct storage *storage, dev_t dev)
{
	for (size_t i = 0; i < storage->n; i++)
		if (storage->v[i].dev == dev)
			return &storage->v[i];
	return NULL;
}

/* By the name of a node or of a device mapper's mapping. */
static struct block *by_node(const struct storage *storage, const char *path)
{
	static const char mapper[] = "/dev/mapper/";

	for (size_t i = 0; i < storage->n; i++) {
		struct block *b = &storage->v[i];

		if (strcmp(b->node, path) == 0 ||
		    (b->mapping && text_starts(path, mapper) &&
		     strcmp(b->mapping, path + sizeof(mapper) - 1) == 0))
			return b;
	}
	return NULL;
}

/* Follows links by what they say, as in another tree a node may be a plain file or missing. */
static struct block *by_links(const struct storage *storage, const struct root *root,
			      const char *path)
{
	own_free char *at = path_tidy(path);

	for (int i = 0; i < LINKS; i++) {
		struct block *b = by_node(storage, at);
		own_free char *target = b ? NULL : root_readlink(root, "%s", at), *dir = NULL;

		if (b || !target)
			return b;
		/* udev's links go to nodes directly in /dev; others are relative to their place. */
		if (text_starts(target, "../")) {
			b = storage_by_name(storage, path_base(target));
			if (b)
				return b;
		}
		dir = path_dir(at);
		free(at);
		at = path_join(dir, target);
	}
	return NULL;
}

static struct block *by_path(const struct storage *storage, const struct root *root,
			     const char *path)
{
	struct stat st;

	if (root_is_real(root) && root_stat(root, path, &st) && S_ISBLK(st.st_mode))
		return storage_by_dev(storage, st.st_rdev);
	return by_links(storage, root, path);
}

const struct block *storage_find(const struct storage *storage, const struct root *root,
				 const char *path)
{
	return by_path(storage, root, path);
}

/* udev writes bytes that may not stand in a file's name as \xHH. */
static char *udev_name(const char *s)
{
	static const char plain[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ#+-.:=@_";
	struct buf out = {0};

	for (; *s; s++)
		if (strchr(plain, *s) || (unsigned char)*s >= 0x80)
			buf_addc(&out, *s);
		else
			buf_addf(&out, "\\x%02x", (unsigned char)*s);
	return buf_steal(&out);
}

/* The device that a link in /dev/disk/by-KIND called name leads to. */
static struct block *by_link_name(const struct storage *storage, const struct root *root,
				  const char *kind, const char *name)
{
	own_free char *form = udev_name(name);
	/* Hexadecimal is written large and small. */
	bool any_case = text_ends(kind, "uuid");
	struct block *found = NULL;
	size_t n;
	char **links = root_list(root, &n, "/dev/disk/by-%s", kind);

	for (size_t i = 0; i < n && !found; i++) {
		own_free char *path = NULL;

		if ((any_case ? strcasecmp : strcmp)(links[i], form) != 0)
			continue;
		path = xasprintf("/dev/disk/by-%s/%s", kind, links[i]);
		found = by_path(storage, root, path);
	}
	names_free(links, n);
	return found;
}

struct block *storage_by_spec(const struct storage *storage, const struct root *root,
			      const char *spec)
{
	static const struct {
		const char *tag, *kind;
	} TAG[] = {
		{"UUID=", "uuid"},	     {"LABEL=", "label"}, {"PARTUUID=", "partuuid"},
		{"PARTLABEL=", "partlabel"}, {"ID=", "id"},
	};

	if (*spec == '/')
		return by_path(storage, root, spec);
	for (size_t t = 0; t < ARRAY_SIZE(TAG); t++) {
		own_free char *name = NULL;

		if (!text_starts(spec, TAG[t].tag))
			continue;
		spec += strlen(TAG[t].tag);
		name = *spec == '"' ? xstrndup(spec + 1, strcspn(spec + 1, "\"")) : xstrdup(spec);
		return by_link_name(storage, root, TAG[t].kind, name);
	}
	return NULL;
}

bool storage_is_below(const struct block *block, const struct pci_address *function)
{
	for (size_t i = 0; i < block->functions; i++)
		if (pci_address_compare(&block->function[i], function) == 0)
			return true;
	return false;
}
