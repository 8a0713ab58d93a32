/* Networks: ports that lead to the guest, and taps. */
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

/* ------------------------------------------------------------------ taps */

static struct net_interface TAPS[] = {
	{.name = S("eth0")},
	{.name = S("tap0"), .tap = true, .allowed = true, .owner = 1000, .up = true},
	{.name = S("many"),
	 .tap = true,
	 .allowed = true,
	 .multi_queue = true,
	 .up = true,
	 .master = S("br0")},
	{.name = S("down"), .tap = true, .allowed = true},
	{.name = S("theirs"), .tap = true, .owner = 4242, .up = true},
	{.name = S("group"), .tap = true, .owner = UINT64_MAX, .up = true},
	{.name = S("busy"), .tap = true, .allowed = true, .up = true, .in_use = true},
};

static struct world with_taps(bool vhost)
{
	struct world w = world();

	w.facts.net = (struct net_facts){.interface = TAPS,
					 .interfaces = ARRAY_SIZE(TAPS),
					 .tun_open = true,
					 .vhost_open = vhost};
	return w;
}

#define PIN "[cpu]\ncores = 2\nthreads = 2\n"

static const char *device(const struct plan *plan, const char *driver)
{
	const struct argument *a = find(plan, "-device", driver);

	assert_non_null(a);
	return a->value;
}

static void a_tap(void **state)
{
	struct world w = with_taps(true), slow = with_taps(false);
	own_plan struct plan *plan = planned(&w, PIN LAN "tap = tap0\n");
	own_plan struct plan *without = planned(&slow, PIN LAN "mode = tap\ntap = tap0\n");
	own_plan struct plan *old = planned(&w, PIN LAN "tap = many\nmodel = e1000e\n");
	own_plan struct plan *user = planned(&w, PIN LAN "tap = tap0\nmode = user\n");

	(void)state;
	has(plan, "-netdev", "tap,id=network-lan,fd=5,vhost=on");
	assert_null(strstr(device(plan, "virtio-net-pci"), "mq="));
	assert_int_equal(plan->fds, 3);
	assert_int_equal(plan->fd[2].role, FD_TAP);
	assert_int_equal(plan->fd[2].number, 5);
	assert_string_equal(plan->fd[2].path, "tap0");
	assert_false(plan->fd[2].multi_queue);
	notes_are(plan, "");
	has(without, "-netdev", "tap,id=network-lan,fd=5");
	/* A card that vhost does not serve, with one queue of several. */
	has(old, "-netdev", "tap,id=network-lan,fd=5");
	assert_true(old->fd[2].multi_queue);
	has(user, "-netdev", "user,id=network-lan");
}

static void queues(void **state)
{
	struct world w = with_taps(false);
	own_plan struct plan *all = planned(&w, PIN LAN "tap = many\n");
	own_plan struct plan *two = planned(&w, PIN LAN "tap = many\nqueues = 2\n");
	own_plan struct plan *one = planned(&w, PIN LAN "tap = many\nqueues = 1\n");

	(void)state;
	has(all, "-netdev", "tap,id=network-lan,fds=5:6:7:8");
	assert_non_null(strstr(device(all, "virtio-net-pci"), ",mq=on,vectors=10,"));
	assert_string_equal(find(all, "-netdev", "tap")->cause.why, "many, a port of br0");
	has(two, "-netdev", "tap,id=network-lan,fds=5:6");
	assert_non_null(strstr(device(two, "virtio-net-pci"), ",mq=on,vectors=6,"));
	has(one, "-netdev", "tap,id=network-lan,fd=5");
	assert_null(strstr(device(one, "virtio-net-pci"), "mq="));
	refused(&w, LAN "tap = many\nqueues = 2\nmodel = e1000e\n", ERROR_USAGE,
		"p.ini:3:10: network lan.queues: a card of that model has one\n");
	refused(&w, LAN "tap = tap0\nqueues = 2\n", ERROR_HOST,
		"p.ini:3:10: network lan.queues: tap0 was made for one queue: sudo ip tuntap add "
		"dev NAME mode tap user YOU multi_queue makes another\n");
	refused(&w, "[network a]\ntap = many\nqueues = 16\n[network b]\ntap = many\nqueues = 16\n",
		ERROR_USAGE, "p.ini:5:7: network b.tap: another network has many\n");
}

#define NO_SUCH                                                                                      \
	"this host has no interface none: sudo ip tuntap add dev none mode tap user YOU, then sudo " \
	"ip link set none up, makes one that is yours"

