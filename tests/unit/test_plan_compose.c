/* Composing from hand-made facts: what is in the command line, what is refused, what is noted. */
#include "plan_frame.h"

/* ------------------------------------------------------------------ the frame */

static void what_every_machine_has(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "");

	(void)state;
	has(plan, "-name", "guest=p,debug-threads=on");
	assert_non_null(find(plan, "-nodefaults", NULL));
	assert_non_null(find(plan, "-no-user-config", NULL));
	assert_non_null(find(plan, "-S", NULL));
	has(plan, "-sandbox",
	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	has(plan, "-display", "none");
	has(plan, "-chardev", "socket,id=monitor,fd=3,server=on,wait=off");
	has(plan, "-mon", "chardev=monitor,mode=control");
	has(plan, "-chardev", "socket,id=tools,fd=4,server=on,wait=off");
	has(plan, "-mon", "chardev=tools,mode=control");
	assert_int_equal(plan->fds, 2);
	assert_string_equal(plan->fd[0].path, "/run/user/1/vmlaunch/p/monitor.sock");
	assert_string_equal(plan->fd[1].path, "/run/user/1/vmlaunch/p/qmp.sock");
	assert_string_equal(plan->log, "/home/u/.local/state/vmlaunch/p/qemu.log");
	lacks(plan, "-no-reboot", NULL);
	lacks(plan, "-daemonize", NULL);
	notes_are(plan, "");
}

static void causes(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "[vm]\nmemory = 2G\n[network lan]\n");
	const struct argument *memory = find(plan, "-m", NULL), *smp = find(plan, "-smp", NULL);
	const struct argument *net = find(plan, "-netdev", NULL);

	(void)state;
	assert_string_equal(memory->cause.key, "vm.memory");
	assert_string_equal(memory->cause.at, "p.ini:2:10");
	assert_string_equal(smp->cause.at, "default");
	assert_string_equal(smp->cause.why, "half of the host's processors");
	/* What the profile leaves out is caused by the section's header. */
	assert_string_equal(net->cause.key, "network lan.mode");
	assert_string_equal(net->cause.at, "p.ini:3:1");
}

static void arguments_and_environment_of_the_profile(void **state)
{
	struct world w = world();
	own_plan struct plan *plan =
		planned(&w, "[qemu]\narg = -global\narg = a.b=c,d\nenv = A=b c\nenv = B=\n");
	size_t n;
	const char **argv = plan_argv(plan, &n);

	(void)state;
	assert_string_equal(argv[0], "/usr/bin/qemu-system-x86_64");
	assert_string_equal(argv[n - 2], "-global"); /* behind all others */
	assert_string_equal(argv[n - 1], "a.b=c,d"); /* and as they are */
	assert_null(argv[n]);
	free(argv);
	assert_int_equal(plan->envs, 2);
	assert_string_equal(plan->env[0], "A=b c");
	assert_string_equal(plan->env[1], "B=");
}

static void a_socket_has_107_bytes(void **state)
{
	struct world w = world();
	char dir[108], want[600];
	own_plan struct plan *plan = NULL;

	(void)state;
	/* DIR/p/monitor.sock: 15 bytes behind DIR. */
	memset(dir, 'd', sizeof(dir));
	dir[0] = '/';
	dir[107 - 15] = '\0';
	w.dirs.runtime = dir;
	plan = planned(&w, "");
	assert_int_equal(strlen(plan->fd[0].path), 107);
	dir[107 - 15] = 'd';
	dir[108 - 15] = '\0';
	snprintf(want, sizeof(want),
		 "the socket's path %s/p/monitor.sock has 108 bytes, of which a socket may have "
		 "107: choose a shorter vm.name, or set XDG_RUNTIME_DIR to a shorter directory of "
		 "yours\n",
		 dir);
	refused(&w, "", ERROR_HOST, want);
}

