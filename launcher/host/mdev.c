#include "mdev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/layout.h"
#include "base/text.h"

#define TYPES "/sys/bus/pci/devices/%s/mdev_supported_types"
#define MDEVS "/sys/bus/mdev/devices"

bool mdev_type_is_good(const char *id)
{
	size_t n = strlen(id);

	return n > 0 && n < MDEV_TYPE && *id != '-' &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n;
}

/* ------------------------------------------------------------------ types */

/* The driver's words, which may take several lines, in one. */
static char *description_of(const struct root *root, const char *address, const char *id)
{
	char *text = root_read(root, TYPES "/%s/description", address, id);
	size_t n = text ? strlen(text) : 0;

	while (n && strchr("\n ", text[n - 1]))
		text[--n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n')
			text[i] = ' ';
	return text;
}

static void read_type(struct mdev_type *type, const struct root *root, const char *address,
		      const char *id)
{
	unsigned long long available = 0;

	root_number(root, &available, TYPES "/%s/available_instances", address, id);
	*type = (struct mdev_type){
		.id = xstrdup(id),
		.name = root_line(root, TYPES "/%s/name", address, id),
		.description = description_of(root, address, id),
		.api = root_line(root, TYPES "/%s/device_api", address, id),
		.available = available > UINT32_MAX ? UINT32_MAX : (unsigned)available,
	};
}

bool mdev_parent_read(struct mdev_parent *parent, const struct root *root,
		      const struct pci_address *address)
{
	char text[PCI_ADDRESS_SIZE];
	size_t n;
	char **name = root_list(root, &n, TYPES, pci_address_format(address, text));

	*parent = (struct mdev_parent){.address = *address};
	for (size_t i = 0; i < n; i++)
		if (mdev_type_is_good(name[i]))
			read_type(xappend(parent->type, parent->types), root, text, name[i]);
	names_free(name, n);
	return parent->types;
}

void mdev_parent_free(struct mdev_parent *parent)
{
	for (size_t i = 0; i < parent->types; i++) {
		free(parent->type[i].id);
		free(parent->type[i].name);
		free(parent->type[i].description);
		free(parent->type[i].api);
	}
	free(parent->type);
	*parent = (struct mdev_parent){0};
}

/* ------------------------------------------------------------------ devices */

/* /sys/devices/pci0000:00/0000:00:02.0/UUID */
static void read_place(struct mdev *mdev, const struct root *root)
{
	own_free char *target = root_readlink(root, MDEVS "/%s", mdev->uuid);
	own_free char *above = target ? path_dir(target) : NULL;
	own_free char *type = root_readlink(root, MDEVS "/%s/mdev_type", mdev->uuid);
	own_free char *group = root_readlink(root, MDEVS "/%s/iommu_group", mdev->uuid);
	uint64_t number;

	/* The parent alone, and not a bridge above a parent that is no PCI function. */
	mdev->has_parent = above && pci_address_parse(path_base(above), &mdev->parent);
	mdev->type = type ? xstrdup(path_base(type)) : NULL;
	if (group && text_u64(path_base(group), 10, &number) && number < 1U << 24)
		mdev->group = (int)number;
}

bool mdev_read(struct mdev *mdev, const struct root *root, const char *uuid)
{
	uint8_t id[UUID_BYTES];

	*mdev = (struct mdev){.group = -1};
	if (!uuid_parse(uuid, id))
		return false;
	uuid_format(id, mdev->uuid);
	if (!root_exists(root, MDEVS "/%s", mdev->uuid))
		return false;
	read_place(mdev, root);
	return true;
}

void mdev_free(struct mdev *mdev)
{
	free(mdev->type);
	*mdev = (struct mdev){.group = -1};
}

/* ------------------------------------------------------------------ all */

void mdev_list_read(struct mdev_list *mdevs, const struct root *root, const struct pci_list *list)
{
	size_t n;
	char **name = root_list(root, &n, MDEVS);

	*mdevs = (struct mdev_list){0};
	for (size_t i = 0; i < list->n; i++) {
		struct mdev_parent parent;

		if (mdev_parent_read(&parent, root, &list->v[i].address))
			*xappend(mdevs->parent, mdevs->parents) = parent;
	}
	for (size_t i = 0; i < n; i++) {
		struct mdev mdev;

		if (mdev_read(&mdev, root, name[i]))
			*xappend(mdevs->v, mdevs->n) = mdev;
	}
	names_free(name, n);
}

void mdev_list_free(struct mdev_list *mdevs)
{
	for (size_t i = 0; i < mdevs->parents; i++)
		mdev_parent_free(&mdevs->parent[i]);
	for (size_t i = 0; i < mdevs->n; i++)
		mdev_free(&mdevs->v[i]);
	free(mdevs->parent);
	free(mdevs->v);
	*mdevs = (struct mdev_list){0};
}

const struct mdev_parent *mdev_parent_find(const struct mdev_list *mdevs,
					   const struct pci_address *address)
{
	for (size_t i = 0; i < mdevs->parents; i++)
		if (pci_address_compare(&mdevs->parent[i].address, address) == 0)
			return &mdevs->parent[i];
	return NULL;
}

const struct mdev_type *mdev_type_find(const struct mdev_parent *parent, const char *id)
{
	for (size_t i = 0; i < parent->types; i++)
		if (strcmp(parent->type[i].id, id) == 0)
			return &parent->type[i];
	return NULL;
}

const struct mdev *mdev_find(const struct mdev_list *mdevs, const char *uuid)
{
	for (size_t i = 0; i < mdevs->n; i++)
		if (strcmp(mdevs->v[i].uuid, uuid) == 0)
			return &mdevs->v[i];
	return NULL;
}

/* ------------------------------------------------------------------ GVT-g */

static bool is_yes(const char *value)
{
	return *value == 'Y' || *value == 'y' || *value == '1';
}

/* The value behind the last "KEY=" that begins a word of text. */
static bool word_says_yes(const char *text, const char *key)
{
	bool yes = false;

	for (const char *at = text; at && (at = strstr(at, key)); at += strlen(key))
		if (at == text || strchr(" \t\n", at[-1]))
			yes = is_yes(at + strlen(key));
	return yes;
}

static bool directory_asks_for_gvt(const struct root *root, const char *dir)
{
	bool asked = false;
	size_t n;
	char **name = root_list(root, &n, "%s", dir);

	for (size_t i = 0; i < n && !asked; i++) {
		own_free char *text =
			text_ends(name[i], ".conf") ? root_read(root, "%s/%s", dir, name[i]) : NULL;
		char *rest = text, *words;

		while (rest && !asked && (words = strsep(&rest, "\n")))
			asked = text_starts(words, "options i915 ") &&
				word_says_yes(words, "enable_gvt=");
	}
	names_free(name, n);
	return asked;
}

/* Where the parameter itself is root's to read: how it was asked for. */
static bool asked_for_gvt(const struct root *root)
{
	own_free char *line = root_read(root, "/proc/cmdline");
	bool asked = line && word_says_yes(line, "i915.enable_gvt=");

	for (size_t i = 0; LAYOUT_MODPROBE[i] && !asked; i++)
		asked = directory_asks_for_gvt(root, LAYOUT_MODPROBE[i]);
	return asked;
}

static enum gvt_state gvt_state_of(const struct root *root)
{
	own_free char *value = root_line(root, "/sys/module/i915/parameters/enable_gvt");

	if (value)
		return is_yes(value) ? GVT_ON : GVT_OFF;
	if (!root_exists(root, "/sys/module/i915/parameters/enable_gvt"))
		return GVT_ABSENT;
	return asked_for_gvt(root) ? GVT_ON : GVT_UNKNOWN;
}

void gvt_read(struct gvt *gvt, const struct root *root)
{
	own_free char *msrs = root_line(root, "/sys/module/kvm/parameters/ignore_msrs");

	*gvt = (struct gvt){
		.state = gvt_state_of(root),
		.loaded = root_exists(root, "/sys/module/kvmgt"),
		.module = kmodule_look(root, "kernel/drivers/gpu/drm/i915/kvmgt"),
		.kvm = msrs,
		.ignores_msrs = msrs && is_yes(msrs),
	};
}
