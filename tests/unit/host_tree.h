/* A made-up host in a test's own directory: files, links as sysfs has them, and the root that reads
 * it. Paths are the host's without the first slash.
 */
#ifndef TESTS_HOST_TREE_H
#define TESTS_HOST_TREE_H

#include "scratch.h"

#include "base/root.h"
#include "host/pci.h"

static inline void done_(struct root *root)
{
	root_done(root);
}

/* A root that is closed at the end of its scope. */
#define tree_root(name)                                               \
	struct root name __attribute__((cleanup(done_))) = ROOT_REAL; \
	assert_true(root_init(&(name), *state, NULL))

static inline void link_to(void **state, const char *name, const char *target)
{
	own_free char *path = in_dir(state, name), *dir = path_dir(path);

	assert_true(dir_make(dir, 0755, NULL));
	assert_int_equal(symlink(target, path), 0);
}

/* A function with the attributes that none lacks; further ones by put(). */
static inline void put_pci(void **state, const char *address, const char *vendor,
			   const char *device, const char *class)
{
	const char *const v[][2] = {{"vendor", vendor}, {"device", device}, {"class", class}};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		own_free char *name = xasprintf("sys/devices/pci0000:00/%s/%s", address, v[i][0]);
		own_free char *text = xasprintf("0x%s\n", v[i][1]);

		put(state, name, text);
	}
	own_free char *link = xasprintf("sys/bus/pci/devices/%s", address);
	own_free char *target = xasprintf("../../../devices/pci0000:00/%s", address);

	link_to(state, link, target);
}

static inline void put_attribute(void **state, const char *address, const char *name,
				 const char *text)
{
	own_free char *path = xasprintf("sys/devices/pci0000:00/%s/%s", address, name);

	put(state, path, text);
}

/* The first 64 bytes of a function's configuration space, with these BARs. */
static inline void put_config(void **state, const char *address, const uint32_t bar[6])
{
	own_free char *name = xasprintf("sys/devices/pci0000:00/%s/config", address);
	own_free char *path = in_dir(state, name);
	own_file FILE *f = fopen(path, "w");
	uint8_t config[64] = {0};

	assert_non_null(f);
	for (size_t i = 0; i < 24; i++)
		config[0x10 + i] = (uint8_t)(bar[i / 4] >> i % 4 * 8);
	assert_int_equal(fwrite(config, 1, sizeof(config), f), sizeof(config));
}

static inline void set_driver(void **state, const char *address, const char *driver)
{
	own_free char *path = xasprintf("sys/devices/pci0000:00/%s/driver", address);
	own_free char *target = xasprintf("../../../bus/pci/drivers/%s", driver);

	link_to(state, path, target);
}

static inline void set_group(void **state, const char *address, int group)
{
	own_free char *path = xasprintf("sys/devices/pci0000:00/%s/iommu_group", address);
	own_free char *target = xasprintf("../../../kernel/iommu_groups/%d", group);
	own_free char *member = xasprintf("sys/kernel/iommu_groups/%d/devices/%s", group, address);

	link_to(state, path, target);
	put(state, member, "");
}

static inline struct pci_address at(const char *text)
{
	struct pci_address address;

	assert_true(pci_address_parse(text, &address));
	return address;
}

#endif
