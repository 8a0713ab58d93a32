/* Opening a tap interface of the kernel's, in a network of this process's own. */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "run/tap.h"

/* Makes one that stays, for root or another user; returns whether it could. */
static bool make_tap(const char *name, short more, uid_t owner)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq request = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | more)};
	bool good;

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	good = fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0 &&
	       ioctl(fd, TUNSETOWNER, (unsigned long)owner) == 0 &&
	       ioctl(fd, TUNSETPERSIST, 1) == 0;
	close(fd);
	return good;
}

static int own_network(void **state)
{
	static bool there;

	there = unshare(CLONE_NEWNET) == 0 && make_tap("one", 0, geteuid()) &&
		make_tap("many", IFF_MULTI_QUEUE, geteuid());
	*state = &there;
	return 0;
}

/* No function: what it leaves is the test. */
#define NEED_TAPS(state)                                                                     \
	do {                                                                                 \
		if (!*(bool *)*(state))                                                      \
			skip_test("no network namespace, or no tap in it: this takes root"); \
	} while (0)

static void is_refused(const char *name, bool multi_queue, const char *want)
{
	struct error *err = NULL;

	assert_int_equal(tap_open(name, multi_queue, &err), -1);
	assert_int_equal(error_kind(err), ERROR_HOST);
	assert_messages(err, want);
}

static void one_queue(void **state)
{
	struct ifreq request = {0};
	struct error *err = NULL;
	int fd;

	NEED_TAPS(state);
	fd = tap_open("one", false, &err);
	assert_messages(err, "");
	assert_return_code(ioctl(fd, TUNGETIFF, &request), errno);
	assert_string_equal(request.ifr_name, "one");
	assert_true(request.ifr_flags & IFF_VNET_HDR);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	is_refused("one", false, "the interface one is in use by another machine or program\n");
	close(fd);
	fd = tap_open("one", false, &err);
	assert_return_code(fd, errno);
	close(fd);
}

static void several_queues(void **state)
{
	struct error *err = NULL;
	int first, second;

	NEED_TAPS(state);
	first = tap_open("many", true, &err);
	second = tap_open("many", true, &err);
	assert_messages(err, "");
	assert_true(first >= 0 && second >= 0);
	is_refused("many", false, "cannot open the interface many: Invalid argument\n");
	close(first);
	close(second);
}

/* Root, who could, makes none either. */
static void none_is_made(void **state)
{
	NEED_TAPS(state);
	is_refused("gone", false, "the interface gone is gone\n");
	assert_int_equal(if_nametoindex("gone"), 0);
	assert_int_not_equal(if_nametoindex("one"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_queue),
		cmocka_unit_test(several_queues),
		cmocka_unit_test(none_is_made),
	};

	return cmocka_run_group_tests_name("run_tap", tests, own_network, NULL);
}