static void the_times_of_the_way_down(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "[shutdown]\nquit = 3m\nkill = 1\n");

	(void)state;
	assert_int_equal(plan->times.again, 30000);
	assert_int_equal(plan->times.force_within, 3000);
	assert_int_equal(plan->times.quit, 180000);
	assert_int_equal(plan->times.terminate, 10000);
	assert_int_equal(plan->times.kill, 1000);
}

/* ------------------------------------------------------------------ the board */

static void record_is(const struct plan *plan, const char *version)
{
	for (size_t i = 0; i < plan->prepares; i++) {
		if (plan->prepare[i].kind != PREPARE_RECORD)
			continue;
		assert_non_null(version);
		assert_string_equal(plan->prepare[i].source, version);
		assert_string_equal(plan->prepare[i].path,
				    "/home/u/.local/state/vmlaunch/p/machine");
		return;
	}
	assert_null(version);
}

/* By what the QEMU offers, and not by its version. */
static void what_a_newer_qemu_offers(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL;

	(void)state;
	w.facts.qemu.offers[QEMU_OBJECTS] = (struct qemu_names){(char **)OBJECTS, 2};
	w.facts.qemu.offers[QEMU_OPTIONS].n = 0;
	plan = planned(&w, "");
	has(plan, "-name", "guest=p");
	has(plan, "-object", "monitor-qmp,id=monitor,chardev=monitor");
	has(plan, "-object", "monitor-qmp,id=tools,chardev=tools");
	lacks(plan, "-mon", NULL);
}

static void the_newest_machine_is_recorded(void **state)
{
	struct world w = world();
	own_plan struct plan *first = planned(&w, ""), *again = NULL, *named = NULL;

	(void)state;
	assert_non_null(find(first, "-machine", "pc-q35-7.2,"));
	record_is(first, "pc-q35-7.2");
	w.in.recorded_machine = "pc-q35-6.1";
	again = planned(&w, "");
	assert_non_null(find(again, "-machine", "pc-q35-6.1,"));
	record_is(again, NULL);
	named = planned(&w, "[vm]\nmachine = pc-q35-7.2\n");
	assert_non_null(find(named, "-machine", "pc-q35-7.2,"));
}

static void machines_that_are_not_there(void **state)
{
	static char *const none[] = {S("microvm")};
	struct world w = world();

	(void)state;
	refused(&w, "[vm]\nmachine = pc-q35-9.0\n", ERROR_HOST,
		"p.ini:2:11: vm.machine is pc-q35-9.0, which QEMU 7.2.22 is too old for (its "
		"newest "
		"is pc-q35-7.2): install a newer QEMU, or give an older version\n");
	w.in.recorded_machine = "pc-q35-8.0";
	refused(&w, "", ERROR_HOST,
		"this machine's recorded version is pc-q35-8.0, which QEMU 7.2.22 is too old for "
		"(its newest is pc-q35-7.2): install the newer QEMU again, or go back to older "
		"hardware with 'vmlaunch machine p --raise pc-q35-7.2'\n");
	w.in.recorded_machine = NULL;
	w.facts.qemu.offers[QEMU_MACHINES] = (struct qemu_names){(char **)none, 1};
	refused(&w, "", ERROR_HOST, "/usr/bin/qemu-system-x86_64 offers no pc-q35 machine\n");
}

static void windows_gets_its_clock(void **state)
{
	struct world w = world();
	own_plan struct plan *windows = planned(&w, "[vm]\nguest = windows\n");
	own_plan struct plan *other = planned(&w, "");

	(void)state;
	has(windows, "-rtc", "base=localtime,driftfix=slew");
	assert_non_null(strstr(find(windows, "-machine", NULL)->value, ",hpet=off"));
	has(other, "-rtc", "base=utc,driftfix=slew");
	assert_null(strstr(find(other, "-machine", NULL)->value, "hpet"));
}

