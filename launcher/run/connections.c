#include "connections.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/own.h"

/* #syscalls(supervisor) socket:AF_NETLINK setsockopt:SO_ATTACH_FILTER bind sendto recvfrom */

#define GROUP(n) (1U << ((n)-1))

/* Where a message of the kernel's has the local port, in the byte order of the network. */
#define PORT_AT (NLMSG_HDRLEN + offsetof(struct inet_diag_msg, id.idiag_sport))

/* The kernel tells of each connection on this host that ends, a browser's as well. The socket's
 * filter (socket(7), SO_ATTACH_FILTER) lets through those of our ports: for each range, at least
 * the first and not more than the last, as a filter jumps forward alone.
 */
static bool filter(int fd, const struct idle_ports *range, size_t ranges)
{
	struct sock_filter *code = NULL;
	size_t n = 0;

	*xappend(code, n) = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, PORT_AT);
	for (size_t i = 0; i < ranges; i++) {
		uint32_t first = range[i].first, last = first + range[i].n - 1U;

		*xappend(code, n) =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2);
		*xappend(code, n) =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 1, 0);
		*xappend(code, n) = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	}
	*xappend(code, n) = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = {.len = (unsigned short)n, .filter = code};
	bool good = n <= BPF_MAXINSNS &&
		    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;

	free(code);
	return good;
}

static int open_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
}

int connections_watch(const struct idle_ports *range, size_t ranges)
{
	own_fd int fd = ranges ? open_socket() : -1;
	const struct sockaddr_nl group = {.nl_family = AF_NETLINK,
					  .nl_groups = GROUP(SKNLGRP_INET_TCP_DESTROY) |
						       GROUP(SKNLGRP_INET6_TCP_DESTROY)};

	if (fd < 0 || !filter(fd, range, ranges) ||
	    bind(fd, (const struct sockaddr *)&group, sizeof(group)) < 0)
		return -1;
	return steal_fd(&fd);
}

/* The local address, where it is IPv4's; 0: another. */
static uint32_t local_address(const struct inet_diag_msg *m)
{
	bool mapped = m->idiag_family == AF_INET6 &&
		      IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)m->id.idiag_src);

	return m->idiag_family == AF_INET ? ntohl(m->id.idiag_src[0])
	       : mapped			  ? ntohl(m->id.idiag_src[3])
					  : 0;
}

static bool is_in(const struct inet_diag_msg *m, const struct idle_ports *range, size_t ranges)
{
	uint16_t port = ntohs(m->id.idiag_sport);

	for (size_t i = 0; i < ranges; i++)
		if (port >= range[i].first && port - range[i].first < range[i].n &&
		    (!range[i].address || range[i].address == local_address(m)))
			return true;
	return false;
}

/* A dump ends with 0 or the errno for which it was broken off, as where tcp_diag cannot be loaded;
 * a question that nobody takes has an error for its answer (netlink(7)).
 */
static bool is_refusal(const struct nlmsghdr *end)
{
	return end->nlmsg_type == NLMSG_ERROR ||
	       (end->nlmsg_type == NLMSG_DONE && end->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) &&
		*(const int *)NLMSG_DATA(end) < 0);
}

bool connections_take(const void *data, ssize_t len, const struct idle_ports *range, size_t ranges,
		      bool *found)
{
	const struct nlmsghdr *at = data;

	for (; NLMSG_OK(at, (size_t)len); at = NLMSG_NEXT(at, len)) {
		if (at->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
			*found = *found || is_refusal(at);
			return true;
		}
		if (at->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)) &&
		    is_in(NLMSG_DATA(at), range, ranges))
			*found = true;
	}
	return false;
}

bool connections_ended(int watch, const struct idle_ports *range, size_t ranges)
{
	_Alignas(struct nlmsghdr) char message[8 << 10];
	bool ended = false;

	for (;;) {
		ssize_t len = recv(watch, message, sizeof(message), 0);

		/* More came than the kernel kept for us. */
		if (len < 0 && errno == ENOBUFS)
			ended = true;
		else if (len <= 0 && errno != EINTR)
			return ended;
		else if (len > 0)
			connections_take(message, len, range, ranges, &ended);
	}
}

static bool ask(int fd, int family)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 ask;
	} request = {
		{.nlmsg_len = sizeof(request),
		 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		{.sdiag_family = (uint8_t)family,
		 .sdiag_protocol = IPPROTO_TCP,
		 .idiag_states = 1U << TCP_ESTABLISHED},
	};

	return send(fd, &request, sizeof(request), 0) == sizeof(request);
}

/* The kernel answers within these calls, and nothing is waited for. */
static bool any_of(int family, const struct idle_ports *range, size_t ranges)
{
	_Alignas(struct nlmsghdr) char answer[32 << 10];
	own_fd int fd = open_socket();
	bool found = false;

	if (fd < 0 || !ask(fd, family))
		return true;
	for (;;) {
		ssize_t len = recv(fd, answer, sizeof(answer), 0);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return true;
		if (connections_take(answer, len, range, ranges, &found))
			return found;
	}
}

bool connections_any(const struct idle_ports *range, size_t ranges)
{
	return ranges && (any_of(AF_INET, range, ranges) || any_of(AF_INET6, range, ranges));
}
