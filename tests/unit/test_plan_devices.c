/* Composing disks, networks, what is booted and consoles from hand-made facts. */
#include "plan_frame.h"

static void disks(void **state)
{
	struct world w = world();
	own_free char *text = NULL, *block = in_dir(state, "block"), *node = NULL;
	own_plan struct plan *plan = NULL;
	const struct plan_block blocks[] = {{.path = block, .accessible = true}};

	put(state, "a, b.qcow2", "");
	put(state, "block", "");
	put(state, "x.iso", "");
	text = xasprintf("[disk sys]\npath = \"%1$s/a, b.qcow2\"\n"
			 "[disk data]\npath = %1$s/block\nread-only = yes\n"
			 "[disk off]\npath = %1$s/none\nenabled = no\n"
			 "[disk iso]\npath = %1$s/x.iso\nmedia = cdrom\n"
			 "[disk odd]\npath = %1$s/x.iso\nformat = qcow2\nmedia = cdrom\n",
			 (char *)*state);
	w.in.block = blocks;
	w.in.blocks = 1;
	plan = planned(&w, text);
	node = xasprintf("driver=qcow2,node-name=disk-sys,read-only=off,file.driver=file,"
			 "file.filename=%s/a,, b.qcow2",
			 (char *)*state);
	has(plan, "-blockdev", node);
	has(plan, "-device",
	    "virtio-blk-pci,id=disk-sys,bus=port10,addr=00.0,drive=disk-sys,bootindex=1");
	assert_non_null(
		find(plan, "-blockdev",
		     "driver=raw,node-name=disk-data,read-only=on,file.driver=host_device,"));
	lacks(plan, "-blockdev", "driver=raw,node-name=disk-off");
	assert_non_null(find(plan, "-blockdev", "driver=raw,node-name=disk-iso,read-only=on,"));
	has(plan, "-device", "ide-cd,id=disk-iso,bus=ide.0,drive=disk-iso,bootindex=3");
	has(plan, "-device", "ide-cd,id=disk-odd,bus=ide.1,drive=disk-odd,bootindex=4");
	assert_non_null(find(plan, "-blockdev", "driver=qcow2,node-name=disk-odd,read-only=on,"));
}

/* The text of the steps, a line each. */
static char *steps(const struct plan *plan)
{
	struct buf out = {0};

	for (size_t i = 0; i < plan->steps; i++)
		for (size_t k = 0; k < plan->step[i].lines; k++)
			buf_addf(&out, "%s\n", plan->step[i].line[k]);
	return buf_steal(&out);
}

static void a_block_device_is_granted(void **state)
{
	struct world w = world();
	own_free char *path = in_dir(state, "a b"), *text = NULL, *want = NULL, *got = NULL;
	own_free char *none = NULL;
	struct plan_block block = {.path = path, .major = 259, .minor = 7};
	own_plan struct plan *granted = NULL, *open = NULL;

	put(state, "a b", "");
	text = xasprintf("[disk]\npath = %s\n", path);
	w.in.block = &block;
	w.in.blocks = 1;
	granted = planned(&w, text);
	assert_int_equal(granted->steps, 1);
	assert_int_equal(granted->step[0].intent.kind, STEP_GRANT);
	assert_int_equal(granted->step[0].intent.grant.node, NODE_BLOCK);
	assert_int_equal(granted->step[0].intent.grant.a, 259);
	assert_int_equal(granted->step[0].intent.grant.b, 7);
	want = xasprintf("setfacl -m u:$USER:rw '%s'\n", path);
	got = steps(granted);
	assert_string_equal(got, want);
	block.accessible = true;
	open = planned(&w, text);
	none = steps(open);
	assert_string_equal(none, "");
}

