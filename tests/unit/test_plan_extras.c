/* What a guest's programs read and hear: firmware configuration, free SMBIOS words, features,
 * sound. */
#include "plan_world.h"

static void features(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "[cpu]\nflags = +invtsc, -vmx\n");
	static const char *const bad[] = {"invtsc", "+", "+kvm", "-hv-time", "+a,=b", "-x-odd"};

	(void)state;
	values_are(plan, "-cpu", "host", "host,invtsc=on,vmx=off\n");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		own_free char *text = xasprintf("[cpu]\nflags = %s\n", bad[i]);
		own_free char *want = xasprintf(
			"p.ini:2:9: cpu.flags: '%s' is not features of QEMU's processors such as "
			"+invtsc -vmx, none that has a key of its own\n",
			bad[i]);

		misread(text, want);
	}
}

static void firmware_configuration(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(
		&w, "[fw-cfg a]\nname = opt/a\nstring = x,y\n[fw-cfg b]\nname = opt/b\n"
		    "file = /etc/passwd\n[fw-cfg c]\nname = opt/a\nstring = z\nenabled = no\n");

	(void)state;
	values_are(plan, "-fw_cfg", "", "name=opt/a,string=x,,y\nname=opt/b,file=/etc/passwd\n");
	refused(&w, "[fw-cfg]\nname = etc/e820\nstring = x\n", ERROR_USAGE,
		"p.ini:2:8: fw-cfg.name: begins with opt/, as all names that QEMU leaves to others do\n");
	refused(&w, "[fw-cfg]\nname = opt/a\n", ERROR_USAGE,
		"p.ini:1:1: fw-cfg.name goes with fw-cfg.string or with fw-cfg.file\n");
	refused(&w,
		"[fw-cfg]\nname = opt/5678901234567890123456789012345678901234567890123456\n"
		"string = x\n",
		ERROR_USAGE, "p.ini:2:8: fw-cfg.name: has at most 55 printable characters\n");
	refused(&w, "[fw-cfg a]\nname = opt/a\nstring = x\n[fw-cfg b]\nname = opt/a\nstring = y\n",
		ERROR_USAGE, "p.ini:5:8: fw-cfg b.name: opt/a stands twice\n");
}

static void sound(void **state)
{
	struct world w = world();
	own_plan struct plan *none = planned(&w, "[display]\ntype = none\n");
	own_plan struct plan *spice = planned(&w, "[display]\ntype = spice\n");
	own_plan struct plan *pulse = NULL;
	own_plan struct plan *off = planned(&w, "[display]\ntype = spice\n[sound]\ntype = none\n");

	(void)state;
	w.in.seat.sound[SOUND_PULSE] = true;
	w.in.seat.pulse = S("unix:/run/user/1/pulse/native");
	pulse = planned(&w, "[sound]\ntype = pulse\nmodel = usb\n");
	lacks(none, "-audiodev", NULL);
	values_are(spice, "-audiodev", "", "spice,id=sound\n");
	values_are(spice, "-device", "hda", "hda-duplex,id=codec,bus=hda.0,audiodev=sound\n");
	values_are(pulse, "-audiodev", "", "pa,id=sound,server=unix:/run/user/1/pulse/native\n");
	values_are(pulse, "-device", "usb-audio",
		   "usb-audio,id=codec,bus=usb.0,port=1,audiodev=sound\n");
	lacks(off, "-audiodev", NULL);
	refused(&w, "[sound]\ntype = spice\n", ERROR_USAGE,
		"p.ini:2:8: sound.type = spice needs display.type = spice\n");
}