static void kvm_or_not(void **state)
{
	struct world w = world();
	own_plan struct plan *kvm = planned(&w, ""), *tcg = NULL, *named = NULL;

	(void)state;
	has(kvm, "-accel", "kvm");
	has(kvm, "-cpu", "host");
	assert_true(kvm->kvm);
	w.facts.kvm = (struct kvm_facts){KVM_NO_EXTENSION, 0};
	tcg = planned(&w, "");
	has(tcg, "-accel", "tcg");
	has(tcg, "-cpu", "max");
	assert_false(tcg->kvm);
	assert_int_equal(tcg->notes, 1);
	assert_true(text_starts(tcg->note[0],
				"emulation (TCG), many times slower than KVM: the processor "
				"has neither vmx nor svm here: "));
	named = planned(&w, "[cpu]\nmodel = Skylake-Client-v1\naccel = tcg\n");
	has(named, "-cpu", "Skylake-Client-v1");
	notes_are(named, "emulation (TCG), many times slower than KVM: the profile says so\n");
}

static const char *uuid(const struct plan *plan)
{
	return find(plan, "-uuid", NULL)->value;
}

static void the_identity_stays(void **state)
{
	struct world w = world();
	own_plan struct plan *a = planned(&w, "[vm]\nmemory = 1G\n"), *b = planned(&w, "");
	own_plan struct plan *renamed = planned(&w, "[vm]\nname = q\n"), *moved = NULL,
			     *given = NULL;

	(void)state;
	assert_string_equal(uuid(a), uuid(b));
	/* Changing the rule would change everybody's hardware: these are the values for ever. */
	assert_string_equal(uuid(a), "6e0da7fd-1e67-8880-b820-29ef24e39759");
	assert_int_equal(uuid(a)[14], '8');
	assert_non_null(strchr("89ab", uuid(a)[19]));
	assert_string_not_equal(uuid(renamed), uuid(a));
	w.facts.machine_id = S("fedcba9876543210fedcba9876543210");
	moved = planned(&w, "");
	assert_string_not_equal(uuid(moved), uuid(a));
	given = planned(&w, "[vm]\nuuid = 6BA7B810-9dad-11d1-80b4-00c04fd430c8\n");
	assert_string_equal(uuid(given), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
}

/* ------------------------------------------------------------------ processors, memory */

static void topology(void **state)
{
	struct world w = world();
	own_plan struct plan *half = planned(&w, "");
	own_plan struct plan *threads = planned(&w, "[cpu]\nthreads = 2\n");
	own_plan struct plan *given = planned(&w, "[cpu]\ncores = 5\nthreads = 2\n");
	own_plan struct plan *one = NULL;

	(void)state;
	has(half, "-smp", "cpus=4,sockets=1,cores=4,threads=1");
	has(threads, "-smp", "cpus=4,sockets=1,cores=2,threads=2");
	has(given, "-smp", "cpus=10,sockets=1,cores=5,threads=2");
	notes_are(given, "10 virtual processors on a host that has 8\n");
	w.facts.cpu.online = 1;
	one = planned(&w, "");
	has(one, "-smp", "cpus=1,sockets=1,cores=1,threads=1");
}

static void memory_sizes(void **state)
{
	struct world w = world();
	own_plan struct plan *fits = planned(&w, "[vm]\nmemory = 24G\n");
	own_plan struct plan *tight = planned(&w, "[vm]\nmemory = 25G\n"), *blind = NULL;

	(void)state;
	has(fits, "-m", "size=24576M");
	assert_non_null(strstr(find(fits, "-object", NULL)->value, "size=25769803776"));
	notes_are(fits, "");
	notes_are(tight, "the guest may use 25600M, of which the host has 24576M free now\n");
	refused(&w, "[vm]\nmemory = 32G\n", ERROR_HOST,
		"p.ini:2:10: vm.memory: 32768M, but this host has 32768M in all\n");
	w.facts.memory = (struct memory_facts){0}; /* unreadable */
	blind = planned(&w, "[vm]\nmemory = 100G\n");
	notes_are(blind, "");
}

/* ------------------------------------------------------------------ firmware */

static void uefi(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "");
	const char *machine = find(plan, "-machine", NULL)->value;

	(void)state;
	has(plan, "-blockdev",
	    "driver=raw,node-name=firmware-code,read-only=on,file.driver=file,"
	    "file.filename=/fw/CODE.fd");
	has(plan, "-blockdev",
	    "driver=raw,node-name=firmware-vars,read-only=off,file.driver=file,"
	    "file.filename=/home/u/.local/state/vmlaunch/p/vars.fd");
	assert_non_null(strstr(machine, ",smm=off,"));
	assert_non_null(strstr(machine, ",pflash0=firmware-code,pflash1=firmware-vars"));
	lacks(plan, "-global", "driver=cfi.pflash01");
	assert_int_equal(plan->prepare[0].kind, PREPARE_VARS);
	assert_string_equal(plan->prepare[0].source, "/fw/VARS.fd");
	assert_string_equal(
		find(plan, "-blockdev", "driver=raw,node-name=firmware-code")->cause.why,
		"by /usr/share/qemu/firmware/60-plain.json");
}

