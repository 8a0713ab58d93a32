/* A descriptor of /dev/net/tun says in /proc/PID/fdinfo which interface it is: "iff:" and the name
 * (Linux, drivers/net/tun.c, tun_chr_show_fdinfo()). What the host sends there, the guest receives.
 */
#include "traffic.h"

#include <net/if.h>
#include <string.h>

#include "base/alloc.h"
#include "base/own.h"

static int64_t read_counter(const struct root *root, const char *name, const char *which)
{
	unsigned long long value;

	return root_number(root, &value, "/sys/class/net/%s/statistics/%s", name, which)
		       ? (int64_t)value
		       : 0;
}

/* The interface of a descriptor, which the caller owns; NULL where it is none. */
static char *interface_of(const struct root *root, pid_t pid, const char *fd)
{
	own_free char *text = root_read(root, "/proc/%d/fdinfo/%s", (int)pid, fd);
	const char *at = text ? strstr(text, "\niff:\t") : NULL;
	size_t len = at ? strcspn(at += strlen("\niff:\t"), "\n") : 0;

	return len && len < IF_NAMESIZE && !memchr(at, '/', len) ? xstrndup(at, len) : NULL;
}

struct traffic traffic_of(const struct root *root, pid_t pid)
{
	struct traffic all = {-1, -1};
	size_t n, seen = 0;
	char **fds = root_list(root, &n, "/proc/%d/fd", (int)pid), **name = NULL;

	for (size_t i = 0; i < n; i++) {
		own_free char *link = root_readlink(root, "/proc/%d/fd/%s", (int)pid, fds[i]);
		bool is_tap = link && strcmp(link, "/dev/net/tun") == 0;
		char *interface = is_tap ? interface_of(root, pid, fds[i]) : NULL;
		bool known = !interface;

		for (size_t k = 0; k < seen && !known; k++)
			known = strcmp(name[k], interface) == 0;
		if (known) {
			free(interface);
			continue;
		}
		*xappend(name, seen) = interface;
		if (all.to_guest < 0)
			all = (struct traffic){0, 0};
		all.to_guest += read_counter(root, interface, "tx_bytes");
		all.from_guest += read_counter(root, interface, "rx_bytes");
	}
	names_free(fds, n);
	names_free(name, seen);
	return all;
}
