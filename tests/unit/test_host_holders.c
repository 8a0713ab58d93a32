/* Who holds a device: on this machine with real processes, and in made-up trees. */
#include "host_tree.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "host/holders.h"

static const struct pci_address NOWHERE = {0, 1, 0, 0};

/* A child that does something, says so, and waits for its end. */
struct child {
	pid_t pid;
	int ready;
};

static void wait_for_end(void)
{
	for (;;)
		pause();
}

static struct child start(void (*act)(const void *), const void *what)
{
	struct child child = {0};
	int fd[2];
	char c;

	assert_int_equal(pipe(fd), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "a ) holder");
		act(what);
		if (write(fd[1], "x", 1) != 1)
			_exit(1);
		wait_for_end();
	}
	close(fd[1]);
	assert_int_equal(read(fd[0], &c, 1), 1);
	close(fd[0]);
	return child;
}

static void end_child(struct child child)
{
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
}

static const struct holder *held_by(const struct holders *holders, pid_t pid)
{
	for (size_t i = 0; i < holders->n; i++)
		if (holders->v[i].pid == pid)
			return &holders->v[i];
	return NULL;
}

static void open_it(const void *path)
{
	if (open(path, O_RDONLY) < 0)
		_exit(1);
}

/* /dev/full is a device that hardly anybody has open. */
static void an_open_node_is_found(void **state)
{
	struct root root = ROOT_REAL;
	own_holder_nodes struct holder_nodes nodes = {0};
	own_holders struct holders holders = {0};
	struct child child = start(open_it, "/dev/full");
	const struct holder *h;

	(void)state;
	holder_nodes_add(&nodes, &NOWHERE, "/dev/full", "mem", false, makedev(1, 7));
	holders_scan(&holders, &root, &nodes);
	end_child(child);
	h = held_by(&holders, child.pid);
	assert_non_null(h);
	assert_string_equal(h->comm, "a ) holder");
	assert_int_equal(h->uid, getuid());
	assert_true(h->start > 0 && !h->mapped);
	assert_true(holders.seen > 0);
}

static void a_renamed_node_is_found(void **state)
{
	struct root root = ROOT_REAL;
	own_holder_nodes struct holder_nodes nodes = {0};
	own_holders struct holders holders = {0};
	own_free char *path = in_dir(state, "harmless file");
	struct child child;

	if (mknod(path, S_IFCHR | 0600, makedev(1, 7)) < 0)
		skip_test("only root can make a device node");
	child = start(open_it, path);
	assert_int_equal(unlink(path), 0);
	/* A block device of the same number is another device. */
	holder_nodes_add(&nodes, &NOWHERE, "/dev/ram7", "block", true, makedev(1, 7));
	holder_nodes_add(&nodes, &NOWHERE, "/dev/full", "mem", false, makedev(1, 7));
	holders_scan(&holders, &root, &nodes);
	end_child(child);
	assert_non_null(held_by(&holders, child.pid));
	assert_int_equal(held_by(&holders, child.pid)->node, 1);
}

static void map_it(const void *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		_exit(1);
	close(fd);
}

static void a_mapping_without_descriptor_is_found(void **state)
{
	struct root root = ROOT_REAL;
	own_holder_nodes struct holder_nodes nodes = {0};
	own_holders struct holders holders = {0};
	struct child child = start(map_it, "/dev/zero");

	(void)state;
	holder_nodes_add(&nodes, &NOWHERE, "/dev/zero", "mem", false, makedev(1, 5));
	holders_scan(&holders, &root, &nodes);
	end_child(child);
	assert_non_null(held_by(&holders, child.pid));
	assert_true(held_by(&holders, child.pid)->mapped);
}

static void nothing_is_held_by_nobody(void **state)
{
	struct root root = ROOT_REAL;
	own_holder_nodes struct holder_nodes nodes = {0};
	own_holders struct holders holders = {0};

	(void)state;
	holders_scan(&holders, &root, &nodes);
	assert_int_equal(holders.n, 0);
	assert_true(holders.seen > 0);
}

