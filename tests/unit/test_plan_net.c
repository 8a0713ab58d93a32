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
/* What a viewer is told, of the networks that are there: the first that leads to the port, by an
 * address that can be connected to.
 */
static void what_leads_to_a_port(void **state)
{
	static const struct {
		uint16_t guest, host;
		uint32_t address;
	} row[] = {
		{3385, 4000, PLAN_LOOPBACK},
		{3389, 4004, PLAN_LOOPBACK},
		{3390, 5000, 0xc0a80701},
		{65535, 6000, PLAN_LOOPBACK},
		{3384, 0, 0},
		{3391, 0, 0},
		{53, 0, 0},
		{22, 0, 0},
	};
	struct world w = world();
	own_plan struct plan *plan = planned(
		&w, LAN "forward = tcp 0.0.0.0:4000..4004-3385..3389\nforward = udp 5053-53\n"
			"forward = tcp 192.168.7.1:5000-3390\nforward = tcp 5001-3390\n"
			"forward = tcp 6000-65535\n" WAN "enabled = no\nforward = tcp 2222-22\n");

	(void)state;
	assert_int_equal(plan->forwards, 4);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct plan_forward found = {0};

		assert_int_equal(
			plan_forward_to(plan->forward, plan->forwards, row[i].guest, &found),
			row[i].host != 0);
		assert_int_equal(found.host, row[i].host);
		assert_int_equal(found.address, row[i].address);
	}
}

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

/* ------------------------------------------------------------------ interfaces that are made */

static struct net_interface HOST[] = {
	{.name = S("br0"), .bridge = true, .ethernet = true, .up = true, .mtu = 9000},
	{.name = S("br1"), .bridge = true, .ethernet = true, .delay = 30},
	{.name = S("eth0"), .ethernet = true, .up = true, .mtu = 1500},
	{.name = S("eth1"), .ethernet = true, .up = true, .master = S("br0")},
	{.name = S("wlan0"), .ethernet = true, .up = true, .wireless = true},
	{.name = S("lo"), .up = true},
};

static struct world with_bridges(void)
{
	struct world w = world();

	w.facts.net = (struct net_facts){.interface = HOST,
					 .interfaces = ARRAY_SIZE(HOST),
					 .tun_open = true,
					 .vhost_there = true};
	return w;
}

#define MAC "mac = 52:54:00:01:02:03\n"

static void a_bridge(void **state)
{
	struct world w = with_bridges();
	own_plan struct plan *plan =
		planned(&w, PIN LAN MAC "mode = bridge\nbridge = br0\n" WAN
					"mode = bridge\nbridge = br0\nmodel = e1000e\n");
	const struct intent *intent = &plan->step[0].intent;

	(void)state;
	assert_int_equal(plan->steps, 3);
	assert_int_equal(intent->kind, STEP_TAP);
	assert_int_equal(intent->tap.way, TAP_BRIDGE);
	assert_true(intent->tap.multi_queue);
	assert_memory_equal(intent->tap.mac, "\xfe\x54\0\1\2\3", 6);
	assert_string_equal(intent->tap.lower, "br0");
	assert_int_equal(strncmp(intent->tap.name, "vm-p-", 5), 0);
	assert_int_equal(strlen(intent->tap.name), 9);
	/* Each has an interface of its own, and vhost is granted once. */
	assert_string_not_equal(intent->tap.name, plan->step[1].intent.tap.name);
	assert_false(plan->step[1].intent.tap.multi_queue);
	assert_int_equal(plan->step[2].intent.kind, STEP_GRANT);
	assert_int_equal(plan->step[2].intent.grant.node, NODE_VHOST);
	values_are(plan, "-netdev", "",
		   "tap,id=network-lan,fds=5:6:7:8,vhost=on\ntap,id=network-wan,fd=9\n");
	assert_string_equal(plan->fd[2].path, intent->tap.name);
	assert_true(plan->fd[2].multi_queue);
	notes_are(plan, "");
}

