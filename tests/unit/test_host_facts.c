/* Facts from made-up host trees. */
#include "made_dir.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "host/parts.h"

/* A temporary tree and the root that reads it. */
struct tree {
	char *dir;
	struct root root;
};

static int tree_make(void **state)
{
	struct tree *tree = xcalloc(1, sizeof(*tree));
	struct error *err = NULL;

	tree->dir = made_dir_make();
	assert_true(root_init(&tree->root, tree->dir, &err));
	*state = tree;
	return 0;
}

static int tree_remove(void **state)
{
	struct tree *tree = *state;

	root_done(&tree->root);
	made_dir_remove(tree->dir);
	free(tree);
	return 0;
}

static void put(struct tree *tree, const char *path, const char *text)
{
	own_free char *file = xasprintf("%s%s", tree->dir, path);
	own_free char *dir = path_dir(file);
	struct error *err = NULL;

	assert_true(dir_make(dir, 0755, &err));
	assert_true(file_write(file, text, strlen(text), 0644, VOLATILE, &err));
}

static const char intel[] = "processor\t: 0\n"
			    "vendor_id\t: GenuineIntel\n"
			    "cpu family\t: 6\n"
			    "model name\t: 13th Gen Intel(R) Core(TM) i9-13900HX  \n"
			    "flags\t\t: fpu vme de vmx smx est\n"
			    "vmx flags\t: vnmi preemption_timer\n"
			    "address sizes\t: 46 bits physical, 48 bits virtual\n"
			    "power management:\n"
			    "\n"
			    "processor\t: 1\n"
			    "vendor_id\t: Other\n"
			    "flags\t\t: fpu svm\n"
			    "\n";

static const char amd[] = "processor\t: 0\n"
			  "vendor_id\t: AuthenticAMD\n"
			  "model name\t: AMD Ryzen 9 7945HX with Radeon Graphics\n"
			  "flags\t\t: svm fpu\n"
			  "address sizes\t: 48 bits physical, 48 bits virtual\n"
			  "\n"
			  "processor\t: 1\n"
			  "\n"
			  "processor\t: 2\n"
			  "\n";

/* The flags hold words that only look like the ones that count. */
static const char neither[] = "processor\t: 0\n"
			      "vendor_id\t: GenuineIntel\n"
			      "model name\t: Intel(R) Xeon(R) Processor\n"
			      "flags\t\t: fpu vmxx xvmx svm_lock tsc\n"
			      "vmx flags\t: vmx\n"
			      "\n";

static void intel_laptop(void **state)
{
	struct tree *tree = *state;
	own_facts struct facts facts = {0};

	put(tree, "/proc/cpuinfo", intel);
	put(tree, "/sys/devices/system/cpu/online", "0-3,8,10-11\n");
	put(tree, "/proc/meminfo",
	    "MemTotal:       32594352 kB\nMemFree:         1000000 kB\nMemAvailable:   27000000 "
	    "kB\n");
	put(tree, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	put(tree, "/proc/sys/kernel/random/boot_id", "1d2c3b4a-0000-4000-8000-000000000001\n");
	put(tree, "/dev/kvm", "");
	facts_collect(&facts, &tree->root);
	assert_string_equal(facts.cpu.vendor, "GenuineIntel");
	assert_string_equal(facts.cpu.model, "13th Gen Intel(R) Core(TM) i9-13900HX");
	assert_int_equal(facts.cpu.online, 7);
	assert_int_equal(facts.cpu.phys_bits, 46);
	assert_true(facts.cpu.vmx);
	assert_false(facts.cpu.svm);
	assert_int_equal(facts.kvm.state, KVM_USABLE);
	assert_int_equal(facts.kvm.errnum, 0);
	assert_null(kvm_reason(&facts.kvm));
	assert_true(facts.memory.total == 32594352ULL * 1024);
	assert_true(facts.memory.available == 27000000ULL * 1024);
	assert_string_equal(facts.machine_id, "0123456789abcdef0123456789abcdef");
	assert_string_equal(facts.boot_id, "1d2c3b4a-0000-4000-8000-000000000001");
	assert_null(facts.qemu.path);
}

/* The kernel's switch, and the group that it may leave io_uring to. */
static void who_may_use_io_uring(void **state)
{
	struct tree *tree = *state;
	static const struct {
		const char *disabled, *group;
		bool member;
		enum uring_state want;
	} row[] = {
		/* A kernel of before the switch: another computer's was not asked. */
		{NULL, NULL, false, URING_UNKNOWN},	 {"0\n", "-1\n", false, URING_USABLE},
		{"1\n", "-1\n", false, URING_GROUP},	 {"1\n", "0\n", true, URING_USABLE},
		{"2\n", "0\n", true, URING_CLOSED},	 {"9\n", "x\n", false, URING_CLOSED},
		{"nine\n", "x\n", false, URING_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_facts struct facts facts = {0};
		own_free char *mine = xasprintf("%u\n", (unsigned)getegid());
		bool usable = row[i].want == URING_USABLE;

		if (row[i].disabled)
			put(tree, "/proc/sys/kernel/io_uring_disabled", row[i].disabled);
		if (row[i].group)
			put(tree, "/proc/sys/kernel/io_uring_group",
			    row[i].member ? mine : row[i].group);
		facts_collect(&facts, &tree->root);
		assert_int_equal(facts.uring.state, row[i].want);
		assert_true(facts.uring.workers_stay == usable);
		assert_true((uring_reason(&facts.uring) == NULL) ==
			    (usable || row[i].want == URING_UNKNOWN));
	}
}

#define UNTRIED 77

/* In a child of ours, to which the kernel's answer to io_uring_setup() is a container's. */
static int asked_behind_a_filter(int errnum)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)errnum),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = {ARRAY_SIZE(code), code};
	struct uring_facts uring;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		return 2;
	uring_collect(&uring, &ROOT_REAL);
	/* Where the switch is closed nothing is tried. */
	if (uring.state == URING_CLOSED || uring.state == URING_GROUP)
		return UNTRIED;
	if (uring.state != URING_REFUSED || uring.errnum != errnum)
		return 1;
	/* What is no word of a filter's is not taken for one. */
	return !!strstr(uring_reason(&uring), "filter") == (errnum != ENOMEM) ? 0 : 1;
}

