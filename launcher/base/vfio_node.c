#include "vfio_node.h"

#include "alloc.h"
#include "text.h"

#define DEVICES "/sys/bus/pci/devices"

/* The directory is there without the interface as well; its number is not. */
char *vfio_node(const struct root *root, const char *address)
{
	size_t n;
	char **name = root_list(root, &n, DEVICES "/%s/vfio-dev", address), *node = NULL;

	for (size_t i = 0; i < n && !node; i++)
		if (text_starts(name[i], "vfio") &&
		    root_exists(root, DEVICES "/%s/vfio-dev/%s/dev", address, name[i]))
			node = xasprintf("/dev/vfio/devices/%s", name[i]);
	names_free(name, n);
	return node;
}
