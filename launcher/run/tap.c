#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/if_tun.h>

#include "base/alloc.h"

int tap_open(const char *name, bool multi_queue, struct error **err)
{
	own_fd int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};

	if (fd < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot open /dev/net/tun");
		return -1;
	}
	if (multi_queue)
		request.ifr_flags |= IFF_MULTI_QUEUE;
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		if (errno == EBUSY)
			error_add(err, ERROR_HOST,
				  "the interface %s is in use by another machine or program", name);
		else
			error_errno(err, ERROR_HOST, errno, "cannot open the interface %s", name);
		return -1;
	}
	/* For somebody with the right to, the call makes what is not there; such a one goes with
	 * its descriptor.
	 */
	if (ioctl(fd, TUNGETIFF, &request) < 0 || !(request.ifr_flags & IFF_PERSIST)) {
		error_add(err, ERROR_HOST, "the interface %s is gone", name);
		return -1;
	}
	return steal_fd(&fd);
}

int macvtap_open(const char *name, bool multi_queue, struct error **err)
{
	unsigned index = if_nametoindex(name);
	own_free char *node = xasprintf("/dev/tap%u", index);
	own_fd int fd = index ? open(node, O_RDWR | O_CLOEXEC | O_NONBLOCK) : -1;
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};

	if (fd < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot open %s, of the interface %s", node,
			    name);
		return -1;
	}
	if (multi_queue)
		request.ifr_flags |= IFF_MULTI_QUEUE;
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot open the interface %s", name);
		return -1;
	}
	return steal_fd(&fd);
}