static void ports_have_places_of_their_own(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL;
	own_buf struct buf text = {0};

	(void)state;
	for (int i = 0; i < 39; i++)
		buf_addf(&text, "[network n%d]\n", i);
	plan = planned(&w, text.data);
	assert_int_equal(count(plan, "-device", "pcie-root-port,"), 40);
	has(plan, "-device",
	    "pcie-root-port,id=port10,bus=pcie.0,addr=02.0,chassis=16,port=16,multifunction=on");
	has(plan, "-device", "pcie-root-port,id=port11,bus=pcie.0,addr=02.1,chassis=17,port=17");
	has(plan, "-device",
	    "pcie-root-port,id=port18,bus=pcie.0,addr=03.0,chassis=24,port=24,multifunction=on");
	has(plan, "-device", "pcie-root-port,id=port37,bus=pcie.0,addr=06.7,chassis=55,port=55");
	buf_adds(&text, "[network more]\n[network still]\n");
	refused(&w, text.data, ERROR_USAGE,
		"p.ini:41:1: network still: more devices than the machine has root ports for (40)\n"
		"USB: more devices than the machine has root ports for (40)\n");
}

static void six_cdroms(void **state)
{
	struct world w = world();
	own_buf struct buf text = {0};
	own_plan struct plan *plan = NULL;

	put(state, "x.iso", "");
	for (int i = 0; i < 6; i++)
		buf_addf(&text, "[disk c%d]\nmedia = cdrom\npath = %s/x.iso\n", i, (char *)*state);
	plan = planned(&w, text.data);
	assert_non_null(find(plan, "-device", "ide-cd,id=disk-c5,bus=ide.5,"));
	buf_addf(&text, "[disk c6]\nmedia = cdrom\npath = %s/x.iso\n", (char *)*state);
	refused(&w, text.data, ERROR_USAGE, "p.ini:19:1: more than 6 SATA drives\n");
}

static void networks(void **state)
{
	struct world w = world();
	own_plan struct plan *plan =
		planned(&w, "[network]\n[network b]\nmodel = e1000e\nmac = 52:54:00:AA:bb:cc\n"
			    "[network c]\nmode = none\n[network d]\nenabled = no\n");
	own_plan struct plan *again = planned(&w, "[network]\n[network b]\n");
	const char *first = find(plan, "-device", "virtio-net-pci,id=network,")->value;

	(void)state;
	has(plan, "-netdev", "user,id=network");
	has(plan, "-netdev", "user,id=network-b");
	has(plan, "-device",
	    "e1000e,id=network-b,bus=port11,addr=00.0,netdev=network-b,mac=52:54:00:aa:bb:cc,"
	    "romfile=");
	assert_int_equal(count(plan, "-netdev", ""), 2);
	/* From the names and the machine-id, for ever. */
	assert_string_equal(first, "virtio-net-pci,id=network,bus=port10,addr=00.0,netdev=network,"
				   "mac=52:54:00:ef:9c:38,romfile=");
	assert_string_equal(first, find(again, "-device", "virtio-net-pci,id=network,")->value);
	assert_null(strstr(find(again, "-device", "virtio-net-pci,id=network-b,")->value,
			   "mac=52:54:00:ef:9c:38"));
}

static void boot_order(void **state)
{
	static const char rest[] = "[network n]\n[network m]\nmode = none\n[network o]\n";
	struct world w = world();
	own_free char *text =
		xasprintf("[boot]\norder = network/o network/n\nmenu = yes\n%s", rest);
	own_plan struct plan *plan = planned(&w, text), *automatic = planned(&w, rest);

	(void)state;
	has(plan, "-boot", "strict=on,menu=on");
	assert_non_null(strstr(find(plan, "-device", "virtio-net-pci,id=network-o")->value,
			       ",bootindex=1"));
	assert_non_null(strstr(find(plan, "-device", "virtio-net-pci,id=network-n")->value,
			       ",bootindex=2"));
	assert_null(strstr(find(plan, "-device", "virtio-net-pci,id=network-n")->value, "romfile"));
	assert_null(strstr(find(automatic, "-device", "virtio-net-pci,id=network-n")->value,
			   "bootindex"));
}