/* What a plain user cannot look into is counted. Run in a child, as one cannot become root again.
 */
static void a_plain_user_knows_what_it_does_not_see(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (getuid() != 0)
		skip_test("only root can be somebody else");
	struct child child = start(open_it, "/dev/full");

	pid = fork();
	if (pid == 0) {
		struct root root = ROOT_REAL;
		struct holder_nodes nodes = {0};
		struct holders holders = {0};

		if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			_exit(3);
		holder_nodes_add(&nodes, &NOWHERE, "/dev/full", "mem", false, makedev(1, 7));
		holders_scan(&holders, &root, &nodes);
		_exit(holders.unseen == 0 || held_by(&holders, child.pid) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	end_child(child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* 400 processes with 30 descriptors each. The bound is generous: this runs under sanitizers and
 * beside other work; what matters is that nobody makes it quadratic.
 */
static void a_crowded_host_is_looked_through_quickly(void **state)
{
	enum { CROWD = 400, FDS = 30 };
	struct root root = ROOT_REAL;
	own_holder_nodes struct holder_nodes nodes = {0};
	double best = 1e9;
	pid_t *pid = xcalloc(CROWD, sizeof(*pid));
	int fd[FDS];

	(void)state;
	for (int i = 0; i < FDS; i++)
		fd[i] = open("/dev/null", O_RDONLY);
	for (int i = 0; i < CROWD; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			wait_for_end();
		}
	}
	for (int i = 0; i < FDS; i++)
		close(fd[i]);
	for (unsigned i = 0; i < 200; i++)
		holder_nodes_add(&nodes, &NOWHERE, "/dev/full", "mem", false, makedev(226, i));
	for (int i = 0; i < 3; i++) {
		own_holders struct holders holders = {0};
		double before = now_ms(), took;

		holders_scan(&holders, &root, &nodes);
		took = now_ms() - before;
		best = took < best ? took : best;
		assert_true(holders.seen + holders.unseen > CROWD);
	}
	for (int i = 0; i < CROWD; i++)
		if (pid[i] > 0) {
			kill(pid[i], SIGKILL);
			waitpid(pid[i], NULL, 0);
		}
	free(pid);
	printf("# figure: looking through 400 processes took %.0f ms (with sanitizers)\n", best);
	assert_true(best < 20000);
}

/* ---------------------------------------------------------------- made-up trees */

static void gpu(void **state)
{
	put_pci(state, "0000:01:00.0", "10de", "2820", "030000");
	set_driver(state, "0000:01:00.0", "nvidia");
	set_group(state, "0000:01:00.0", 7);
}

static void put_node(void **state, const char *path, const char *dev, const char *name)
{
	own_free char *file = xasprintf("sys/devices/pci0000:00/0000:01:00.0/%s/dev", path);
	own_free char *uevent = xasprintf("sys/devices/pci0000:00/0000:01:00.0/%s/uevent", path);
	own_free char *text = xasprintf("MAJOR=1\nDEVNAME=%s\nX=1\n", name);

	put(state, file, dev);
	put(state, uevent, text);
}

static const struct holder_node *named(const struct holder_nodes *nodes, const char *path)
{
	for (size_t i = 0; i < nodes->n; i++)
		if (strcmp(nodes->v[i].path, path) == 0)
			return &nodes->v[i];
	return NULL;
}

static void all_nodes_are_found(void **state)
{
	const struct pci_address where = at("01:00.0");
	own_pci_function struct pci_function f = {0};
	own_holder_nodes struct holder_nodes nodes = {0};
	tree_root(root);

	gpu(state);
	put_node(state, "drm/card1", "226:1", "dri/card1");
	put_node(state, "drm/card1/card1-DP-1/i2c-9/i2c-dev/i2c-9", "89:9", "i2c-9");
	put_node(state, "usb3/3-1/3-1.2/3-1.2:1.0/0003:1:2.3/hidraw/hidraw2", "240:2", "hidraw2");
	put_node(state, "vfio-dev/vfio0", "511:0", "vfio/devices/vfio0");
	put_node(state, "power/hidden", "1:1", "not-looked-for");
	put_node(state, "0000:02:00.0/drm/card7", "226:7", "dri/card7");
	put_node(state, "broken", "nonsense", "broken");
	put(state, "sys/devices/pci0000:00/0000:01:00.0/nameless/dev", "1:2\n");
	put(state, "sys/class/vfio/7/dev", "242:3\n");
	put(state, "proc/driver/nvidia/gpus/0000:01:00.0/information",
	    "Model: x\nDevice Minor: \t 2\n");
	put(state, "proc/devices",
	    "Character devices:\n195 nvidia\n507 nvidia-uvm\n\nBlock devices:\n");
	assert_true(pci_function_read(&f, &root, &where));
	holder_nodes_of(&nodes, &root, &f);
	assert_int_equal(named(&nodes, "/dev/dri/card1")->dev, makedev(226, 1));
	assert_non_null(named(&nodes, "/dev/i2c-9"));
	assert_non_null(named(&nodes, "/dev/hidraw2"));
	assert_non_null(named(&nodes, "/dev/vfio/devices/vfio0"));
	assert_int_equal(named(&nodes, "/dev/vfio/7")->dev, makedev(242, 3));
	assert_int_equal(named(&nodes, "/dev/nvidia2")->dev, makedev(195, 2));
	assert_false(named(&nodes, "/dev/nvidia2")->shared);
	assert_true(named(&nodes, "/dev/nvidiactl")->shared);
	assert_int_equal(named(&nodes, "/dev/nvidia-uvm")->dev, makedev(507, 0));
	assert_null(named(&nodes, "/dev/not-looked-for"));
	assert_null(named(&nodes, "/dev/dri/card7"));
	assert_int_equal(nodes.n, 10);
}

/* Without the driver's word which node is whose, all of them count. */
static void an_unknown_minor_means_all(void **state)
{
	const struct pci_address where = at("01:00.0");
	own_pci_function struct pci_function f = {0};
	own_holder_nodes struct holder_nodes nodes = {0};
	tree_root(root);

	gpu(state);
	put(state, "dev/nvidia0", "");
	put(state, "dev/nvidia3", "");
	assert_true(pci_function_read(&f, &root, &where));
	holder_nodes_of(&nodes, &root, &f);
	assert_true(named(&nodes, "/dev/nvidia0")->shared);
	assert_true(named(&nodes, "/dev/nvidia3")->shared);
	assert_null(named(&nodes, "/dev/nvidia1"));
}

static void trees_have_holders(void **state)
{
	own_holder_nodes struct holder_nodes nodes = {0};
	own_holders struct holders holders = {0};
	tree_root(root);

	put(state, "etc/passwd", "root:x:0:0::/:/bin/sh\nbroken\nanna:x:1000:1000::/:/bin/sh\n");
	put(state, "proc/20/stat",
	    "20 (x) R 1 (y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 1\n");
	put(state, "proc/20/status", "Name:\tx\nUid:\t1000\t0\t0\t0\n");
	link_to(state, "proc/20/fd/0", "/dev/dri/card1 (deleted)");
	link_to(state, "proc/20/fd/1", "/dev/dri/card1");
	link_to(state, "proc/20/fd/2", "/dev/dri/card10");
	link_to(state, "proc/20/fd/3", "socket:[1]");
	put(state, "proc/3/stat", "3 (y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 42 1\n");
	put(state, "proc/3/fd/nothing", "");
	put(state, "proc/3/maps",
	    "7f00-7f01 r--p 00000000 08:01 12                 /usr/lib/libc.so\n"
	    "7f01-7f02 rw-p 00000000 00:00 0 \nnonsense\n"
	    "7f02-7f03 rw-s 00000000 00:06 500                /dev/snd/pcm C0 (deleted)\n");
	put(state, "proc/5/fd/not-a-process", "");
	put(state, "proc/99999999999999999999/fd/0", "");
	holder_nodes_add(&nodes, &NOWHERE, "/dev/dri/card1", "drm", false, makedev(226, 1));
	holder_nodes_add(&nodes, &NOWHERE, "/dev/snd/pcm C0", "sound", false, makedev(116, 1));
	holders_scan(&holders, &root, &nodes);
	assert_int_equal(holders.n, 2);
	assert_int_equal(holders.v[0].pid, 3);
	assert_true(holders.v[0].mapped);
	assert_int_equal(holders.v[0].start, 42);
	assert_int_equal(holders.v[0].uid, (uid_t)-1);
	assert_null(holders.v[0].user);
	assert_int_equal(holders.v[1].pid, 20);
	assert_string_equal(holders.v[1].comm, "x) R 1 (y");
	assert_string_equal(holders.v[1].user, "anna");
	assert_int_equal(holders.v[1].start, 4711);
}

static void remedies_are_by_the_kernels_short_name(void **state)
{
	(void)state;
	assert_string_equal(holder_remedy("nvidia-persiste"), "systemctl stop nvidia-persistenced");
	assert_null(holder_remedy("nvidia-persistenced"));
	assert_null(holder_remedy(""));
}

static char *soft_words(const struct root *root, const char *address)
{
	const struct pci_address where = at(address);
	own_pci_function struct pci_function f = {0};
	own_soft_holders struct soft_holders soft = {0};
	struct buf out = {0};

	assert_true(pci_function_read(&f, root, &where));
	soft_holders_of(&soft, root, &f);
	for (size_t i = 0; i < soft.n; i++) {
		own_free char *text = soft_holder_text(&soft.v[i]);

		buf_addf(&out, "%s;", text);
	}
	return buf_steal(&out);
}

static void screens_and_consoles(void **state)
{
	own_free char *first = NULL, *second = NULL, *mapped = NULL;
	tree_root(root);

	gpu(state);
	put_pci(state, "0000:00:02.0", "8086", "a788", "030000");
	put_attribute(state, "0000:00:02.0", "boot_vga", "1\n");
	put_attribute(state, "0000:00:02.0", "drm/card1/card1-eDP-1/enabled", "enabled\n");
	put_attribute(state, "0000:01:00.0", "drm/card0/card0-DP-1/enabled", "disabled\n");
	put_attribute(state, "0000:01:00.0", "drm/card0/card0-DP-1/status", "connected\n");
	put_attribute(state, "0000:01:00.0", "drm/card0/card0-DP-2/status", "disconnected\n");
	put_attribute(state, "0000:01:00.0", "drm/card0/device/status", "connected\n");
	link_to(state, "sys/class/graphics/fb0",
		"../../devices/pci0000:00/0000:00:02.0/graphics/fb0");
	link_to(state, "sys/class/graphics/fb1",
		"../../devices/pci0000:00/0000:01:00.0/graphics/fb1");
	put(state, "sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
	put(state, "sys/class/vtconsole/vtcon1/bind", "1\n");
	first = soft_words(&root, "00:02.0");
	assert_string_equal(first,
			    "boot VGA;the kernel's console is on fb0;connector eDP-1 shows a "
			    "picture;");
	second = soft_words(&root, "01:00.0");
	assert_string_equal(second, "a screen is plugged into DP-1;");
	put(state, "proc/cmdline", "quiet fbcon=map:1\n");
	mapped = soft_words(&root, "01:00.0");
	assert_string_equal(mapped,
			    "the kernel's console is on fb1;a screen is plugged into DP-1;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_node_is_found),
		in_scratch(a_renamed_node_is_found),
		cmocka_unit_test(a_mapping_without_descriptor_is_found),
		cmocka_unit_test(nothing_is_held_by_nobody),
		cmocka_unit_test(a_plain_user_knows_what_it_does_not_see),
		cmocka_unit_test(a_crowded_host_is_looked_through_quickly),
		in_scratch(all_nodes_are_found),
		in_scratch(an_unknown_minor_means_all),
		in_scratch(trees_have_holders),
		cmocka_unit_test(remedies_are_by_the_kernels_short_name),
		in_scratch(screens_and_consoles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