static void a_macvtap(void **state)
{
	struct world w = with_bridges();
	own_plan struct plan *plan = NULL;
	const struct intent *intent;

	(void)state;
	w.facts.net.vhost_open = true;
	plan = planned(&w, LAN MAC "mode = macvtap\ninterface = eth0\nqueues = 1\n");
	intent = &plan->step[0].intent;
	assert_int_equal(plan->steps, 1);
	assert_int_equal(intent->tap.way, TAP_MACVTAP);
	/* The card takes no frames for another address. */
	assert_memory_equal(intent->tap.mac, "\x52\x54\0\1\2\3", 6);
	assert_string_equal(intent->tap.lower, "eth0");
	has(plan, "-netdev", "tap,id=network-lan,fd=5,vhost=on");
	assert_int_equal(plan->fd[2].role, FD_MACVTAP);
	notes_are(plan, "by macvtap the guest reaches everybody on eth0's network but this host, "
			"and this host does not reach it: mode = bridge lets them talk\n");
}

/* A name has 15 bytes, however long the machine's is, and two machines' differ. */
static void names_of_interfaces(void **state)
{
	struct world w = with_bridges();
	own_plan struct plan *one =
		planned(&w, "[vm]\nname = windows.11-gaming\n" LAN "mode = bridge\nbridge = br0\n");
	own_plan struct plan *other =
		planned(&w, "[vm]\nname = windows.11-office\n" LAN "mode = bridge\nbridge = br0\n");
	const char *name = one->step[0].intent.tap.name;

	(void)state;
	assert_int_equal(strlen(name), 15);
	assert_int_equal(strncmp(name, "vm-windows-", 11), 0);
	assert_string_not_equal(name, other->step[0].intent.tap.name);
}

static void bridges_that_cannot_be(void **state)
{
	struct world w = with_bridges();
	own_plan struct plan *late = NULL;

	(void)state;
	refused(&w, LAN "mode = bridge\nbridge = br7\n", ERROR_HOST,
		"p.ini:3:10: network lan.bridge: this host has no interface br7\n");
	refused(&w, LAN "mode = bridge\nbridge = eth0\n", ERROR_HOST,
		"p.ini:3:10: network lan.bridge: eth0 is no bridge\n");
	refusal_says(&w, LAN "mode = bridge\nbridge = wlan0\n",
		     "wlan0 is a wireless interface, which no bridge can have as a port");
	refusal_says(&w, LAN "mode = macvtap\ninterface = wlan0\n",
		     "so neither macvtap nor a bridge leads through one; mode = auto does");
	refusal_says(&w, LAN "mode = macvtap\ninterface = eth1\n", "eth1 is a port of br0 already");
	refusal_says(&w, LAN "mode = macvtap\ninterface = lo\n", "lo is no Ethernet interface");
	misread(LAN "mode = bridge\n", "p.ini:2:8: network lan.mode needs network lan.bridge\n");
	misread(LAN "bridge = br0\n",
		"p.ini:2:10: network lan.bridge needs network lan.mode = bridge\n");
	misread(LAN "interface = eth0\n",
		"p.ini:2:13: network lan.interface needs network lan.mode = macvtap\n");
	misread(LAN "mode = bridge\nbridge = br0\nforward = tcp 3389\n",
		"p.ini:4:11: network lan.forward needs network lan.mode = user\n");
	w.facts.net.bridge_filter = true;
	late = planned(&w, LAN "mode = bridge\nbridge = br1\n");
	notes_are(
		late,
		"the interface br1 is down: sudo ip link set br1 up\n"
		"this host's firewall looks at what crosses bridges as well (br_netfilter is "
		"loaded, as Docker does): where its FORWARD policy is DROP, the guest gets no "
		"answer until a rule accepts br1: sudo iptables -I FORWARD -i br1 -j ACCEPT; "
		"sudo iptables -I FORWARD -o br1 -j ACCEPT\n"
		"the bridge br1 has STP on and lets a new port wait for 30 seconds: the guest has "
		"no network before\n");
	w.facts.net.tun_open = false;
	refusal_says(&w, LAN "mode = bridge\nbridge = br0\n", "/dev/net/tun is not there");
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
	own_plan struct plan *plan = NULL, *root = NULL, *automatic = NULL, *closed = NULL,
			     *roots = NULL;

	(void)state;
	w.in.program = programs;
	w.in.programs = 1;
	plan = planned(&w, LAN "mode = passt\nforward = tcp 3389\n"
			       "forward = udp 0.0.0.0:5000..5009-80\n" WAN "mode = user\n");
	values_are(plan, "-netdev", "",
		   "stream,id=network-lan,server=off,addr.type=fd,addr.str=5\n"
		   "user,id=network-wan\n");
	automatic = planned(&w, LAN "forward = tcp 3389\n");
	has(automatic, "-netdev", "stream,id=network-lan,server=off,addr.type=fd,addr.str=5");
	assert_int_equal(plan->companions, 1);
	assert_int_equal(plan->companion[0].join, JOIN_PAIR);
	assert_int_equal(plan->companion[0].number, 5);
	assert_string_equal(plan->companion[0].name, "passt for network lan");
	words_are(&plan->companion[0], "/usr/bin/passt\n-f\n-e\n-q\n-F\n3\n-t\n"
				       "127.0.0.1/3389-3389:3389-3389\n-u\n"
				       "0.0.0.0/5000-5009:80-89\n");
	/* It could not make its sandbox. */
	w.facts.userns_closed = true;
	closed = planned(&w, LAN);
	has(closed, "-netdev", "user,id=network-lan");
	w.facts.userns_closed = false;
	/* As nobody, whom it would become else, it could not even start. */
	w.facts.net.root = true;
	has(roots = planned(&w, LAN), "-netdev", "user,id=network-lan");
	root = planned(&w, LAN "mode = passt\n");
	words_are(&root->companion[0], "/usr/bin/passt\n-f\n-e\n-q\n-F\n3\n--runas\n0:0\n");
	w.facts.net.unprivileged = 1024;
	refusal_says(&w, LAN "mode = passt\nforward = tcp 80\n", "ports below 1024 are root's");
	refusal_says(&without, LAN "mode = passt\n",
		     "p.ini:2:8: network lan.mode = passt: there is no program passt: ");
}

