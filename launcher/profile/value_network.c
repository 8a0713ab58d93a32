/* Ports that are forwarded: PROTOCOL [ADDRESS:]PORTS[-PORTS], where PORTS is one, or FIRST..LAST.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "value_parts.h"

#define FORWARD_WORDS \
	"none, or a protocol and a port such as tcp 3389, tcp 2222-22, udp 5000..5009 or tcp 192.168.1.2:3389-3389"

struct ports {
	uint64_t first, last;
};

/* Reads what stands before the end, which is '-' or NUL. */
static bool read_ports(const char *s, size_t n, struct ports *ports)
{
	own_free char *first = xstrndup(s, n);
	char *dots = strstr(first, "..");

	if (dots)
		*dots = '\0';
	if (!text_u64(first, 10, &ports->first))
		return false;
	ports->last = ports->first;
	return !dots || text_u64(dots + 2, 10, &ports->last);
}

/* What is wrong with ports that could be read; NULL: nothing. */
static const char *ports_problem(const struct ports *host, const struct ports *guest)
{
	const struct ports *both[] = {host, guest};

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		if (both[i]->first < 1 || both[i]->first > UINT16_MAX || both[i]->last > UINT16_MAX)
			return "a port is a number from 1 to 65535";
		if (both[i]->last < both[i]->first)
			return "a range begins with its lower port";
	}
	if (host->last - host->first >= FORWARD_PORTS)
		return "a range has no more than 256 ports";
	if (host->last - host->first != guest->last - guest->first)
		return "the host's ports and the guest's are not as many";
	return NULL;
}
_Static_assert(FORWARD_PORTS == 256, "the message says how many");

/* The address before the ports, which it leaves; loopback where there is none. */
static bool read_address(const char **s, uint32_t *address)
{
	const char *colon = strrchr(*s, ':');
	own_free char *text = colon ? xstrndup(*s, (size_t)(colon - *s)) : NULL;
	struct in_addr in = {.s_addr = htonl(INADDR_LOOPBACK)};

	if (text && inet_pton(AF_INET, text, &in) != 1)
		return false;
	*address = ntohl(in.s_addr);
	*s = colon ? colon + 1 : *s;
	return true;
}

static char *forward_wrong(const struct token *t, const char *problem)
{
	own_free char *found = text_quote(t->text, 60);

	return xasprintf("'%s': %s", found, problem);
}

void clear_forwards(void *field)
{
	free(((struct forwards *)field)->v);
}

char *parse_forward(const struct token *t, void *out)
{
	struct forwards *list = out;
	struct forward forward = {.at = t->at};
	const char *s = t->text, *dash;
	struct ports host, guest;
	const char *problem;

	if (strcmp(s, "none") == 0) {
		value_clear(KIND_FORWARDS, list);
		return NULL;
	}
	if (!text_starts(s, "tcp ") && !text_starts(s, "udp "))
		return value_wrong(t, FORWARD_WORDS);
	forward.protocol = *s == 't' ? FORWARD_TCP : FORWARD_UDP;
	s += strlen("tcp ");
	s += strspn(s, " \t");
	if (!read_address(&s, &forward.address))
		return forward_wrong(
			t, "before the port stands an IPv4 address of this host, or nothing");
	dash = strchr(s, '-');
	if (!read_ports(s, dash ? (size_t)(dash - s) : strlen(s), &host))
		return value_wrong(t, FORWARD_WORDS);
	guest = host;
	/* The guest's first port is enough for a range. */
	if (dash && !read_ports(dash + 1, strlen(dash + 1), &guest))
		return value_wrong(t, FORWARD_WORDS);
	if (dash && !strstr(dash, ".."))
		guest.last = guest.first + host.last - host.first;
	problem = ports_problem(&host, &guest);
	if (problem)
		return forward_wrong(t, problem);
	forward.host = (uint16_t)host.first;
	forward.guest = (uint16_t)guest.first;
	forward.ports = (uint16_t)(host.last - host.first + 1);
	*xappend(list->v, list->n) = forward;
	return NULL;
}

static char *ports_text(unsigned first, unsigned n)
{
	return n > 1 ? xasprintf("%u..%u", first, first + n - 1) : xasprintf("%u", first);
}

char *forward_text(const struct forward *forward)
{
	own_free char *host = ports_text(forward->host, forward->ports),
		      *guest = ports_text(forward->guest, forward->ports);
	struct in_addr in = {.s_addr = htonl(forward->address)};
	char address[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &in, address, sizeof(address));
	return xasprintf("%s %s:%s-%s", forward->protocol == FORWARD_TCP ? "tcp" : "udp", address,
			 host, guest);
}
