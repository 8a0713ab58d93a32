/* Theory of operation: the kernel's sock_diag(7) lists all Unix sockets of this network namespace.
 * A socket that came out of accept(2) carries the inode of the path that its listener is bound to
 * (linux/unix_diag.h, UNIX_DIAG_VFS) and names its peer (UNIX_DIAG_PEER). One that waits in the
 * backlog has no peer yet. Whose the peer is stands in /proc/PID/fd alone.
 */
#include "peer.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/root.h"
#include "base/text.h"

/* Of /proc/net/unix (proc(5)): __SO_ACCEPTCON (linux/net.h), the state SS_CONNECTED. Who waits to
 * be accepted is connecting.
 */
#define FLAG_LISTENS 0x10000
#define STATE_CONNECTED 3

/* Of a command line so much is shown. */
#define COMMAND_SHOWN 80

struct socket_table socket_table_read(void)
{
	struct root real = ROOT_REAL;

	return (struct socket_table){root_read(&real, "/proc/net/unix")};
}

void socket_table_free(struct socket_table *table)
{
	free(table->text);
}

/* The path in the line at, of len bytes: none is the line's end. */
static const char *path_in(const char *line, size_t len, unsigned *flags, unsigned *state)
{
	int read = 0;

	/* Num RefCount Protocol Flags Type St Inode Path */
	if (sscanf(line, "%*s %*x %*x %x %*x %x %*u%n", flags, state, &read) != 2 || !read ||
	    (size_t)read >= len)
		return line + len;
	return line + read + 1;
}

/* The line behind at; NULL: that was the last one. */
static const char *next_line(const char *at)
{
	at += strcspn(at, "\n");
	return *at && at[1] ? at + 1 : NULL;
}

bool socket_serves(const struct socket_table *table, const char *path)
{
	size_t wanted = strlen(path);

	for (const char *at = table->text; at; at = next_line(at)) {
		size_t len = strcspn(at, "\n");
		unsigned flags, state;

		/* Most lines are none of ours, which their end tells at once. */
		if (len > wanted && memcmp(at + len - wanted, path, wanted) == 0 &&
		    path_in(at, len, &flags, &state) == at + len - wanted &&
		    state == STATE_CONNECTED)
			return true;
	}
	return false;
}

char *socket_listening(const struct socket_table *table, const char **at)
{
	const char *line = *at ? next_line(*at) : table->text;

	for (; line; line = next_line(line)) {
		size_t len = strcspn(line, "\n");
		unsigned flags = 0, state;
		const char *path = path_in(line, len, &flags, &state);

		if (!(flags & FLAG_LISTENS) || path == line + len)
			continue;
		*at = line;
		return xstrndup(path, (size_t)(line + len - path));
	}
	return NULL;
}

/* The kernel's own dev_t, of which UNIX_DIAG_VFS tells: 12 bits and 20 (linux/kdev_t.h). */
static uint32_t kernel_device(dev_t dev)
{
	return major(dev) << 20 | minor(dev);
}