static void sound_by_itself(void **state)
{
	static char *const drivers[] = {S("alsa"), S("dbus"), S("pa"), S("pipewire")};
	static char *const displays[] = {S("dbus"), S("gtk")};
	struct world w = world();
	own_plan struct plan *headless = NULL, *window = NULL, *alsa = NULL, *bus = NULL;
	own_plan struct plan *unseen = NULL, *both = NULL;

	(void)state;
	w.facts.qemu.offers[QEMU_DRIVERS] = (struct qemu_names){(char **)drivers, 3};
	w.facts.qemu.offers[QEMU_DISPLAYS] = (struct qemu_names){(char **)displays, 2};
	/* PipeWire runs, and this QEMU has no part for it. */
	w.in.seat = (struct plan_seat){
		.screen = true,
		.bus = true,
		.sound = {[SOUND_PIPEWIRE] = true, [SOUND_PULSE] = true, [SOUND_ALSA] = true}};
	headless = planned(&w, "[display]\ntype = none\n");
	window = planned(&w, "[display]\ntype = gtk\n");
	w.facts.qemu.offers[QEMU_DRIVERS].n = 4;
	both = planned(&w, "[display]\ntype = gtk\n");
	w.facts.qemu.offers[QEMU_DRIVERS].n = 3;
	w.in.seat.sound[SOUND_PULSE] = false;
	alsa = planned(&w, "[display]\ntype = gtk\n[sound]\nmodel = usb\n");
	bus = planned(&w, "[display]\ntype = dbus\n");
	lacks(headless, "-audiodev", NULL);
	values_are(window, "-audiodev", "", "pa,id=sound\n");
	values_are(both, "-audiodev", "", "pa,id=sound\n");
	values_are(alsa, "-audiodev", "", "alsa,id=sound\n");
	values_are(bus, "-audiodev", "", "dbus,id=sound\n");
	values_are(bus, "-display", "", "dbus,gl=off,audiodev=sound\n");
	w.facts.distribution = DISTRIBUTION_DEBIAN;
	refusal_says(
		&w, "[sound]\ntype = pipewire\n",
		"p.ini:2:8: sound.type = pipewire: QEMU 7.2.22 has no -audiodev pipewire here: "
		"install QEMU's part for it (sudo apt install qemu-system-gui)");
	/* It may be where nobody but QEMU's library looks. */
	unseen = planned(&w, "[sound]\ntype = pulse\n");
	values_are(unseen, "-audiodev", "", "pa,id=sound\n");
	notes_are(unseen, "sound.type = pulse: no server is seen, as there is no pulse/native in "
			  "XDG_RUNTIME_DIR; QEMU ends where it reaches none\n");
	refusal_says(&w, "[display]\ntype = gtk\n[sound]\nmodel = virtio\n",
		     "p.ini:4:9: sound.model = virtio: QEMU 7.2.22 has no virtio-sound-pci");
	refused(&w, "[sound]\ntype = dbus\n", ERROR_USAGE,
		"p.ini:2:8: sound.type = dbus needs display.type = dbus\n");
}

static void windows(void **state)
{
	static char *const displays[] = {S("dbus"), S("egl-headless"), S("gtk")};
	struct world w = world();
	own_plan struct plan *gtk = NULL, *egl = NULL;

	(void)state;
	w.facts.qemu.offers[QEMU_DISPLAYS] = (struct qemu_names){(char **)displays, 3};
	w.in.seat = (struct plan_seat){.screen = true, .bus = true};
	gtk = planned(&w, "[display]\ntype = gtk\ngl = yes\n");
	egl = planned(&w, "[display]\ntype = egl-headless\nrender-node = /dev/null\n");
	values_are(gtk, "-display", "", "gtk,window-close=off,gl=on\n");
	assert_true(gtk->has_window);
	has(gtk, "-device", "VGA,id=video,bus=pcie.0,addr=1c.0");
	has(gtk, "-device", "usb-tablet,id=mouse,bus=usb.0,port=1");
	values_are(egl, "-display", "", "egl-headless,rendernode=/dev/null\n");
	assert_false(egl->has_window);
	w.facts.distribution = DISTRIBUTION_FEDORA;
	refusal_says(
		&w, "[display]\ntype = sdl\n",
		"p.ini:2:8: display.type: QEMU 7.2.22 has no -display sdl here: install QEMU's "
		"part for it (sudo dnf install qemu-ui-sdl)");
	w.in.seat = (struct plan_seat){0};
	refusal_says(&w, "[display]\ntype = gtk\n",
		     "display.type = gtk: neither WAYLAND_DISPLAY nor DISPLAY is set");
	refusal_says(&w, "[display]\ntype = dbus\n",
		     "display.type = dbus: there is no session bus");
}