static char *const VHOST_USER[] = {S("vhost-user-fs-pci")};
static char *const SHARES[] = {S("machine.aux-ram-share")};

static struct world with_vhost_user(void)
{
	static const struct plan_program programs[] = {{"passt", S("/usr/bin/passt"), true}};
	struct world w = world();

	w.in.program = programs;
	w.in.programs = 1;
	w.facts.memory.shmem_huge = true;
	w.facts.qemu.version = S("10.0.13");
	w.facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){(char **)VHOST_USER, 1};
	w.facts.qemu.offers[QEMU_OPTIONS] = (struct qemu_names){(char **)SHARES, 1};
	return w;
}

static void passt_by_vhost_user(void **state)
{
	struct world w = with_vhost_user();
	own_plan struct plan *plan = planned(&w, LAN "forward = tcp 3389\n");
	own_plan struct plan *other = planned(&w, LAN "[memory]\nshared = no\n");

	(void)state;
	has(plan, "-chardev", "socket,id=network-lan,path=/run/user/1/vmlaunch/p/network-lan.sock");
	has(plan, "-netdev", "vhost-user,id=network-lan,chardev=network-lan");
	has(plan, "-object", "memory-backend-ram,id=ram,size=4294967296,share=on");
	assert_int_equal(plan->companion[0].join, JOIN_ACCEPT);
	assert_string_equal(plan->companion[0].socket, "/run/user/1/vmlaunch/p/network-lan.sock");
	words_are(&plan->companion[0], "/usr/bin/passt\n-f\n-e\n-q\n-F\n3\n-t\n"
				       "127.0.0.1/3389-3389:3389-3389\n--vhost-user\n");
	notes_are(plan, "");
	has(other, "-object", "memory-backend-ram,id=ram,size=4294967296");
}

/* text: behind a network; the backend of the memory, the way, and why it is that. */
static void joined_as(struct world *w, const char *text, const char *backend, const char *way,
		      const char *why)
{
	own_free char *all = xasprintf(LAN "%s", text);
	own_plan struct plan *plan = planned(w, all);
	const struct argument *netdev = find(plan, "-netdev", way);

	assert_non_null(netdev);
	assert_non_null(netdev->cause.why);
	assert_non_null(strstr(netdev->cause.why, why));
	assert_string_equal(find(plan, "-object", "memory-backend")->value, backend);
}

#define PLAIN "memory-backend-ram,id=ram,size=4294967296"
#define BY_STREAM "passt is at the other end of a stream, not by vhost-user, which is faster: "