static void secure_boot(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "[firmware]\nsecure-boot = yes\n");

	(void)state;
	assert_non_null(find(plan, "-blockdev",
			     "driver=raw,node-name=firmware-code,read-only=on,file.driver=file,"
			     "file.filename=/fw/CODE.ms.fd"));
	assert_non_null(strstr(find(plan, "-machine", NULL)->value, ",smm=on,"));
	has(plan, "-global", "driver=cfi.pflash01,property=secure,value=on");
	assert_string_equal(plan->prepare[0].source, "/fw/VARS.ms.fd");
}

static void seabios(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL;

	(void)state;
	w.firmware.n = 0;
	plan = planned(&w, "[firmware]\nuefi = no\n");
	lacks(plan, "-blockdev", NULL);
	assert_null(strstr(find(plan, "-machine", NULL)->value, "pflash"));
	assert_int_equal(plan->prepares, 1); /* the machine's record alone */
}

static void firmware_of_the_profile(void **state)
{
	struct world w = world();
	own_free char *text = NULL;
	own_plan struct plan *plan = NULL;

	put(state, "c,d.qcow2", "");
	put(state, "v.qcow2", "");
	text = xasprintf("[firmware]\ncode = %s/c,d.qcow2\nvars = %s/v.qcow2\nreset-vars = yes\n",
			 (char *)*state, (char *)*state);
	w.firmware.n = 0;
	plan = planned(&w, text);
	assert_non_null(
		strstr(find(plan, "-blockdev", "driver=qcow2,node-name=firmware-code")->value,
		       "/c,,d.qcow2"));
	assert_int_equal(plan->prepare[0].kind, PREPARE_VARS_RESET);
	assert_string_equal(plan->prepare[0].path, "/home/u/.local/state/vmlaunch/p/vars.qcow2");
}

static void no_firmware(void **state)
{
	struct world w = world();

	(void)state;
	w.firmware.n = 0;
	refused(&w, "[firmware]\nsecure-boot = yes\n", ERROR_HOST,
		"p.ini:2:15: no UEFI firmware with Secure Boot is installed: install OVMF, the "
		"guests' UEFI firmware (ovmf on Debian and Ubuntu; edk2-ovmf on Fedora, Arch; "
		"qemu-ovmf-x86_64 on openSUSE; sys-firmware/edk2 on Gentoo; OVMF on NixOS), or "
		"name the files with firmware.code and firmware.vars\n");
	w.firmware.distribution = DISTRIBUTION_FEDORA;
	refused(&w, "[firmware]\nsecure-boot = yes\n", ERROR_HOST,
		"p.ini:2:15: no UEFI firmware with Secure Boot is installed: install OVMF, the "
		"guests' UEFI firmware (sudo dnf install edk2-ovmf), or name the files with "
		"firmware.code and firmware.vars\n");
}