/* An attribute of a socket's answer, NULL where it is not there or smaller than size. */
static const void *attribute(const struct nlmsghdr *answer, unsigned type, size_t size)
{
	const char *at =
		(const char *)NLMSG_DATA(answer) + NLMSG_ALIGN(sizeof(struct unix_diag_msg));
	const char *end = (const char *)answer + answer->nlmsg_len;

	while (at + sizeof(struct nlattr) <= end) {
		const struct nlattr *a = (const void *)at;

		if (a->nla_len < sizeof(*a) || at + a->nla_len > end)
			return NULL;
		if (a->nla_type == type && a->nla_len >= sizeof(*a) + size)
			return a + 1;
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

/* The inode of the client's socket, where this answer is of a connection that was accepted at the
 * socket of that inode and device; 0: it is not.
 */
static uint32_t client_in(const struct nlmsghdr *answer, const struct stat *listener)
{
	const struct unix_diag_vfs *vfs = attribute(answer, UNIX_DIAG_VFS, sizeof(*vfs));
	const uint32_t *peer = attribute(answer, UNIX_DIAG_PEER, sizeof(*peer));

	return vfs && peer && vfs->udiag_vfs_ino == (uint32_t)listener->st_ino &&
			       vfs->udiag_vfs_dev == kernel_device(listener->st_dev)
		       ? *peer
		       : 0;
}

static bool ask_kernel(int fd)
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req ask;
	} request = {
		{.nlmsg_len = sizeof(request),
		 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		{.sdiag_family = AF_UNIX,
		 .udiag_states = 1U << TCP_ESTABLISHED,
		 .udiag_show = UDIAG_SHOW_VFS | UDIAG_SHOW_PEER},
	};

	return send(fd, &request, sizeof(request), 0) == sizeof(request);
}

/* The inodes of the clients that the listener serves: n of them, the caller's to free. */
static uint32_t *clients_of(const struct stat *listener, size_t *n)
{
	own_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	_Alignas(struct nlmsghdr) char answer[32 << 10];
	uint32_t *found = NULL, inode;

	*n = 0;
	if (fd < 0 || !ask_kernel(fd))
		return NULL;
	/* The kernel answers within these calls, and nothing is waited for. */
	for (;;) {
		ssize_t len = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
		const struct nlmsghdr *at = (const void *)answer;

		for (; len > 0 && NLMSG_OK(at, (size_t)len); at = NLMSG_NEXT(at, len)) {
			if (at->nlmsg_type != SOCK_DIAG_BY_FAMILY)
				return found; /* NLMSG_DONE, NLMSG_ERROR */
			inode = client_in(at, listener);
			if (inode)
				*xappend(found, *n) = inode;
		}
		if (len <= 0)
			return found;
	}
}

static bool has_socket(const struct root *root, const char *pid, uint32_t inode)
{
	own_free char *want = xasprintf("socket:[%u]", inode);
	bool has = false;
	size_t n;
	char **fds = root_list(root, &n, "/proc/%s/fd", pid);

	for (size_t i = 0; i < n && !has; i++) {
		own_free char *link = root_readlink(root, "/proc/%s/fd/%s", pid, fds[i]);

		has = link && strcmp(link, want) == 0;
	}
	names_free(fds, n);
	return has;
}

/* The words of a process's command, with a space between them. */
static char *command_of(const struct root *root, const char *pid)
{
	char buffer[COMMAND_SHOWN * 2];
	own_free char *path = xasprintf("/proc/%s/cmdline", pid);
	own_fd int fd = root_open(root, path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer) - 1);

	if (n <= 0)
		return root_line(root, "/proc/%s/comm", pid);
	while (n && !buffer[n - 1])
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (!buffer[i])
			buffer[i] = ' ';
	buffer[n] = '\0';
	return text_quote(buffer, COMMAND_SHOWN);
}

char *socket_client(const char *path)
{
	struct root real = ROOT_REAL;
	struct stat listener;
	size_t n = 0, processes;
	own_free uint32_t *client = NULL;
	char **pids, *words = NULL;

	if (stat(path, &listener) < 0)
		return NULL;
	client = clients_of(&listener, &n);
	pids = n ? root_list(&real, &processes, "/proc") : NULL;
	for (size_t i = 0; pids && i < processes && !words; i++) {
		uint64_t pid;

		if (!text_u64(pids[i], 10, &pid) || pid == (uint64_t)getpid())
			continue;
		for (size_t k = 0; k < n && !words; k++)
			if (has_socket(&real, pids[i], client[k])) {
				own_free char *command = command_of(&real, pids[i]);

				words = xasprintf("\"%s\" (pid %s)", command ? command : "?",
						  pids[i]);
			}
	}
	if (pids)
		names_free(pids, processes);
	return words;
}