static void io_uring_behind_a_filter(void **state)
{
	static const int errnum[] = {EPERM, ENOSYS, ENOMEM};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errnum); i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(asked_behind_a_filter(errnum[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == UNTRIED)
			skip_test("io_uring is switched off here, and is not tried");
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

/* The kernel's word, and its old constant where that cannot be had. */
static void ports_that_anybody_may_have(void **state)
{
	static const struct {
		const char *text;
		unsigned want;
	} row[] = {{NULL, 1024}, {"1024\n", 1024}, {"0\n", 0},
		   {"80\n", 80}, {"x\n", 1024},	   {"70000\n", 1024}};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_facts struct facts facts = {0};

		if (row[i].text)
			put(*state, "/proc/sys/net/ipv4/ip_unprivileged_port_start", row[i].text);
		facts_collect(&facts, &((struct tree *)*state)->root);
		assert_int_equal(facts.net.unprivileged, row[i].want);
	}
}

static void put_tap(struct tree *tree, const char *name, const char *tun, const char *owner,
		    const char *group)
{
	const char *const file[] = {"tun_flags", "owner", "group", "flags"};
	const char *const text[] = {tun, owner, group, "0x1303\n"};

	for (size_t i = 0; i < ARRAY_SIZE(file); i++) {
		own_free char *path = xasprintf("/sys/class/net/%s/%s", name, file[i]);

		put(tree, path, text[i]);
	}
}

static const struct net_interface *interface(const struct facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->net.interfaces; i++)
		if (strcmp(facts->net.interface[i].name, name) == 0)
			return &facts->net.interface[i];
	fail_msg("no %s", name);
	return NULL;
}