/* What the order leaves out is not booted from, and has no program for that. */
static void left_out_of_the_order(void **state)
{
	struct world w = world();
	own_plan struct plan *plan =
		planned(&w, "[boot]\norder = network/o\n[network n]\n[network o]\n");

	(void)state;
	assert_null(
		strstr(find(plan, "-device", "virtio-net-pci,id=network-n")->value, "bootindex"));
	assert_non_null(
		strstr(find(plan, "-device", "virtio-net-pci,id=network-n")->value, ",romfile="));
}

/* With no boot index anywhere UEFI firmware tries all that it finds: it is told to find no network.
 */
static void nothing_to_boot_from(void **state)
{
	struct world w = world();
	own_free char *disk = NULL;
	own_plan struct plan *none = planned(&w, "[network n]\n"),
			     *network = planned(&w, "[boot]\norder = network/n\n[network n]\n"),
			     *seabios = planned(&w, "[firmware]\nuefi = no\n[network n]\n"),
			     *alone = planned(&w, "[network n]\nmode = none\n"), *with_disk = NULL;

	put(state, "x.iso", "");
	disk = xasprintf("[network n]\n[disk d]\npath = %s/x.iso\n", (char *)*state);
	with_disk = planned(&w, disk);
	has(none, "-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n");
	assert_int_equal(count(none, "-fw_cfg", "name=opt/org.tianocore/IPv"), 4);
	lacks(network, "-fw_cfg", "name=opt/org.tianocore/");
	lacks(seabios, "-fw_cfg", "name=opt/org.tianocore/");
	lacks(alone, "-fw_cfg", "name=opt/org.tianocore/");
	lacks(with_disk, "-fw_cfg", "name=opt/org.tianocore/");
}

static void kernels(void **state)
{
	struct world w = world();
	own_free char *text = NULL, *kernel = in_dir(state, "k,1"), *initrd = in_dir(state, "i");
	own_plan struct plan *plan = NULL;

	put(state, "k,1", "");
	put(state, "i", "");
	text = xasprintf("[boot]\nkernel = %s\ninitrd = %s\nappend = a=b,c d\n", kernel, initrd);
	plan = planned(&w, text);
	has(plan, "-kernel", kernel); /* no option string: nothing is doubled */
	has(plan, "-initrd", initrd);
	has(plan, "-append", "a=b,c d");
}

static void consoles(void **state)
{
	struct world w = world();
	own_free char *text = NULL, *node = NULL;
	own_plan struct plan *plan = NULL, *none = planned(&w, "");

	text = xasprintf("[console]\nserial = %s/l,og\ndebug-port = terminal\n", (char *)*state);
	plan = planned(&w, text);
	node = xasprintf("file,id=serial,path=%s/l,,og,append=on", (char *)*state);
	has(plan, "-chardev", node);
	has(plan, "-device", "isa-serial,id=serial0,index=0,chardev=serial");
	has(plan, "-chardev", "socket,id=debug,fd=5");
	has(plan, "-device", "isa-debugcon,id=debug0,iobase=1026,chardev=debug");
	assert_int_equal(plan->serial, TARGET_FILE);
	assert_int_equal(plan->debug, TARGET_TERMINAL);
	assert_int_equal(plan->fds, 3);
	assert_int_equal(plan->fd[2].role, FD_DEBUG);
	assert_null(plan->fd[2].path);
	lacks(none, "-device", "isa-serial");
	lacks(none, "-device", "isa-debugcon");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(disks),
		in_scratch(a_block_device_is_granted),
		cmocka_unit_test(ports_have_places_of_their_own),
		in_scratch(six_cdroms),
		cmocka_unit_test(networks),
		in_scratch(nothing_to_boot_from),
		cmocka_unit_test(boot_order),
		cmocka_unit_test(left_out_of_the_order),
		in_scratch(kernels),
		in_scratch(consoles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