static void what_passt_is_joined_by(void **state)
{
	static const struct plan_program old[] = {{"passt", S("/usr/bin/passt")}};
	static char *const none[] = {S("tpm-crb")};
	struct world w = with_vhost_user();

	(void)state;
	joined_as(&w, "", PLAIN ",share=on", "vhost-user", "passt moves the packets");
	joined_as(&w, "model = e1000e\n", PLAIN, "stream", BY_STREAM "QEMU itself moves");
	joined_as(&w, "[memory]\nshared = no\n", PLAIN, "stream", BY_STREAM "memory.shared = no");
	w.facts.memory.shmem_huge = false;
	joined_as(&w, "", PLAIN, "stream", BY_STREAM "it would have the guest's memory, to which");
	joined_as(&w, "[memory]\nshared = yes\n", PLAIN ",share=on", "vhost-user", "passt moves");
	/* Huge pages that were set apart are shared as they are. */
	w.facts.hugepages[0].free = 2048;
	joined_as(&w, "",
		  "memory-backend-memfd,id=ram,size=4294967296,hugetlb=on,hugetlbsize=2097152,"
		  "share=on,prealloc=on,prealloc-threads=8",
		  "vhost-user", "passt moves");
	w = with_vhost_user();
	w.in.program = old;
	joined_as(&w, "", PLAIN, "stream", BY_STREAM "this passt is older");
	w = with_vhost_user();
	w.facts.qemu.offers[QEMU_OPTIONS].n = 0;
	joined_as(&w, "", PLAIN, "stream", BY_STREAM "QEMU 10.0.13 cannot share plain memory");
	w = with_vhost_user();
	w.facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){(char **)none, 1};
	joined_as(&w, "", PLAIN, "stream", BY_STREAM "QEMU 10.0.13 cannot share plain");
	w.facts.userns_closed = true;
	joined_as(&w, "", PLAIN, "user", "passt, which is faster, needs a user namespace");
	w.in.programs = 0;
	joined_as(&w, "", PLAIN, "user", "passt, which is faster, is not there: install passt");
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

#define STICK "[boot]\norder = usb\n[network n]\n[usb]\ndevice = 0781:5581\n"
#define NVME_ALONE "[boot]\norder = pci\n[network n]\n[pci]\ndevice = 03:00.0\n"
#define KEPT_OFF "name=opt/org.tianocore/IPv4Support,string=n"

/* What is named to boot from is not there, or is left out. */
static void firmware_boots_from_no_network(void **state)
{
	static char *const with_usb[] = {S("usb-host"), S("vfio-pci")};
	struct usb_device stick = {.port = S("1-1"),
				   .node = S("/dev/bus/usb/001/002"),
				   .path = S("/sys/devices/x/1-1"),
				   .bus = 1,
				   .number = 2,
				   .vendor = 0x0781,
				   .product = 0x5581};
	struct world w = world();
	own_plan struct plan *late = NULL, *there = NULL, *nvme = NULL, *bare = NULL, *out = NULL;

	(void)state;
	w.facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){(char **)with_usb, 2};
	late = planned(&w, STICK);
	has(late, "-fw_cfg", KEPT_OFF);
	nvme = planned(&w, NVME_ALONE);
	lacks(nvme, "-fw_cfg", KEPT_OFF);
	w.facts.devices.usb = (struct usb_list){&stick, 1};
	there = planned(&w, STICK);
	lacks(there, "-fw_cfg", KEPT_OFF);
	w.in.no_devices = true;
	bare = planned(&w, STICK);
	has(bare, "-fw_cfg", KEPT_OFF);
	out = planned(&w, NVME_ALONE);
	has(out, "-fw_cfg", KEPT_OFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_lead_to_the_guest),
		cmocka_unit_test(what_leads_to_a_port),
		cmocka_unit_test(ports_of_root),
		cmocka_unit_test(the_same_port_twice),
		cmocka_unit_test(a_tap),
		cmocka_unit_test(queues),
		cmocka_unit_test(taps_that_cannot_be_had),
		cmocka_unit_test(a_bridge),
		cmocka_unit_test(a_macvtap),
		cmocka_unit_test(names_of_interfaces),
		cmocka_unit_test(bridges_that_cannot_be),
		cmocka_unit_test(passt),
		cmocka_unit_test(passt_by_vhost_user),
		cmocka_unit_test(what_passt_is_joined_by),
		cmocka_unit_test(a_probe_has_its_own),
		cmocka_unit_test(firmware_boots_from_no_network),
	};

	return cmocka_run_group_tests_name("plan_net", tests, NULL, NULL);
}