/* Who may open a tap: the kernel's rule, owner and group. */
static void taps_and_whose_they_are(void **state)
{
	struct tree *tree = *state;
	own_facts struct facts facts = {0}, open = {0};
	own_free char *me = xasprintf("%u\n", (unsigned)geteuid()),
		      *us = xasprintf("%u\n", (unsigned)getegid());

	put(tree, "/sys/class/net/eth0/flags", "0x1003\n");
	put(tree, "/sys/class/net/tun0/tun_flags", "0x1801\n");
	put_tap(tree, "mine", "0x1802\n", me, "-1\n");
	put_tap(tree, "ours", "0x1902\n", "-1\n", us);
	put_tap(tree, "any", "0x1802\n", "-1\n", "-1\n");
	put_tap(tree, "theirs", "0x1802\n", "4242\n", "-1\n");
	put_tap(tree, "group", "0x1802\n", me, "4242\n");
	put(tree, "/sys/class/net/mine/carrier", "1\n");
	put(tree, "/sys/class/net/ours/master/uevent",
	    "DEVTYPE=bridge\nINTERFACE=br0\nIFINDEX=3\n");
	put(tree, "/sys/class/net/any/flags", "0x1002\n");
	facts_collect(&facts, &tree->root);
	assert_int_equal(facts.net.interfaces, 7);
	assert_false(interface(&facts, "eth0")->tap);
	assert_false(interface(&facts, "tun0")->tap);
	assert_true(interface(&facts, "mine")->tap);
	assert_true(interface(&facts, "mine")->allowed);
	assert_true(interface(&facts, "mine")->in_use);
	assert_true(interface(&facts, "mine")->up);
	assert_false(interface(&facts, "mine")->multi_queue);
	assert_null(interface(&facts, "mine")->master);
	assert_true(interface(&facts, "ours")->allowed);
	assert_true(interface(&facts, "ours")->multi_queue);
	assert_false(interface(&facts, "ours")->in_use);
	assert_string_equal(interface(&facts, "ours")->master, "br0");
	assert_true(interface(&facts, "any")->allowed);
	assert_false(interface(&facts, "any")->up);
	assert_false(interface(&facts, "theirs")->allowed);
	assert_int_equal(interface(&facts, "theirs")->owner, 4242);
	assert_false(interface(&facts, "group")->allowed);
	assert_false(facts.net.tun_open);
	assert_false(facts.net.vhost_open);
	put(tree, "/dev/net/tun", "");
	put(tree, "/dev/vhost-net", "");
	facts_collect(&open, &tree->root);
	assert_true(open.net.tun_open);
	assert_true(open.net.vhost_open);
}

static void amd_laptop_without_online_list(void **state)
{
	struct tree *tree = *state;
	own_facts struct facts facts = {0};

	put(tree, "/proc/cpuinfo", amd);
	put(tree, "/sys/devices/system/cpu/online", "nonsense\n");
	put(tree, "/dev/kvm", "");
	facts_collect(&facts, &tree->root);
	assert_string_equal(facts.cpu.vendor, "AuthenticAMD");
	assert_int_equal(facts.cpu.online, 3);
	assert_int_equal(facts.cpu.phys_bits, 48);
	assert_true(facts.cpu.svm);
	assert_int_equal(facts.kvm.state, KVM_USABLE);
}

static void node_without_virtualisation(void **state)
{
	struct tree *tree = *state;
	own_facts struct facts facts = {0};

	put(tree, "/proc/cpuinfo", neither);
	put(tree, "/dev/kvm", "");
	facts_collect(&facts, &tree->root);
	assert_false(facts.cpu.vmx);
	assert_false(facts.cpu.svm);
	assert_int_equal(facts.cpu.phys_bits, 0);
	assert_int_equal(facts.kvm.state, KVM_NO_EXTENSION);
	assert_non_null(strstr(kvm_reason(&facts.kvm), "neither vmx nor svm"));
}

static void virtualisation_without_node(void **state)
{
	struct tree *tree = *state;
	own_facts struct facts facts = {0};

	put(tree, "/proc/cpuinfo", intel);
	facts_collect(&facts, &tree->root);
	assert_int_equal(facts.kvm.state, KVM_NO_NODE);
	assert_int_equal(facts.kvm.errnum, ENOENT);
	assert_non_null(strstr(kvm_reason(&facts.kvm), "modprobe"));
}

static void empty_tree_is_no_error(void **state)
{
	struct tree *tree = *state;
	own_facts struct facts facts = {0};

	facts_collect(&facts, &tree->root);
	assert_string_equal(facts.cpu.vendor, "");
	assert_string_equal(facts.cpu.model, "");
	assert_int_equal(facts.cpu.online, 1);
	assert_true(facts.memory.total == 0);
	assert_string_equal(facts.machine_id, "");
	assert_string_equal(facts.boot_id, "");
	assert_int_equal(facts.kvm.state, KVM_NO_NODE);
}

static void machine_id_of_an_image_is_none(void **state)
{
	struct tree *tree = *state;
	own_facts struct facts facts = {0};

	put(tree, "/etc/machine-id", "uninitialized\n");
	facts_collect(&facts, &tree->root);
	assert_string_equal(facts.machine_id, "");
}

static void online_lists(void **state)
{
	static const struct {
		const char *list;
		unsigned online;
	} cases[] = {
		{"0\n", 1},  {"0-15", 16}, {"0,2,4\n", 3}, {"", 1},	   {"3-1\n", 1},
		{"0-\n", 1}, {",0\n", 1},  {"0,\n", 1},	   {"0-3 5\n", 1}, {"0-99999999999\n", 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		own_facts struct facts facts = {0};

		put(*state, "/sys/devices/system/cpu/online", cases[i].list);
		facts_collect(&facts, &((struct tree *)*state)->root);
		assert_int_equal(facts.cpu.online, cases[i].online);
	}
}

static void every_state_but_usable_has_a_reason(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KVM_STATES; i++) {
		struct kvm_facts kvm = {.state = i};

		assert_int_equal(kvm_reason(&kvm) == NULL, i == KVM_USABLE);
	}
}

