/* What the kernel answers when it is asked for connections, in its own layout (netlink(7),
 * sock_diag(7)).
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "run/connections.h"

struct answer {
	_Alignas(struct nlmsghdr) char data[512];
	size_t len;
};

static void add(struct answer *a, uint16_t type, const void *payload, size_t len)
{
	struct nlmsghdr head = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(len), .nlmsg_type = type};

	memcpy(a->data + a->len, &head, sizeof(head));
	if (len)
		memcpy(a->data + a->len + NLMSG_HDRLEN, payload, len);
	a->len += NLMSG_SPACE(len);
}

static void add_connection(struct answer *a, uint16_t port)
{
	struct inet_diag_msg m = {.idiag_family = AF_INET, .id.idiag_sport = htons(port)};

	add(a, SOCK_DIAG_BY_FAMILY, &m, sizeof(m));
}

static void tells(const struct answer *a, bool ends, bool found)
{
	static const struct idle_ports ours = {.first = 5000, .n = 3};
	bool any = false;

	assert_int_equal(connections_take(a->data, (ssize_t)a->len, &ours, 1, &any), ends);
	assert_int_equal(any, found);
}

static void an_answer(void **state)
{
	const int good = 0;

	(void)state;
	for (uint16_t port = 4999; port <= 5003; port++) {
		struct answer a = {0};

		add_connection(&a, 22);
		add_connection(&a, port);
		tells(&a, false, port >= 5000 && port < 5003);
		add(&a, NLMSG_DONE, &good, sizeof(good));
		tells(&a, true, port >= 5000 && port < 5003);
	}
	tells(&(struct answer){0}, false, false);
}

/* Nobody is there only where the kernel says so: without the module for TCP it ends the answer at
 * once, with an errno where that has a place, and without the one for IPv4 it refuses the question.
 */
static void a_refusal(void **state)
{
	const struct nlmsgerr refused = {.error = -ENOENT};
	const int good = 0, without = -ENOENT;
	struct answer none = {0}, bare = {0}, no_module = {0}, no_family = {0};

	(void)state;
	add(&none, NLMSG_DONE, &good, sizeof(good));
	tells(&none, true, false);
	add(&bare, NLMSG_DONE, NULL, 0);
	tells(&bare, true, false);
	add(&no_module, NLMSG_DONE, &without, sizeof(without));
	tells(&no_module, true, true);
	add(&no_family, NLMSG_ERROR, &refused, sizeof(refused));
	tells(&no_family, true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer),
		cmocka_unit_test(a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
