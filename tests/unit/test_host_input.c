/* USB and input devices. */
#include "host_tree.h"

#include "host/input.h"
#include "host/usb.h"

#define KEYS "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe\n"

static void put_event(void **state, const char *event, const char *path, const char *key)
{
	own_free char *link = xasprintf("sys/class/input/%s", event);
	own_free char *target = xasprintf("../../devices/%s/%s", path, event);
	own_free char *bits = xasprintf("sys/devices/%s/%s/device/capabilities/key", path, event);

	link_to(state, link, target);
	put(state, bits, key);
}

static void put_caps(void **state, const char *path, const char *what, const char *text)
{
	own_free char *name = xasprintf("sys/devices/%s/device/%s", path, what);

	put(state, name, text);
}

static void kinds(void **state)
{
	own_input_list struct input_list list = {0};
	tree_root(root);

	put_event(state, "event0", "platform/i8042/serio0/input/input0", KEYS);
	put_event(state, "event1", "x/input/input1", "1f0000 0 0 0 0\n");
	put_caps(state, "x/input/input1/event1", "capabilities/rel", "1943\n");
	put_event(state, "event2", "x/input/input2", "e520 10000 0 0 0 0\n");
	put_caps(state, "x/input/input2/event2", "capabilities/abs", "2e0800000000003\n");
	put_caps(state, "x/input/input2/event2", "properties", "5\n");
	put_event(state, "event3", "x/input/input3", "400 0 0 0 0 0\n");
	put_caps(state, "x/input/input3/event3", "capabilities/abs", "3\n");
	put_caps(state, "x/input/input3/event3", "properties", "2\n");
	put_event(state, "event4", "x/input/input4", "7fdb000000000000 0 0 0 0\n");
	put_caps(state, "x/input/input4/event4", "capabilities/abs", "3003f\n");
	put_event(state, "event5", "x/input/input5", "1c03 0 0 0 0 0\n");
	put_caps(state, "x/input/input5/event5", "capabilities/abs", "1000003\n");
	put_event(state, "event6", "x/input/input6", "10000000000000 0\n");
	put_event(state, "event10", "x/input/input10", "nonsense 0\n");
	input_list_read(&list, &root);
	assert_int_equal(list.n, 8);
	assert_int_equal(list.v[0].kinds, INPUT_KEYBOARD);
	assert_int_equal(list.v[1].kinds, INPUT_MOUSE);
	assert_int_equal(list.v[2].kinds, INPUT_TOUCHPAD);
	assert_int_equal(list.v[3].kinds, INPUT_TOUCHSCREEN);
	assert_int_equal(list.v[4].kinds, INPUT_GAMEPAD);
	assert_int_equal(list.v[5].kinds, INPUT_TABLET);
	assert_int_equal(list.v[6].kinds, 0);
	assert_int_equal(list.v[7].kinds, 0);
	assert_string_equal(list.v[7].event, "event10");
}

#define USB "pci0000:00/0000:00:14.0/usb1/1-4/1-4.2/1-4.2:1.0/0003:046D:C31C.0001/input/input3"