/* By what is to be shown: not by a file's name, nor by QEMU's own directory. */
static void what_shows_a_window(void **state)
{
	static const struct {
		const char *text;
		bool shows;
	} row[] = {
		{"[qemu]\narg = -drive\narg = file=/srv/sdl/x.img,format=raw\n", false},
		{"[vm]\nname = gtk\n[display]\ntype = spice\n", false},
		{"[qemu]\narg = -fw_cfg\narg = name=opt/dbus,string=gtk\n", false},
		{"[qemu]\narg = -display\narg = egl-headless,rendernode=/dev/sdl\n", false},
		{"[qemu]\narg = -display\narg = sdl,gl=on\n", true},
		{"[qemu]\narg = --display\narg = type=gtk\n", true},
		{"[qemu]\narg = -display\narg = {\"type\": \"gtk\"}\n", true},
		{"[qemu]\narg = -audiodev\narg = driver=dbus,id=a\n", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct world w = world();
		own_plan struct plan *plan = planned(&w, row[i].text);

		if (plan->has_window != row[i].shows)
			fail_msg("%s", row[i].text);
	}
}

/* Without what OpenGL needs the picture is as it is without OpenGL, unless that is asked for. */
static void picture_by_vnc_without_egl(void **state)
{
	static char *const options[] = {S("name.debug-threads"), S("vnc")};
	static char *const displays[] = {S("gtk")};
	struct world w = world();
	own_plan struct plan *plan = NULL;

	(void)state;
	w.facts.qemu.offers[QEMU_OPTIONS] = (struct qemu_names){(char **)options, 2};
	w.facts.qemu.offers[QEMU_DISPLAYS] = (struct qemu_names){(char **)displays, 1};
	w.facts.distribution = DISTRIBUTION_FEDORA;
	plan = planned(&w, "[display]\ntype = vnc\nrender-node = /dev/null\n");
	has(plan, "-display", "none");
	assert_non_null(strstr(plan->note[0], "display.render-node is not used: QEMU 7.2.22 has no "
					      "-display egl-headless here: install "));
	refusal_says(&w, "[display]\ntype = vnc\ngl = yes\n",
		     "p.ini:3:6: display.gl: QEMU 7.2.22 has no -display egl-headless here: ");
}

static void picture_by_vnc(void **state)
{
	static char *const offers[] = {S("name.debug-threads"), S("vnc")};
	struct world w = world(), without = world();
	own_plan struct plan *plan = NULL;
	const struct argument *vnc;

	(void)state;
	w.facts.qemu.offers[QEMU_OPTIONS] = (struct qemu_names){(char **)offers, 2};
	plan = planned(&w, "[display]\ntype = vnc\ngl = yes\n");
	has(plan, "-display", "egl-headless");
	has(plan, "-device", "usb-mouse,id=mouse,bus=usb.0,port=1");
	plan_free(plan);
	plan = planned(&w, "[display]\ntype = vnc\n");
	has(plan, "-display", "none");
	vnc = find(plan, "-vnc", "vnc=unix:/");
	assert_non_null(vnc);
	assert_true(text_ends(vnc->value, "/vnc.sock"));
	values_are(plan, "-device", "VGA", "VGA,id=video,bus=pcie.0,addr=1c.0\n");
	lacks(plan, "-spice", NULL);
	refusal_says(&without, "[display]\ntype = vnc\n",
		     "p.ini:2:8: display.type = vnc: QEMU 7.2.22 is built without it");
}

static void streams_on_sockets(void **state)
{
	struct world w = world();
	own_plan struct plan *plan =
		planned(&w, "[console]\nserial = socket\nvirtio = socket\ndebug-port = socket\n");
	own_plan struct plan *terminal = planned(&w, "[console]\nvirtio = terminal\n");

	(void)state;
	values_are(plan, "-chardev", "socket,id=serial",
		   "socket,id=serial,fd=5,server=on,wait=off\n");
	values_are(plan, "-chardev", "socket,id=console",
		   "socket,id=console,fd=6,server=on,wait=off\n");
	values_are(plan, "-chardev", "socket,id=debug",
		   "socket,id=debug,fd=7,server=on,wait=off\n");
	values_are(plan, "-device", "virtconsole",
		   "virtconsole,id=console0,bus=agentbus.0,nr=0,chardev=console\n");
	assert_int_equal(plan->fd[2].role, FD_STREAM);
	assert_string_equal(plan->fd[2].path, "/run/user/1/vmlaunch/p/serial.sock");
	assert_string_equal(plan->note[1],
			    "the guest's console: socat -,raw,echo=0,escape=0x1d "
			    "unix-connect:/run/user/1/vmlaunch/p/console.sock   # Ctrl-] leaves");
	values_are(terminal, "-chardev", "socket,id=console", "socket,id=console,fd=5\n");
	assert_int_equal(terminal->fd[2].role, FD_SERIAL);
	refusal_says(&w, "[console]\nserial = terminal\nvirtio = terminal\n",
		     "p.ini:3:10: console.virtio and console.serial cannot both have the terminal");
}

static void usb_of_a_client(void **state)
{
	static char *const offers[] = {S("usb-redir")};
	struct world w = world(), without = world();
	own_plan struct plan *plan = NULL;

	(void)state;
	w.facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){(char **)offers, 1};
	plan = planned(&w, "[display]\ntype = spice\nusb-redirect = 2\nusb-mouse = no\n");
	values_are(plan, "-chardev", "spicevmc,id=redirection",
		   "spicevmc,id=redirection1,name=usbredir\n"
		   "spicevmc,id=redirection2,name=usbredir\n");
	values_are(plan, "-device", "usb-redir",
		   "usb-redir,id=redirect1,chardev=redirection1,bus=usb.0,port=1\n"
		   "usb-redir,id=redirect2,chardev=redirection2,bus=usb.0,port=2\n");
	refused(&w, "[display]\ntype = none\nusb-redirect = 1\n", ERROR_USAGE,
		"p.ini:3:16: display.usb-redirect needs display.type = spice\n");
	refusal_says(&without, "[display]\ntype = spice\nusb-redirect = 1\n",
		     "display.usb-redirect: QEMU 7.2.22 is built without usb-redir");
}