/* Whatever the machine is, the two conditions for KVM hold where it is called usable. */
static void this_machine(void **state)
{
	own_facts struct facts facts = {0};

	(void)state;
	facts_collect(&facts, &ROOT_REAL);
	assert_int_equal(facts.cpu.online, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(facts.memory.total > 0);
	assert_true(facts.memory.available <= facts.memory.total);
	assert_int_not_equal(facts.uring.state, URING_UNKNOWN);
	if (facts.kvm.state == KVM_USABLE) {
		assert_true(facts.cpu.vmx || facts.cpu.svm);
		assert_int_equal(access("/dev/kvm", R_OK | W_OK), 0);
	}
}

#define in_tree(f) cmocka_unit_test_setup_teardown(f, tree_make, tree_remove)

/* The leaves that KVM gives, and what each bit of them is worth. */
static void enlightenments(void **state)
{
	struct kvm_cpuid_entry2 leaf[] = {
		{.function = 0x40000000, .eax = ~0U, .edx = ~0U},
		{.function = 0x40000003, .eax = ~0U, .edx = ~0U},
		{.function = 0x40000004, .eax = ~0U},
		{.function = 0x4000000a, .eax = ~0U},
	};
	const unsigned of_advice = 1U << HV_RELAXED | 1U << HV_TLBFLUSH | 1U << HV_IPI |
				   1U << HV_AVIC | 1U << HV_EVMCS;
	const unsigned of_nested = 1U << HV_EMSR_BITMAP | 1U << HV_TLBFLUSH_DIRECT;
	const unsigned all = (1U << ENLIGHTENMENTS) - 1;

	(void)state;
	assert_int_equal(hyperv_offered(leaf, ARRAY_SIZE(leaf)), all);
	assert_int_equal(hyperv_offered(leaf, 0), 0);
	assert_int_equal(hyperv_offered(leaf, 1), 0);
	assert_int_equal(hyperv_offered(leaf, 2), all & ~(of_advice | of_nested));
	assert_int_equal(hyperv_offered(leaf, 3), all & ~of_nested);
	leaf[3].eax = ~(1U << 19);
	assert_int_equal(hyperv_offered(leaf, 4), all & ~(1U << HV_EMSR_BITMAP));
	leaf[1].eax = ~(1U << 2);
	assert_int_equal(hyperv_offered(leaf, 3), all & ~(of_nested | 1U << HV_SYNIC));
	leaf[1].eax = ~(1U << 9);
	assert_int_equal(hyperv_offered(leaf, 3), all & ~(of_nested | 1U << HV_TIME));
	leaf[1].eax = ~0U;
	leaf[1].edx = ~(1U << 8 | 1U << 14);
	assert_int_equal(hyperv_offered(leaf, 3),
			 all & ~(of_nested | 1U << HV_FREQUENCIES | 1U << HV_TLBFLUSH_EXT));
	leaf[1].edx = ~0U;
	leaf[2].eax = ~(1U << 11);
	assert_int_equal(hyperv_offered(leaf, 3),
			 all & ~(of_nested | 1U << HV_TLBFLUSH | 1U << HV_IPI));
}

/* In another tree, and where KVM does not answer, nothing is known. */
static void enlightenments_unknown(void **state)
{
	own_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct kvm_facts kvm = {0};

	(void)state;
	assert_true(null >= 0);
	hyperv_collect(&kvm, null);
	assert_false(kvm.hyperv_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(intel_laptop),
		in_tree(amd_laptop_without_online_list),
		in_tree(who_may_use_io_uring),
		cmocka_unit_test(io_uring_behind_a_filter),
		in_tree(ports_that_anybody_may_have),
		in_tree(taps_and_whose_they_are),
		in_tree(node_without_virtualisation),
		in_tree(virtualisation_without_node),
		in_tree(empty_tree_is_no_error),
		in_tree(machine_id_of_an_image_is_none),
		in_tree(online_lists),
		cmocka_unit_test(every_state_but_usable_has_a_reason),
		cmocka_unit_test(this_machine),
		cmocka_unit_test(enlightenments),
		cmocka_unit_test(enlightenments_unknown),
	};

	return cmocka_run_group_tests_name("host facts", tests, NULL, NULL);
}