/* ------------------------------------------------------------------ the probe */

static void the_probe(void **state)
{
	struct world w = world();
	own_free char *text = NULL;
	own_plan struct plan *plan = NULL;

	put(state, "a.img", "");
	text = xasprintf("[disk a]\npath = %s/a.img\n[network lan]\n[boot]\nkernel = %s/a.img\n"
			 "append = quiet\n[firmware]\nsecure-boot = yes\n[console]\n"
			 "serial = terminal\n",
			 (char *)*state, (char *)*state);
	w.in.purpose = PURPOSE_PROBE;
	w.in.probe_program = "/lib/probe, 1.efi";
	w.in.probe_parameters = "report=people";
	plan = planned(&w, text);
	assert_string_equal(plan->instance, "p.probe");
	assert_string_equal(plan->runtime_dir, "/run/user/1/vmlaunch/p.probe");
	assert_string_equal(plan->log, "/home/u/.local/state/vmlaunch/p/probe.log");
	has(plan, "-kernel", "/lib/probe, 1.efi");
	has(plan, "-append", "report=people");
	assert_non_null(find(plan, "-no-reboot", NULL));
	lacks(plan, "-device", "virtio-blk-pci");
	lacks(plan, "-device", "isa-serial");
	assert_non_null(find(plan, "-device", "virtio-net-pci"));
	assert_int_equal(plan->debug, TARGET_TERMINAL);
	/* Un-enrolled variables, in a scratch copy; nothing recorded. */
	assert_int_equal(plan->prepares, 1);
	assert_int_equal(plan->prepare[0].kind, PREPARE_VARS_SCRATCH);
	assert_string_equal(plan->prepare[0].source, "/fw/VARS.fd");
	assert_string_equal(plan->prepare[0].path, "/run/user/1/vmlaunch/p.probe/vars.fd");
	assert_int_equal(plan->notes, 1);
}

static void a_probe_that_cannot_be(void **state)
{
	struct world w = world();

	(void)state;
	w.in.purpose = PURPOSE_PROBE;
	w.in.probe_program = "/p.efi";
	w.in.probe_parameters = "";
	refused(&w, "[firmware]\nuefi = no\n", ERROR_USAGE,
		"p.ini:2:8: the probe is a UEFI program, and firmware.uefi = no\n");
	w.firmware.n = 1; /* only the enrolled one */
	refused(&w, "[firmware]\nsecure-boot = yes\n", ERROR_HOST,
		"p.ini:2:15: the probe is not signed, and there is no un-enrolled variable store "
		"that fits /fw/CODE.ms.fd\n");
}

/* ------------------------------------------------------------------ all at once, and in words */

static void all_refusals_in_one_run(void **state)
{
	struct world w = world();
	own_free char *want = NULL;

	(void)state;
	w.firmware.n = 0;
	w.facts.kvm = (struct kvm_facts){KVM_NO_NODE, 2};
	w.firmware.distribution = DISTRIBUTION_ARCH;
	want = xasprintf("p.ini:3:11: vm.machine is pc-q35-9.9, which QEMU 7.2.22 is too old for "
			 "(its newest is pc-q35-7.2): install a newer QEMU, or give an older "
			 "version\n"
			 "no UEFI firmware without Secure Boot is installed: install OVMF, the "
			 "guests' UEFI firmware (sudo pacman -S edk2-ovmf), or name the files with "
			 "firmware.code and firmware.vars\n"
			 "p.ini:5:9: cpu.accel = kvm, but %s\n"
			 "p.ini:2:10: vm.memory: 65536M, but this host has 32768M in all\n",
			 kvm_reason(&w.facts.kvm));
	refused(&w, "[vm]\nmemory = 64G\nmachine = pc-q35-9.9\n[cpu]\naccel = kvm\n", ERROR_HOST,
		want);
}

