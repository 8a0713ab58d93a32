/* What /proc tells of a process and of a function's interrupts; a thread's name may look like
 * anything.
 */
#include "host_tree.h"

#include "host/interrupts.h"
#include "host/threads.h"
#include "host/traffic.h"

#define STAT(id, name)                                                                          \
#id " (" name ") S 1 " #id " 7 0 -1 4194560 100 0 0 0 250 31 0 0 20 0 3 0 99 1000 200 " \
	    "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 -1 5 0 0 0 0 0 0 0 0 0 0 0 0 0\n"

static void threads(void **state)
{
	own_thread_list struct thread_list list = {0};
	const struct thread *thread;

	put(state, "proc/70/task/70/stat", STAT(70, "qemu) R 9 9 ("));
	put(state, "proc/70/task/70/status", "Name:\tx\nCpus_allowed_list:\t0-3,8\nMems:\t0\n");
	put(state, "proc/70/task/70/schedstat", "2812345678 4500000 77\n");
	put(state, "proc/70/task/9/stat", STAT(9, "CPU 0/KVM"));
	put(state, "proc/70/task/71/stat", "half");
	tree_root(root);
	threads_read(&list, &root, 70);
	assert_int_equal(list.n, 2);
	thread = threads_find(&list, 70);
	assert_string_equal(thread->name, "qemu) R 9 9 (");
	assert_int_equal(thread->state, 'S');
	assert_int_equal(thread->used_ms, 2810000 / 1000);
	assert_int_equal(thread->waited_ms, 4);
	assert_int_equal(thread->processor, 5);
	assert_string_equal(thread->may, "0-3,8");
	thread = threads_find(&list, 9);
	assert_string_equal(thread->name, "CPU 0/KVM");
	assert_int_equal(thread->waited_ms, -1);
	assert_string_equal(thread->may, "");
	assert_null(threads_find(&list, 71));
}

static void no_process(void **state)
{
	own_thread_list struct thread_list list = {0};
	struct process_use use = {1, 1, 1, 1};
	tree_root(root);

	threads_read(&list, &root, 70);
	assert_int_equal(list.n, 0);
	process_use_read(&use, &root, 70);
	assert_int_equal(use.used_ms + use.resident_kb + use.huge_kb + use.swap_kb, 0);
}

static void whole_process(void **state)
{
	struct process_use use;

	put(state, "proc/70/stat", STAT(70, "x"));
	put(state, "proc/70/status",
	    "VmHWM:\t  900 kB\nVmRSS:\t    345 kB\nVmSwap:\t  12 kB\nHugetlbPages:\t 4096 kB\n");
	tree_root(root);
	process_use_read(&use, &root, 70);
	assert_int_equal(use.used_ms, 2810);
	assert_int_equal(use.resident_kb, 345);
	assert_int_equal(use.huge_kb, 4096);
	assert_int_equal(use.swap_kb, 12);
}

/* Two queues of one interface, and something else. */
static void traffic_of_taps(void **state)
{
	struct traffic traffic;

	link_to(state, "proc/70/fd/5", "/dev/net/tun");
	link_to(state, "proc/70/fd/6", "/dev/net/tun");
	link_to(state, "proc/70/fd/7", "/dev/null");
	link_to(state, "proc/71/fd/7", "/dev/null");
	put(state, "proc/70/fdinfo/5", "pos:\t0\nflags:\t02104002\niff:\tvmtap0\n");
	put(state, "proc/70/fdinfo/6", "pos:\t0\nflags:\t02104002\niff:\tvmtap0\n");
	put(state, "proc/70/fdinfo/7", "pos:\t0\niff:\tother\n");
	put(state, "sys/class/net/vmtap0/statistics/tx_bytes", "1000\n");
	put(state, "sys/class/net/vmtap0/statistics/rx_bytes", "20\n");
	put(state, "sys/class/net/other/statistics/rx_bytes", "7\n");
	tree_root(root);
	traffic = traffic_of(&root, 70);
	assert_int_equal(traffic.to_guest, 1000);
	assert_int_equal(traffic.from_guest, 20);
	traffic = traffic_of(&root, 71);
	assert_int_equal(traffic.to_guest, -1);
}

static void interrupts_of_a_function(void **state)
{
	own_interrupt_list struct interrupt_list list = {0};

	put(state, "proc/interrupts",
	    "           CPU0       CPU1\n"
	    "  9:          5          6   IO-APIC   9-fasteoi   acpi\n"
	    "150:         12 4294967295  IR-PCI-MSIX-0000:01:00.0    0-edge      vfio-msix[0](0000:01:00.0)\n"
	    "151:          0          0  IR-PCI-MSIX-0000:01:00.0    1-edge      vfio-msix[1](0000:01:00.0)\n"
	    "152:          1          1  IR-PCI-MSI-0000:01:00.1    0-edge      vfio-msi[0](0000:01:00.1)\n"
	    "153:          1          1  IR-PCI-MSIX-0000:01:00.0    0-edge      nvidia\n"
	    " 16:          4          0   IO-APIC  16-fasteoi   vfio-intx(0000:02:00.0), vfio-intx(0000:01:00.2)\n"
	    "NMI:          0          0   Non-maskable interrupts\n");
	put(state, "proc/irq/150/effective_affinity_list", "3\n");
	tree_root(root);
	interrupts_read(&list, &root, "0000:01:00.0");
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].number, "150");
	assert_string_equal(list.v[0].name, "vfio-msix[0](0000:01:00.0)");
	assert_true(list.v[0].count == 4294967307);
	assert_string_equal(list.v[0].on, "3");
	assert_string_equal(list.v[1].on, "");
	assert_ptr_equal(interrupts_find(&list, "151"), &list.v[1]);
	assert_null(interrupts_find(&list, "15"));
	interrupts_free(&list);
	interrupts_read(&list, &root, "0000:02:00.0");
	assert_int_equal(list.n, 1);
	assert_string_equal(list.v[0].name, "vfio-intx(0000:02:00.0)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(threads),
		in_scratch(no_process),
		in_scratch(whole_process),
		in_scratch(traffic_of_taps),
		in_scratch(interrupts_of_a_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
