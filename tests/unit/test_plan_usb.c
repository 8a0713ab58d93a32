/* USB and input devices of the host's: what is meant, what the guest gets, what the host keeps. */
#include "plan_world.h"

#include "host/usb_pick.h"

static char *const WITH_USB[] = {S("usb-host"), S("vfio-pci")};

/* What a host has plugged in: two sticks that are alike, a mouse, a keyboard, a hub. */
static struct usb_device plugged[] = {
	{.port = S("usb1"),
	 .node = S("/dev/bus/usb/001/001"),
	 .bus = 1,
	 .number = 1,
	 .vendor = 0x1d6b,
	 .product = 2,
	 .hub = true},
	{.port = S("1-1"),
	 .node = S("/dev/bus/usb/001/002"),
	 .path = S("/sys/devices/x/1-1"),
	 .bus = 1,
	 .number = 2,
	 .vendor = 0x0781,
	 .product = 0x5581},
	{.port = S("1-2.4"),
	 .node = S("/dev/bus/usb/001/003"),
	 .path = S("/sys/devices/x/1-2.4"),
	 .bus = 1,
	 .number = 3,
	 .vendor = 0x0781,
	 .product = 0x5581},
	{.port = S("1-3"),
	 .node = S("/dev/bus/usb/001/004"),
	 .path = S("/sys/devices/x/1-3"),
	 .bus = 1,
	 .number = 4,
	 .vendor = 0x046d,
	 .product = 0xc08b},
	{.port = S("1-4"),
	 .node = S("/dev/bus/usb/001/005"),
	 .path = S("/sys/devices/x/1-4"),
	 .bus = 1,
	 .number = 5,
	 .vendor = 0x0951,
	 .product = 0x16d2},
	{.port = S("1-5"),
	 .node = S("/dev/bus/usb/001/006"),
	 .path = S("/sys/devices/x/1-5"),
	 .bus = 1,
	 .number = 6,
	 .vendor = 0x05e3,
	 .product = 0x0608,
	 .hub = true},
};
static char *keyboard_link[] = {S("/dev/input/by-id/usb-Keyboard-event-kbd")};
static char *mouse_link[] = {S("/dev/input/by-id/usb-Mouse-event-mouse")};
static struct input_device inputs[] = {
	{.event = S("event3"),
	 .node = S("/dev/input/event3"),
	 .name = S("Keyboard"),
	 .kinds = INPUT_KEYBOARD,
	 .path = S("/sys/devices/x/1-4/input3"),
	 .usb_port = S("1-4"),
	 .vendor = 0x0951,
	 .product = 0x16d2,
	 .link = keyboard_link,
	 .links = 1},
	{.event = S("event7"),
	 .node = S("/dev/input/event7"),
	 .name = S("Mouse"),
	 .kinds = INPUT_MOUSE,
	 .path = S("/sys/devices/x/1-3/input7"),
	 .usb_port = S("1-3"),
	 .vendor = 0x046d,
	 .product = 0xc08b,
	 .link = mouse_link,
	 .links = 1},
	{.event = S("event9"),
	 .node = S("/dev/input/event9"),
	 .name = S("Touchpad"),
	 .kinds = INPUT_TOUCHPAD,
	 .path = S("/sys/devices/y")},
};

static struct world plugged_world(void)
{
	struct world w = world();

	w.facts.devices.usb = (struct usb_list){plugged, ARRAY_SIZE(plugged)};
	w.facts.devices.input = (struct input_list){inputs, ARRAY_SIZE(inputs)};
	w.facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){(char **)WITH_USB, 2};
	return w;
}