static void words_and_crashes(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(
		&w, "[smbios]\noem-string = a, b\noem-string = c\n[machine]\npvpanic = yes\n"
		    "vmcoreinfo = yes\n[console]\nguest-agent = yes\n");

	(void)state;
	values_are(plan, "-smbios", "type=11", "type=11,value=a,, b\ntype=11,value=c\n");
	has(plan, "-device", "pvpanic");
	has(plan, "-device", "vmcoreinfo");
	has(plan, "-chardev", "socket,id=guest-agent,fd=5,server=on,wait=off");
	has(plan, "-device",
	    "virtserialport,id=guest-agent-port,bus=agentbus.0,nr=2,chardev=guest-agent,"
	    "name=org.qemu.guest_agent.0");
	assert_string_equal(plan->fd[2].path, "/run/user/1/vmlaunch/p/guest-agent.sock");
	refusal_says(&w, "[smbios]\noem-string = a\001b\n", "is not of printable characters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(features),
		cmocka_unit_test(firmware_configuration),
		cmocka_unit_test(sound),
		cmocka_unit_test(sound_by_itself),
		cmocka_unit_test(what_shows_a_window),
		cmocka_unit_test(picture_by_vnc_without_egl),
		cmocka_unit_test(windows),
		cmocka_unit_test(picture_by_vnc),
		cmocka_unit_test(streams_on_sockets),
		cmocka_unit_test(usb_of_a_client),
		cmocka_unit_test(words_and_crashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
