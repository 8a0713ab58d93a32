#include "vfio.h"

#include <errno.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "base/vfio_node.h"

int iommu_open(const char *path, struct error **err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		error_errno(err, ERROR_HOST, errno, "cannot open %s", path);
	return fd;
}

int vfio_open(const char *address, struct error **err)
{
	struct root real = ROOT_REAL;
	own_free char *node = vfio_node(&real, address);
	int fd = node ? open(node, O_RDWR | O_CLOEXEC) : -1;

	if (!node)
		error_add(err, ERROR_HOST, "%s: " VFIO_NO_NODE, address);
	else if (fd < 0)
		error_errno(err, ERROR_HOST, errno, "cannot open %s, of %s", node, address);
	return fd;
}