static void selectors(void **state)
{
	static const char *const bad[] = {
		"",	   "046d", "046d:c52b:", "1",	"1-",	 "1-4.", "1-.4",   "1-4..2", "-4",
		"001.004", "1-4=", "1-4=046d",	 "0-1", "1.200", "x-1",	 "1-4.2x", "1000-1"};
	struct usb_selector s;

	(void)state;
	assert_true(usb_selector_parse("046d:c52b", &s));
	assert_true(s.has_ids && s.vendor == 0x046d && s.product == 0xc52b && !s.bus);
	assert_true(usb_selector_parse("1-4.2", &s));
	assert_true(!s.has_ids && s.bus == 1 && !s.number);
	assert_string_equal(s.port, "4.2");
	assert_true(usb_selector_parse("001.004=046d:c52b", &s));
	assert_true(s.has_ids && s.bus == 1 && s.number == 4 && !*s.port);
	assert_true(usb_selector_parse("3-1=046d:c52b", &s));
	assert_true(s.has_ids && s.bus == 3 && !s.number);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(usb_selector_parse(bad[i], &s));
}

static void host_is(const char *device, const char *option, const char *notes)
{
	struct world w = plugged_world();
	own_free char *text = xasprintf("[usb x]\ndevice = %s\n", device);
	own_free char *want = xasprintf("usb-host,id=host-usb-x,bus=usb.0,port=1,%s\n", option);
	own_plan struct plan *plan = planned(&w, text);

	values_are(plan, "-device", "usb-host", want);
	notes_are(plan, notes);
}

static void by_ids_and_ports(void **state)
{
	(void)state;
	host_is("046d:c08b", "vendorid=1133,productid=49291", "");
	host_is("1-3", "hostbus=1,hostport=3", "");
	host_is("1-2.4=0781:5581", "hostbus=1,hostport=2.4,vendorid=1921,productid=21889", "");
	host_is("001.004=046d:C08B", "hostbus=1,hostaddr=4,vendorid=1133,productid=49291", "");
	host_is("0781:5581", "hostbus=1,hostport=1,vendorid=1921,productid=21889",
		"usb x: 2 devices are 0781:5581, and the guest gets the one at port 1-1\n");
	misread("[usb]\ndevice = 001.004\n",
		"p.ini:2:10: usb.device: '001.004' is not a USB device such as 046d:c52b, 1-4.2, "
		"1-4.2=046d:c52b or 001.004=046d:c52b\n");
}

static void is_late(struct world *w, const char *device, size_t places)
{
	own_free char *text = xasprintf("[usb x]\ndevice = %s\n", device);
	own_plan struct plan *plan = planned(w, text);

	lacks(plan, "-device", "usb-host");
	assert_int_equal(plan->steps, 0);
	assert_int_equal(plan->usbs, places);
	if (!places)
		return;
	assert_string_equal(plan->usb[0].device, device);
	assert_string_equal(plan->usb[0].id, "host-usb-x");
	assert_int_equal(plan->usb[0].port, 1);
	assert_false(plan->usb[0].given);
}

/* What comes later is on no command line, where QEMU would look for it every other second. */
static void absent_ones(void **state)
{
	struct world w = plugged_world();

	(void)state;
	is_late(&w, "dead:beef", 1);
	is_late(&w, "2-1", 1);
	/* A number never comes back. */
	is_late(&w, "001.004=dead:beef", 0);
}

static void who_may_open_it(void **state)
{
	struct plan_node open = {"/dev/bus/usb/001/004", true};
	struct world w = plugged_world();
	own_plan struct plan *plan = planned(&w, "[usb]\ndevice = 046d:c08b\n");
	const struct intent *intent = &plan->step[0].intent;

	(void)state;
	assert_int_equal(plan->steps, 1);
	assert_int_equal(intent->grant.node, NODE_USB);
	assert_int_equal(intent->grant.a, 1);
	assert_int_equal(intent->grant.b, 4);
	assert_int_equal(intent->grant.ids, 0x046dc08b);
	lines_are(plan, STEP_GRANT, "setfacl -m u:$USER:rw /dev/bus/usb/001/004\n");
	w.in.node = &open;
	w.in.nodes = 1;
	own_plan struct plan *mine = planned(&w, "[usb]\ndevice = 046d:c08b\n");
	assert_int_equal(mine->steps, 0);
	own_plan struct plan *stick =
		planned(&w, "[boot]\norder = usb\n[usb]\ndevice = 046d:c08b\n");
	assert_non_null(strstr(find(stick, "-device", "usb-host")->value, ",bootindex=1"));
	w.in.no_devices = true;
	own_plan struct plan *without = planned(&w, "[usb]\ndevice = 1-4\n");
	lacks(without, "-device", "usb-host");
}