static void taps_that_cannot_be_had(void **state)
{
	struct world w = with_taps(true);
	own_plan struct plan *automatic = planned(&w, LAN "tap = none\n");
	own_plan struct plan *down = planned(&w, LAN "tap = down\n");

	(void)state;
	has(automatic, "-netdev", "user,id=network-lan");
	notes_are(automatic,
		  "network lan.tap: " NO_SUCH "; it is behind the host's address instead\n");
	notes_are(down, "the interface down is down: sudo ip link set down up\n");
	refused(&w, LAN "mode = tap\ntap = none\n", ERROR_HOST,
		"p.ini:3:7: network lan.tap: " NO_SUCH "\n");
	refused(&w, LAN "mode = tap\ntap = eth0\n", ERROR_HOST,
		"p.ini:3:7: network lan.tap: eth0 is no tap interface\n");
	refusal_says(&w, LAN "mode = tap\ntap = theirs\n",
		     "theirs was made for another user (user id 4242) or group: sudo ip tuntap");
	refusal_says(&w, LAN "mode = tap\ntap = group\n",
		     "group was made for a group that you are not of: sudo ip tuntap");
	refusal_says(&w, LAN "mode = tap\ntap = busy\n",
		     "busy is in use by another machine or program");
	w.facts.net.tun_open = false;
	refusal_says(&w, LAN "mode = tap\ntap = tap0\n", "/dev/net/tun is not there");
	misread(LAN "mode = tap\n", "p.ini:2:8: network lan.mode needs network lan.tap\n");
	misread(LAN "tap = tap0\nforward = tcp 3389\n",
		"p.ini:3:11: network lan.forward needs network lan.mode = user\n");
}

/* ------------------------------------------------------------------ passt */

static void words_are(const struct plan_companion *companion, const char *want)
{
	own_buf struct buf all = {0};

	for (size_t i = 0; i < companion->args; i++)
		buf_addf(&all, "%s\n", companion->argv[i]);
	assert_string_equal(all.data, want);
}

static void passt(void **state)
{
	static const struct plan_program programs[] = {{"passt", S("/usr/bin/passt")}};
	struct world w = world(), without = world();
	own_plan struct plan *plan = NULL, *root = NULL;

	(void)state;
	w.in.program = programs;
	w.in.programs = 1;
	plan = planned(&w, LAN "mode = passt\nforward = tcp 3389\n"
			       "forward = udp 0.0.0.0:5000..5009-80\n" WAN);
	values_are(plan, "-netdev", "",
		   "stream,id=network-lan,server=off,addr.type=fd,addr.str=5\n"
		   "user,id=network-wan\n");
	assert_int_equal(plan->companions, 1);
	assert_int_equal(plan->companion[0].join, JOIN_PAIR);
	assert_int_equal(plan->companion[0].number, 5);
	assert_string_equal(plan->companion[0].name, "passt for network lan");
	words_are(&plan->companion[0], "/usr/bin/passt\n-f\n-e\n-q\n-F\n3\n-t\n"
				       "127.0.0.1/3389-3389:3389-3389\n-u\n"
				       "0.0.0.0/5000-5009:80-89\n");
	/* As nobody, whom it would become else, it could not even start. */
	w.facts.net.root = true;
	root = planned(&w, LAN "mode = passt\n");
	words_are(&root->companion[0], "/usr/bin/passt\n-f\n-e\n-q\n-F\n3\n--runas\n0:0\n");
	w.facts.net.unprivileged = 1024;
	refusal_says(&w, LAN "mode = passt\nforward = tcp 80\n", "ports below 1024 are root's");
	refusal_says(&without, LAN "mode = passt\n",
		     "p.ini:2:8: network lan.mode = passt: there is no program passt: ");
}

/* It needs no network, and the machine may run beside it. */
static void a_probe_has_its_own(void **state)
{
	struct world w = with_taps(true);
	own_plan struct plan *tap = NULL, *forward = NULL, *fast = NULL;

	(void)state;
	w.in.purpose = PURPOSE_PROBE;
	w.in.probe_program = "/probe.efi";
	w.in.probe_parameters = "";
	tap = planned(&w, LAN "mode = tap\ntap = busy\n");
	forward = planned(&w, LAN "forward = tcp 3389\n");
	values_are(tap, "-netdev", "", "user,id=network-lan\n");
	values_are(forward, "-netdev", "", "user,id=network-lan\n");
	fast = planned(&w, LAN "mode = passt\n");
	values_are(fast, "-netdev", "", "user,id=network-lan\n");
	assert_int_equal(fast->companions, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_lead_to_the_guest),
		cmocka_unit_test(ports_of_root),
		cmocka_unit_test(the_same_port_twice),
		cmocka_unit_test(a_tap),
		cmocka_unit_test(queues),
		cmocka_unit_test(taps_that_cannot_be_had),
		cmocka_unit_test(passt),
		cmocka_unit_test(a_probe_has_its_own),
	};

	return cmocka_run_group_tests_name("plan_net", tests, NULL, NULL);
}
