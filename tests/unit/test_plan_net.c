/* Networks: ports that lead to the guest. */
#include "plan_world.h"

#define LAN "[network lan]\n"
#define WAN "[network wan]\n"

static void ports_lead_to_the_guest(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, LAN "forward = tcp 3389\n"
						     "forward = udp 0.0.0.0:5000..5001-80\n" WAN
						     "model = e1000e\nforward = tcp 3390-3389\n");

	(void)state;
	values_are(plan, "-netdev", "",
		   "user,id=network-lan,hostfwd=tcp:127.0.0.1:3389-:3389,"
		   "hostfwd=udp:0.0.0.0:5000-:80,hostfwd=udp:0.0.0.0:5001-:81\n"
		   "user,id=network-wan,hostfwd=tcp:127.0.0.1:3390-:3389\n");
}

/* The kernel's word counts, not 1024. */
static void ports_of_root(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL;

	(void)state;
	w.facts.net.unprivileged = 80;
	plan = planned(&w, LAN "forward = tcp 80-22\n");
	has(plan, "-netdev", "user,id=network-lan,hostfwd=tcp:127.0.0.1:80-:22");
	refused(&w, LAN "forward = tcp 79..80-1\n", ERROR_HOST,
		"p.ini:2:11: network lan.forward: the host's ports below 80 are root's, and QEMU "
		"never runs as root: choose a higher one for the host; the guest's may be any\n");
}

static void the_same_port_twice(void **state)
{
	struct world w = world();
	own_plan struct plan *apart =
		planned(&w, LAN "forward = tcp 3000..3009\nforward = tcp 127.0.0.2:3000\n"
				"forward = udp 3000\nforward = tcp 3010-3000\n" WAN
				"enabled = no\nforward = tcp 3000\n");

	(void)state;
	assert_non_null(apart);
	misread(LAN "forward = tcp 3000..3009\nforward = tcp 3009-1\n",
		"p.ini:3:11: network lan.forward: tcp 127.0.0.1:3009-1: the host's port is taken "
		"by tcp 127.0.0.1:3000..3009-3000..3009 (p.ini:2:11)\n");
	misread(LAN "forward = udp 3389\n" WAN "forward = udp 0.0.0.0:3389-1\n",
		"p.ini:4:11: network wan.forward: udp 0.0.0.0:3389-1: the host's port is taken by "
		"udp 127.0.0.1:3389-3389 (p.ini:2:11)\n");
	misread(LAN "forward = udp 3389\nmode = none\n",
		"p.ini:2:11: network lan.forward needs network lan.mode = user\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_lead_to_the_guest),
		cmocka_unit_test(ports_of_root),
		cmocka_unit_test(the_same_port_twice),
	};

	return cmocka_run_group_tests_name("plan_net", tests, NULL, NULL);
}