static void what_the_host_keeps(void **state)
{
	struct storage_use use = {STORAGE_MOUNTED, S("/mnt")};
	struct block disk = {.name = S("sda"),
			     .node = S("/dev/sda"),
			     .path = S("/sys/devices/x/1-1/host0/block/sda"),
			     .use = &use,
			     .uses = 1};
	struct input_device wireless = inputs[0];
	struct world w = plugged_world();

	(void)state;
	refused(&w, "[usb]\ndevice = 1-4\n", ERROR_HOST,
		"p.ini:2:10: usb.device: 1-4 at port 1-4 is the host's only keyboard: plug in another one\n");
	refused(&w, "[usb]\ndevice = 05e3:0608\n", ERROR_HOST,
		"p.ini:2:10: usb.device: 05e3:0608 at port 1-5 is a hub: name what is plugged into it\n");
	/* What it is joined by, as an adapter of Bluetooth's. */
	wireless.usb_port = S("1-3");
	w.facts.devices.input = (struct input_list){&wireless, 1};
	refused(&w, "[usb]\ndevice = 1-3\n", ERROR_HOST,
		"p.ini:2:10: usb.device: 1-3 at port 1-3 takes the host's only keyboard along: plug in another one\n");
	w.facts.devices.input = (struct input_list){inputs, ARRAY_SIZE(inputs)};
	w.facts.devices.storage = (struct storage){&disk, 1};
	refused(&w, "[usb]\ndevice = 1-1\n", ERROR_HOST,
		"p.ini:2:10: usb.device: 1-1 at port 1-1 is a disk that the host uses: sda is mounted at /mnt\n");
	plan_free(planned(&w, "[usb]\ndevice = 1-2.4\n"));
	refused(&w, "[usb a]\ndevice = 1-3\n[usb b]\ndevice = 046d:c08b\n", ERROR_USAGE,
		"p.ini:4:10: usb b.device: is the device of [usb a] already; of two that are alike, each is "
		"named by its port, such as 1-4.2\n");
	refused(&w, "[usb a]\ndevice = dead:beef\n[usb b]\ndevice = dead:beef\n", ERROR_USAGE,
		"p.ini:4:10: usb b.device: is the device of [usb a] already; of two that are alike, each is "
		"named by its port, such as 1-4.2\n");
	w.facts.qemu.offers[QEMU_DEVICES].n = 0;
	refusal_says(&w, "[usb]\ndevice = 1-3\n", "is built without usb-host");
}

/* What each could be spared alone is not spared together. */
static void two_keyboards(void **state)
{
	struct input_device keyboards[] = {inputs[0], inputs[0]};
	struct world w = plugged_world();

	(void)state;
	keyboards[1].event = S("event8");
	keyboards[1].usb_port = S("1-2.4");
	w.facts.devices.input = (struct input_list){keyboards, ARRAY_SIZE(keyboards)};
	plan_free(planned(&w, "[usb]\ndevice = 1-4\n"));
	plan_free(planned(&w, "[usb a]\ndevice = 1-2.4\n[usb b]\ndevice = 1-3\n"));
	refused(&w, "[usb a]\ndevice = 1-2.4\n[usb b]\ndevice = 1-4\n[usb c]\ndevice = 1-3\n",
		ERROR_HOST,
		"p.ini:4:10: usb b.device: 1-4 at port 1-4 is the last of the host's keyboards, as other "
		"sections take the rest: plug in another one\n");
	/* One of them on a controller that is passed. */
	keyboards[1].usb_port = NULL;
	keyboards[1].path = S("/sys/devices/pci0000:00/0000:04:00.0/usb3/3-1/3-1:1.0/input8");
	plan_free(planned(&w, "[pci]\ndevice = 04:00.0\n"));
	plan_free(planned(&w, "[pci]\ndevice = 04:00.0\n[usb b]\ndevice = 1-3\n"));
	refused(&w, "[pci]\ndevice = 04:00.0\n[usb b]\ndevice = 1-4\n", ERROR_HOST,
		"p.ini:4:10: usb b.device: 1-4 at port 1-4 is the last of the host's keyboards, as other "
		"sections take the rest: plug in another one\n");
}