static void lines(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "[qemu]\narg = \"a\\nb\"\n");
	own_free char *by_line = NULL, *by_nul = NULL;
	size_t n, nul;

	(void)state;
	by_line = plan_lines(plan, '\n', &n);
	by_nul = plan_lines(plan, '\0', &nul);
	assert_int_equal(n, nul);
	assert_true(text_starts(by_line, "/usr/bin/qemu-system-x86_64\n-name\nguest=p,"));
	assert_true(text_ends(by_line, "\na\nb\n"));
	assert_memory_equal(by_nul + nul - 5, "\0a\nb", 5);
	assert_string_equal(by_nul + strlen(by_nul) + 1, "-name");
}

static void words_for_a_shell(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(
		&w, "[qemu]\narg = plain,1=2\narg = a b\narg = it's\narg = \"\"\narg = \xc3\xa4\n"
		    "arg = \"x'\\\\\\n\\xff\xc3\xa4\"\narg = \"\\xc2\\x9b\"\n");
	own_free char *text = plan_text(plan);

	(void)state;
	assert_non_null(strstr(text, "\n    plain,1=2\n"));
	assert_non_null(strstr(text, "\n    'a b'\n"));
	assert_non_null(strstr(text, "\n    'it'\\''s'\n"));
	assert_non_null(strstr(text, "\n    ''\n"));
	assert_non_null(strstr(text, "\n    '\xc3\xa4'\n"));
	assert_non_null(strstr(text, "\n    $'x\\'\\\\\\x0a\\xff\\xc3\\xa4'\n"));
	assert_non_null(strstr(text, "\n    $'\\xc2\\x9b'\n"));
	/* The text has no byte that a terminal could take for an order. */
	for (char *c = text; *c; c++)
		*c = *c == '\n' ? ' ' : *c;
	assert_true(text_is_printable(text));
}

static void json_says_when_it_is_not_exact(void **state)
{
	struct world w = world();
	own_plan struct plan *exact = planned(&w, "[qemu]\narg = \"\\n\xc3\xa4\"\n");
	own_plan struct plan *broken = planned(&w, "[qemu]\narg = \"a\\xff\"\n");
	own_free char *one = plan_json(exact), *two = plan_json(broken);

	(void)state;
	assert_non_null(strstr(one, "\"exact\":true"));
	assert_non_null(strstr(one, "\"\\n\xc3\xa4\""));
	assert_non_null(strstr(two, "\"exact\":false"));
	assert_non_null(strstr(two, "\"a\xef\xbf\xbd\""));
	assert_non_null(strstr(one, "\"version\":1"));
}

static void freeing_nothing(void **state)
{
	(void)state;
	plan_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_every_machine_has),
		cmocka_unit_test(causes),
		cmocka_unit_test(arguments_and_environment_of_the_profile),
		cmocka_unit_test(a_socket_has_107_bytes),
		cmocka_unit_test(the_times_of_the_way_down),
		cmocka_unit_test(what_a_newer_qemu_offers),
		cmocka_unit_test(the_newest_machine_is_recorded),
		cmocka_unit_test(machines_that_are_not_there),
		cmocka_unit_test(windows_gets_its_clock),
		cmocka_unit_test(kvm_or_not),
		cmocka_unit_test(the_identity_stays),
		cmocka_unit_test(topology),
		cmocka_unit_test(memory_sizes),
		cmocka_unit_test(uefi),
		cmocka_unit_test(secure_boot),
		cmocka_unit_test(seabios),
		in_scratch(firmware_of_the_profile),
		cmocka_unit_test(no_firmware),
		in_scratch(the_probe),
		cmocka_unit_test(a_probe_that_cannot_be),
		cmocka_unit_test(all_refusals_in_one_run),
		cmocka_unit_test(lines),
		cmocka_unit_test(words_for_a_shell),
		cmocka_unit_test(json_says_when_it_is_not_exact),
		cmocka_unit_test(freeing_nothing),
	};

	return cmocka_run_group_tests_name("plan_compose", tests, NULL, NULL);
}