static void the_last_keyboard_is_known(void **state)
{
	static const char *const both[] = {"event0", "event3"};
	static const char *const ports[] = {"1-4", "1-4.2", "1-4.20", "1-"};
	static const char *const adapter[] = {"1-4", "1-9"};
	own_input_list struct input_list list = {0}, one = {0};
	tree_root(root);

	put_event(state, "event0", "platform/i8042/serio0/input/input0", KEYS);
	put_event(state, "event3", USB, KEYS);
	put_event(state, "event9", "virtual/input/input9", KEYS);
	link_to(state, "dev/input/by-id/usb-kbd", "../event3");
	link_to(state, "dev/input/by-path/pci-kbd", "../event3");
	input_list_read(&list, &root);
	assert_string_equal(list.v[1].usb_port, "1-4.2");
	assert_int_equal(list.v[1].links, 2);
	assert_string_equal(list.v[1].link[0], "/dev/input/by-id/usb-kbd");
	assert_false(input_last_keyboard(&list, both, 1));
	assert_true(input_last_keyboard(&list, both, 2));
	assert_false(input_last_keyboard_below(&list, NULL, ports, 1));
	input_list_free(&list);
	put_event(state, "event1", "x/input/input1", "0\n");
	/* Without the built-in one. */
	own_free char *builtin = in_dir(state, "sys/class/input/event0");

	assert_int_equal(unlink(builtin), 0);
	input_list_read(&one, &root);
	assert_true(input_last_keyboard_below(&one, NULL, &ports[0], 1));
	assert_true(input_last_keyboard_below(&one, NULL, &ports[1], 1));
	assert_false(input_last_keyboard_below(&one, NULL, &ports[2], 2));
	/* One on Bluetooth is as good. */
	put_event(state, "event12", "virtual/misc/uhid/0005:1:2.3/input/input12", KEYS);
	input_list_free(&one);
	input_list_read(&one, &root);
	assert_false(input_last_keyboard_below(&one, NULL, ports, 1));
	/* But not where its adapter goes as well, unless there is another. */
	put_caps(state, "virtual/misc/uhid/0005:1:2.3/input/input12/event12", "id/bustype",
		 "0005\n");
	link_to(state, "sys/class/bluetooth/hci0",
		"../../devices/pci0000:00/0000:00:14.0/usb1/1-9/1-9:1.0/bluetooth/hci0");
	put(state, "sys/class/bluetooth/hci0:256/x", "");
	input_list_free(&one);
	input_list_read(&one, &root);
	assert_true(input_last_keyboard_below(&one, NULL, adapter, 2));
	assert_false(input_last_keyboard_below(&one, NULL, &adapter[1], 1));
	link_to(state, "sys/class/bluetooth/hci1",
		"../../devices/pci0000:00/0000:00:15.0/usb2/2-1/2-1:1.0/bluetooth/hci1");
	input_list_free(&one);
	input_list_read(&one, &root);
	assert_false(input_last_keyboard_below(&one, NULL, adapter, 2));
	/* A host without any has none to lose. */
	assert_false(input_last_keyboard(&one, both, 0));
}

static void put_usb(void **state, const char *port, const char *what, const char *text)
{
	own_free char *name =
		xasprintf("sys/devices/pci0000:00/0000:00:14.0/usb1/%s/%s", port, what);

	put(state, name, text);
}

static void usb_devices_are_read(void **state)
{
	own_usb_list struct usb_list list = {0};
	const struct pci_address controller = at("00:14.0");
	tree_root(root);

	link_to(state, "sys/bus/usb/devices/1-5",
		"../../../devices/pci0000:00/0000:00:14.0/usb1/1-5");
	link_to(state, "sys/bus/usb/devices/1-5:1.0",
		"../../../devices/pci0000:00/0000:00:14.0/usb1/1-5/1-5:1.0");
	link_to(state, "sys/bus/usb/devices/1-5:1.1",
		"../../../devices/pci0000:00/0000:00:14.0/usb1/1-5/1-5:1.1");
	put_usb(state, "1-5", "idVendor", "5986\n");
	put_usb(state, "1-5", "idProduct", "9102\n");
	put_usb(state, "1-5", "busnum", "1\n");
	put_usb(state, "1-5", "devnum", "3\n");
	put_usb(state, "1-5", "bDeviceClass", "ef\n");
	put_usb(state, "1-5", "product", "Cam\x1b[31m\n");
	put_usb(state, "1-5", "1-5:1.0/bInterfaceClass", "ff\n");
	put_usb(state, "1-5", "1-5:1.1/bInterfaceClass", "0e\n");
	link_to(state, "sys/devices/pci0000:00/0000:00:14.0/usb1/1-5/1-5:1.1/driver",
		"../../../../../../bus/usb/drivers/uvcvideo");
	usb_list_read(&list, &root);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.v[0].vendor, 0x5986);
	assert_string_equal(list.v[0].node, "/dev/bus/usb/001/003");
	assert_string_equal(usb_kind(&list.v[0]), "camera");
	assert_int_equal(list.v[0].interfaces, 2);
	assert_null(list.v[0].driver[0]);
	assert_string_equal(list.v[0].driver[1], "uvcvideo");
	assert_true(list.v[0].has_controller);
	assert_int_equal(pci_address_compare(&list.v[0].controller, &controller), 0);
	assert_string_equal(list.v[0].product_name, "Cam\x1b[31m");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(kinds),
		in_scratch(the_last_keyboard_is_known),
		in_scratch(usb_devices_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
