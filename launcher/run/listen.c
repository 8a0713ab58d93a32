#include "listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/own.h"

int listen_at(const char *path, struct error **err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	own_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		error_add(err, ERROR_HOST, "the socket's path is too long: %s", path);
		return -1;
	}
	strcpy(address.sun_path, path);
	/* The mode of an unbound socket becomes that of its node: there is no moment in which it is
	 * open to others.
	 */
	if (fd < 0 || fchmod(fd, 0600) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make the socket %s", path);
		return -1;
	}
	return steal_fd(&fd);
}