/* ------------------------------------------------------------------ input */

#define KEYBOARD_PATH "/dev/input/by-id/usb-Keyboard-event-kbd"
#define MOUSE_PATH "/dev/input/by-id/usb-Mouse-event-mouse"

static void keyboards_and_mice(void **state)
{
	struct world w = plugged_world();
	own_plan struct plan *plan =
		planned(&w, "[input kbd]\ndevice = " KEYBOARD_PATH "\ngrab-toggle = scrolllock\n"
			    "[input mouse]\ndevice = " MOUSE_PATH "\n");

	(void)state;
	values_are(plan, "-object", "input-linux",
		   "input-linux,id=input-kbd,evdev=" KEYBOARD_PATH ",grab_all=on,repeat=on,"
		   "grab-toggle=scrolllock\n"
		   "input-linux,id=input-mouse,evdev=" MOUSE_PATH "\n");
	/* What they move is the guest's USB mouse, also where there is no SPICE. */
	has(plan, "-device", "usb-mouse,id=mouse,bus=usb.0,port=1");
	has(plan, "-device", "usb-kbd,id=keyboard,bus=usb.0,port=2");
	assert_int_equal(plan->steps, 2);
	assert_int_equal(plan->step[0].intent.grant.node, NODE_EVENT);
	assert_int_equal(plan->step[0].intent.grant.a, 3);
	assert_int_equal(plan->step[0].intent.grant.ids, 0x095116d2);
	assert_int_equal(plan->step[1].intent.grant.a, 7);
	notes_are(plan,
		  KEYBOARD_PATH ": the guest has it from the start; scrolllock gives it back and "
				"forth\n");
}

static void odd_inputs(void **state)
{
	struct world w = plugged_world();
	own_plan struct plan *absent = planned(&w, "[input]\ndevice = /dev/input/by-id/none\n");
	own_plan struct plan *number = planned(&w, "[input]\ndevice = /dev/input/event7\n");
	own_plan struct plan *touchpad = planned(&w, "[input]\ndevice = /dev/input/event9\n");

	(void)state;
	lacks(absent, "-object", "input-linux");
	notes_are(absent, "input: /dev/input/by-id/none is not there, and is left out\n");
	notes_are(number,
		  "input: /dev/input/event7 may be another device after a restart: " MOUSE_PATH
		  " is what stays\n");
	notes_are(
		touchpad,
		"input: /dev/input/event9 may be another device after a restart: a name in "
		"/dev/input/by-id or by-path is what stays\n"
		"input: /dev/input/event9 is no keyboard and no mouse (touchpad), and QEMU hands on "
		"keys, buttons and movements alone\n");
	refused(&w, "[input a]\ndevice = " MOUSE_PATH "\n[input b]\ndevice = /dev/input/event7\n",
		ERROR_USAGE, "p.ini:4:10: input b.device: is the device of [input a] already\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selectors),	       cmocka_unit_test(by_ids_and_ports),
		cmocka_unit_test(absent_ones),	       cmocka_unit_test(who_may_open_it),
		cmocka_unit_test(what_the_host_keeps), cmocka_unit_test(two_keyboards),
		cmocka_unit_test(keyboards_and_mice),  cmocka_unit_test(odd_inputs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
