/* Composing Looking Glass and SPICE from hand-made facts. */
#include "plan_world.h"

#define QHD "[looking-glass]\nresolution = 2560x1440\n"
#define SHM "/dev/shm/looking-glass"

/* The sizes that Looking Glass' own page names. */
static void sizes(void **state)
{
	static const struct {
		uint64_t width, height, mib;
	} row[] = {
		{1920, 1080, 32},  {1920, 1200, 32},  {2560, 1440, 64},	 {3440, 1440, 64},
		{3840, 2160, 128}, {5120, 2880, 256}, {7680, 4320, 512},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_int_equal(glass_size(row[i].width, row[i].height), row[i].mib * MIB);
	/* Just full; and one pixel more to a row, which is rounded up to 256 bytes. */
	assert_int_equal(glass_size(2560, 2048), 64 * MIB);
	assert_int_equal(glass_size(2560, 2030), 64 * MIB);
	assert_int_equal(glass_size(2561, 2030), 128 * MIB);
}

static const struct prepare *shared(const struct plan *plan)
{
	for (size_t i = 0; i < plan->prepares; i++)
		if (plan->prepare[i].kind == PREPARE_SHARED ||
		    plan->prepare[i].kind == PREPARE_DEVICE)
			return &plan->prepare[i];
	return NULL;
}

#define SOCKET "/run/user/1/vmlaunch/p/spice.sock"
#define VIEWER "picture, sound and input: remote-viewer spice+unix://" SOCKET "\n"
#define CLIENT "/usr/bin/looking-glass-client"

static const struct plan_program programs[] = {{"looking-glass-client", S(CLIENT)},
					       {"remote-viewer", S("/usr/bin/remote-viewer")}};

/* A session with a display, and the programs that show things there. */
static struct world desktop(void)
{
	struct world w = world();

	w.in.program = programs;
	w.in.programs = ARRAY_SIZE(programs);
	w.in.seat.screen = true;
	return w;
}

static void companion_is(const struct plan *plan, const char *want)
{
	own_buf struct buf words = {0};

	assert_int_equal(plan->companions, 1);
	for (size_t i = 0; i < plan->companion[0].args; i++)
		buf_addf(&words, "%s\n", plan->companion[0].argv[i]);
	assert_string_equal(words.data, want);
}

/* file: the one that we make, NULL: kvmfr. */
static void memory_is(struct world *w, const char *text, uint64_t mib, const char *file,
		      const char *notes)
{
	own_plan struct plan *plan = planned(w, text);
	own_free char *want =
		xasprintf("memory-backend-file,id=looking-glass,mem-path=%s,size=%llu,share=on",
			  file ? file : "/dev/kvmfr0", mib * MIB);

	has(plan, "-object", want);
	has(plan, "-device", "ivshmem-plain,id=glass,memdev=looking-glass,bus=pcie.0,addr=10.0");
	notes_are(plan, notes);
	assert_int_equal(shared(plan)->kind, file ? PREPARE_SHARED : PREPARE_DEVICE);
	assert_string_equal(shared(plan)->path, file ? file : "/dev/kvmfr0");
	assert_int_equal(shared(plan)->size, mib * MIB);
}

static void a_file(void **state)
{
	struct world w = desktop();
	own_plan struct plan *without = planned(&w, "[looking-glass]\nbackend = shm\n");
	own_plan struct plan *plan = planned(&w, QHD), *comma = NULL;
	own_plan struct plan *none = planned(&w, "[looking-glass]\nresolution = none\n");

	(void)state;
	lacks(none, "-device", "ivshmem-plain");
	lacks(without, "-object", "memory-backend-file");
	lacks(without, "-device", "ivshmem-plain");
	lacks(without, "-spice", NULL);
	memory_is(&w, QHD, 64, SHM, "");
	memory_is(&w, "[looking-glass]\nresolution = 3840x2160\nfile = /dev/shm/of mine\n", 128,
		  "/dev/shm/of mine", "");
	comma = planned(&w, QHD "file = /dev/shm/a, b\n");
	has(comma, "-object",
	    "memory-backend-file,id=looking-glass,mem-path=/dev/shm/a,, b,size=67108864,share=on");
	assert_string_equal(shared(comma)->path, "/dev/shm/a, b");
	/* Neither a balloon nor a tablet. */
	for (size_t i = 0; i < plan->arguments; i++) {
		const char *value = plan->argument[i].value;

		assert_false(value && (strstr(value, "balloon") || strstr(value, "tablet")));
	}
	assert_string_equal(find(plan, "-device", "ivshmem-plain")->cause.at, "p.ini:2:14");
	misread("[looking-glass]\nresolution = 2560*1440\n",
		"p.ini:2:14: looking-glass.resolution: '2560*1440' is not none or a resolution "
		"such as "
		"2560x1440\n");
}

static void a_size_by_the_profile(void **state)
{
	struct world w = desktop();

	(void)state;
	memory_is(&w, QHD "size = 128M\n", 128, SHM, "");
	memory_is(&w, QHD "size = 32M\n", 32, SHM,
		  "looking-glass.size: 32 MiB are too little for 2560x1440, which needs 64 MiB\n");
	/* QEMU would end with an assertion. */
	refused(&w, QHD "size = 96M\n", ERROR_USAGE,
		"p.ini:3:8: looking-glass.size: not a power of two\n");
}

static void the_module(void **state)
{
	struct world w = desktop();

	(void)state;
	w.facts.glass =
		(struct glass_facts){.kvmfr = true, .kvmfr_open = true, .kvmfr_size = 64 * MIB};
	memory_is(&w, QHD, 64, NULL, "");
	memory_is(&w, QHD "backend = kvmfr\n", 64, NULL, "");
	memory_is(&w, QHD "backend = shm\n", 64, SHM, "");
	/* Of unknown size: it is believed. */
	w.facts.glass.kvmfr_size = 0;
	memory_is(&w, QHD, 64, NULL, "");
	memory_is(&w, QHD "backend = kvmfr\n", 64, NULL, "");
}

static void the_module_is_too_small(void **state)
{
	struct world w = desktop();

	(void)state;
	w.facts.glass =
		(struct glass_facts){.kvmfr = true, .kvmfr_open = true, .kvmfr_size = 32 * MIB};
	memory_is(&w, QHD, 64, SHM,
		  "/dev/kvmfr0 has 32 MiB, 64 are needed: a plain file takes its place; load kvmfr "
		  "with static_size_mb=64 to have it\n");
	memory_is(&w, QHD "backend = shm\n", 64, SHM, "");
	refused(&w, QHD "backend = kvmfr\n", ERROR_HOST,
		"p.ini:3:11: looking-glass.backend: /dev/kvmfr0 has 32 MiB, 64 are needed: load "
		"kvmfr with static_size_mb=64\n");
}

#define CLOSED                                                                              \
	"you may not open /dev/kvmfr0: a plain file takes its place; a rule of udev's, or " \
	"looking-glass.backend = kvmfr, changes that\n"
#define WITH_GPU "[gpu]\ndevice = 10de:2820\n"

static void the_module_is_closed(void **state)
{
	struct world w = desktop();
	own_plan struct plan *without = NULL, *with = NULL, *word = NULL;

	(void)state;
	w.facts.glass = (struct glass_facts){.kvmfr = true};
	/* Nobody is asked for a password for this alone, but by the profile's word. */
	memory_is(&w, QHD, 64, SHM, CLOSED);
	memory_is(&w, QHD "backend = shm\n", 64, SHM, "");
	memory_is(&w, QHD "backend = kvmfr\n", 64, NULL, "");
	memory_is(&w, QHD WITH_GPU, 64, NULL, "");
	without = planned(&w, QHD);
	assert_int_equal(without->steps, 0);
	word = planned(&w, QHD "backend = kvmfr\n");
	assert_int_equal(word->steps, 1);
	assert_int_equal(word->step[0].intent.kind, STEP_GRANT);
	assert_int_equal(word->step[0].intent.grant.node, NODE_KVMFR);
	assert_int_equal(word->step[0].intent.grant.a, 0);
	assert_string_equal(word->step[0].cause.at, "p.ini:3:11");
	lines_are(word, STEP_GRANT, "setfacl -m u:$USER:rw /dev/kvmfr0\n");
	with = planned(&w, QHD WITH_GPU);
	assert_int_equal(with->step[with->steps - 1].intent.grant.node, NODE_KVMFR);
	w.in.no_devices = true;
	memory_is(&w, QHD "backend = kvmfr\n" WITH_GPU, 64, SHM, CLOSED);
	w.in.no_devices = false;
	w.facts.glass.kvmfr_open = true;
	own_plan struct plan *open = planned(&w, QHD "backend = kvmfr\n");
	assert_int_equal(open->steps, 0);
}

static void the_module_is_absent(void **state)
{
	struct world w = desktop();

	(void)state;
	refused(&w, QHD "backend = kvmfr\n", ERROR_HOST,
		"p.ini:3:11: looking-glass.backend: there is no device /dev/kvmfr0: load the "
		"module "
		"kvmfr with static_size_mb=64\n");
	/* A file that QEMU made there when the module was late. */
	w.facts.glass.kvmfr_stale = true;
	memory_is(&w, QHD, 64, SHM,
		  "/dev/kvmfr0 is no device but a file that somebody's QEMU made: remove it, and "
		  "load the module kvmfr before\n");
	refused(&w, QHD "backend = kvmfr\n", ERROR_HOST,
		"p.ini:3:11: looking-glass.backend: there is no device /dev/kvmfr0: load the "
		"module "
		"kvmfr with static_size_mb=64\n");
}

/* ------------------------------------------------------------------ SPICE */

#define SPICE                                                                  \
	"unix=on,addr=/run/user/1/vmlaunch/p/spice.sock,disable-ticketing=on," \
	"image-compression=off"

#define VIDEO "VGA,id=video,bus=pcie.0,addr=1c.0"
#define RNG "virtio-rng-pci,id=rng0,bus=pcie.0,addr=1d.0,rng=rng,disable-legacy=on"
/* The USB controller that each machine has, where nothing comes before it. */
#define XHCI                                                                                  \
	"pcie-root-port,id=port10,bus=pcie.0,addr=02.0,chassis=16,port=16,multifunction=on\n" \
	"qemu-xhci,id=usb,bus=port10,p2=15,p3=15\n"

static void spice(void **state)
{
	struct world w = desktop();
	own_plan struct plan *plan =
		planned(&w, "[display]\ntype = spice\nvideo = no\n[network]\n");

	(void)state;
	has(plan, "-spice", SPICE);
	notes_are(plan, VIEWER);
	has(plan, "-display", "none"); /* no window of QEMU's own */
	has(plan, "-chardev", "spicevmc,id=agent,name=vdagent");
	has(plan, "-audiodev", "spice,id=sound");
	/* Behind the other devices' ports. */
	values_are(plan, "-device", "",
		   "pcie-root-port,id=port10,bus=pcie.0,addr=02.0,chassis=16,port=16,"
		   "multifunction=on\n"
		   "virtio-net-pci,id=network,bus=port10,addr=00.0,netdev=network,"
		   "mac=52:54:00:ef:9c:38,romfile=\n"
		   "pcie-root-port,id=port11,bus=pcie.0,addr=02.1,chassis=17,port=17\n"
		   "virtio-serial-pci,id=agentbus,bus=port11\n"
		   "virtserialport,id=agentport,bus=agentbus.0,nr=1,chardev=agent,"
		   "name=com.redhat.spice.0\n"
		   "pcie-root-port,id=port12,bus=pcie.0,addr=02.2,chassis=18,port=18\n"
		   "qemu-xhci,id=usb,bus=port12,p2=15,p3=15\n"
		   "usb-mouse,id=mouse,bus=usb.0,port=1\n"
		   "usb-kbd,id=keyboard,bus=usb.0,port=2\n"
		   "ich9-intel-hda,id=hda,bus=pcie.0,addr=1b.0\n"
		   "hda-duplex,id=codec,bus=hda.0,audiodev=sound\n" RNG "\n");
}

static void when_there_is_spice(void **state)
{
	struct world w = desktop();
	own_plan struct plan *plain = planned(&w, ""), *glass = planned(&w, QHD);
	own_plan struct plan *none = planned(&w, QHD "[display]\ntype = none\n");
	own_plan struct plan *no_mouse = planned(&w, "[display]\ntype = spice\nusb-mouse = no\n");
	own_plan struct plan *video = planned(&w, "[display]\nvideo = yes\n");

	(void)state;
	lacks(plain, "-spice", NULL);
	values_are(plain, "-device", "", XHCI RNG "\n");
	has(glass, "-spice", SPICE);
	lacks(none, "-spice", NULL);
	values_are(none, "-device", "",
		   XHCI "ivshmem-plain,id=glass,memdev=looking-glass,bus=pcie.0,addr=10.0\n" RNG
			"\n");
	has(no_mouse, "-spice", SPICE);
	lacks(no_mouse, "-device", "usb-");
	values_are(video, "-device", "", VIDEO "\n" XHCI RNG "\n");
	assert_string_equal(find(video, "-device", "VGA")->cause.key, "display.video");
}

/* SPICE is a package of its own: asked for in vain, and Looking Glass without it. */
static void without_spice(void **state)
{
	struct world w = desktop();
	own_plan struct plan *glass = NULL, *none = NULL;

	(void)state;
	w.facts.qemu.offers[QEMU_OPTIONS] = (struct qemu_names){(char **)WORLD_NOTHING, 0};
	refusal_says(&w, "[display]\ntype = spice\n",
		     "p.ini:2:8: display.type = spice: QEMU 7.2.22 has no SPICE here: install "
		     "QEMU's part for it (qemu-system-modules-spice on Debian");
	glass = planned(&w, QHD);
	lacks(glass, "-spice", NULL);
	lacks(glass, "-audiodev", NULL);
	assert_non_null(strstr(glass->note[0], "Looking Glass has neither sound nor mouse"));
	none = planned(&w, "[display]\ntype = none\n");
	notes_are(none, "");
}

/* Something to see, where there is somewhere to see it and no GPU whose picture it would spoil. */
static void when_there_is_video(void **state)
{
	static const struct {
		const char *text;
		bool video;
	} row[] = {
		{"", false},
		{"[display]\ntype = spice\n", true},
		{"[display]\ntype = spice\nvideo = no\n", false},
		{"[display]\ntype = spice\n" WITH_GPU, false},
		{"[display]\ntype = spice\nvideo = yes\n" WITH_GPU, true},
		{"[display]\ntype = spice\n" WITH_GPU "enabled = no\n", true},
		{QHD, true},
		{QHD WITH_GPU, false},
		{"[display]\ntype = none\nvideo = yes\n", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		for (int left_out = 0; left_out <= 1; left_out++) {
			struct world w = desktop();
			own_plan struct plan *plan = NULL;

			w.in.no_devices = left_out;
			plan = planned(&w, row[i].text);
			if (row[i].video)
				has(plan, "-device", VIDEO);
			else
				lacks(plan, "-device", "VGA");
		}
	}
}

static void gl(void **state)
{
	struct world w = desktop();
	own_plan struct plan *yes = planned(&w, "[display]\ntype = spice\ngl = yes\n");
	own_plan struct plan *node =
		planned(&w, "[display]\ntype = spice\nrender-node = /dev/null\n");
	own_plan struct plan *no =
		planned(&w, "[display]\ntype = spice\ngl = no\nrender-node = /dev/null\n");
	own_plan struct plan *none = planned(&w, "[display]\nrender-node = /dev/null\n");

	(void)state;
	has(yes, "-spice", SPICE ",gl=on");
	has(node, "-spice", SPICE ",gl=on,rendernode=/dev/null");
	has(no, "-spice", SPICE);
	notes_are(no, "display.render-node is not used: display.gl = no\n" VIEWER);
	notes_are(none, "display.render-node is not used: there is no display\n");
	refused(&w, "[display]\ngl = yes\n", ERROR_USAGE,
		"p.ini:2:6: display.gl needs display.type: there is no display that is drawn\n");
}

/* ------------------------------------------------------------------ viewers */

#define SPICE_WORDS "spice:host=" SOCKET "\nspice:port=0\n"

static void the_client(void **state)
{
	struct world w = desktop();
	own_plan struct plan *plan = planned(&w, QHD), *named = NULL, *odd = NULL, *mute = NULL;
	static const struct plan_program mine[] = {{"/opt/my glass", S("/opt/my glass")}};
	const struct plan_companion *client = &plan->companion[0];

	(void)state;
	companion_is(plan, CLIENT "\napp:shmFile=" SHM "\n" SPICE_WORDS);
	notes_are(plan, "");
	assert_string_equal(client->name, "looking-glass-client");
	assert_string_equal(client->log,
			    "/home/u/.local/state/vmlaunch/p/looking-glass-client.log");
	assert_int_equal(client->when, COMPANION_RUNNING);
	assert_string_equal(client->cause.key, "looking-glass.start-client");
	assert_string_equal(client->cause.at, "default");
	odd = planned(&w, QHD "file = /dev/shm/a, b=c\nstart-client = yes\n");
	companion_is(odd, CLIENT "\napp:shmFile=/dev/shm/a, b=c\n" SPICE_WORDS);
	assert_string_equal(odd->companion[0].cause.at, "p.ini:4:16");
	mute = planned(&w, QHD "[display]\ntype = none\n");
	companion_is(mute, CLIENT "\napp:shmFile=" SHM "\nspice:enable=no\n");
	w.facts.glass =
		(struct glass_facts){.kvmfr = true, .kvmfr_open = true, .kvmfr_size = 64 * MIB};
	w.in.program = mine;
	w.in.programs = 1;
	named = planned(&w, QHD "client = /opt/my glass\n");
	companion_is(named, "/opt/my glass\napp:shmFile=/dev/kvmfr0\n" SPICE_WORDS);
	assert_string_equal(named->companion[0].name, "my glass");
}

/* Then it is said how to start it by hand. */
/* One of another release than the guest part shows nothing; today's needs no SPICE beside it. */
static void the_clients_release(void **state)
{
	struct world w = desktop();
	own_plan struct plan *old = NULL, *new = NULL, *heard = NULL;
	bool told = false;

	(void)state;
	w.in.seat.sound[SOUND_PIPEWIRE] = true;
	w.in.glass_release = "B7";
	old = planned(&w, QHD "[sound]\ntype = pipewire\n");
	for (size_t i = 0; i < old->notes; i++)
		told |= text_starts(
			old->note[i],
			"the client of the last start is Looking Glass B7, which shows");
	assert_true(told);
	assert_non_null(find(old, "-spice", NULL));
	w.in.glass_release = "B7-377-g1234";
	new = planned(&w, QHD "[sound]\ntype = pipewire\n");
	lacks(new, "-spice", NULL);
	companion_is(new, CLIENT "\napp:shmFile=" SHM "\nspice:enable=no\n");
	for (size_t i = 0; i < new->notes; i++)
		assert_null(strstr(new->note[i], "Looking Glass"));
	/* The guest's sound goes by SPICE unless the profile says otherwise. */
	heard = planned(&w, QHD);
	assert_non_null(find(heard, "-spice", NULL));
}

/* Builds of git say how far they are behind a release, and what comes before one has its name. */
static void which_releases_are_old(void **state)
{
	static const char *const old[] = {"B5.0.1",	 "B6",	   "B6-rc2-14-g12ab34",
					  "B6-112-g1a2", "B7-rc1", "B7-rc1-3-gabc"};
	static const char *const others[] = {"B7-377-g1234", "B8", "B10", "B8-rc1", "B", "", "7"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		own_free char *words = plan_glass_old(old[i]);

		assert_non_null(words);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_null(plan_glass_old(others[i]));
	assert_null(plan_glass_old(NULL));
}

static void a_section_without_a_resolution(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL;

	(void)state;
	plan = planned(&w, "[looking-glass]\nsize = 128M\n");
	lacks(plan, "-device", "ivshmem-plain");
	notes_are(
		plan,
		"[looking-glass] has no effect without looking-glass.resolution, that of the guest's screen (such as 2560x1440)\n");
}

static void somebody_elses_file(void **state)
{
	struct world w = desktop();

	(void)state;
	w.in.glass_owner = "root";
	refusal_says(&w, QHD, "the shared memory " SHM " is there already and belongs to root");
	refusal_says(&w, QHD, "remove it (sudo rm " SHM "), or name another file");
	/* The module's device is no file. */
	w.facts.glass =
		(struct glass_facts){.kvmfr = true, .kvmfr_open = true, .kvmfr_size = 64 * MIB};
	plan_free(planned(&w, QHD));
}

static void no_client(struct world *w, const char *text, const char *notes)
{
	own_plan struct plan *plan = planned(w, text);

	assert_int_equal(plan->companions, 0);
	notes_are(plan, notes);
}

#define BY_HAND                                                               \
	"picture, sound and input: looking-glass-client app:shmFile=" SHM " " \
	"spice:host=" SOCKET " spice:port=0\n"

static void when_there_is_no_client(void **state)
{
	struct world w = desktop();

	(void)state;
	no_client(&w, "", "");
	no_client(&w, QHD "start-client = no\n", BY_HAND);
	w.in.seat.screen = false;
	no_client(&w, QHD,
		  "neither WAYLAND_DISPLAY nor DISPLAY is set: looking-glass-client has no place "
		  "to show a window\n" BY_HAND);
	w = world();
	w.in.seat.screen = true;
	no_client(&w, QHD,
		  "there is no program looking-glass-client: install Looking Glass' client "
		  "(looking-glass from the AUR on Arch; looking-glass-client on NixOS; else built "
		  "from its source: https://looking-glass.io/docs), or say with "
		  "looking-glass.client where it is\n" BY_HAND);
	/* The guest's-eye program draws nothing. */
	w = desktop();
	w.in.purpose = PURPOSE_PROBE;
	w.in.probe_program = "/probe.efi";
	w.in.probe_parameters = "";
	no_client(&w, QHD, "");
}

static void the_spice_viewer(void **state)
{
	struct world w = desktop();
	own_plan struct plan *plan = planned(&w, "[display]\ntype = spice\nstart-viewer = yes\n");

	(void)state;
	companion_is(plan, "/usr/bin/remote-viewer\nspice+unix://" SOCKET "\n");
	assert_string_equal(plan->companion[0].cause.at, "p.ini:3:16");
	notes_are(plan, "");
	no_client(&w, "[display]\nstart-viewer = yes\n",
		  "display.start-viewer: there is no SPICE to look at; display.type = spice\n");
	own_plan struct plan *both = planned(&w, QHD "[display]\nstart-viewer = yes\n");
	notes_are(both, "display.start-viewer: Looking Glass' client takes its place\n");
	assert_string_equal(both->companion[0].name, "looking-glass-client");
	w = world();
	w.in.seat.screen = true;
	no_client(&w, "[display]\ntype = spice\nstart-viewer = yes\n",
		  "there is no program remote-viewer: install remote-viewer (virt-viewer on Debian "
		  "and Ubuntu, Fedora, Arch, openSUSE, NixOS; app-emulation/virt-viewer on "
		  "Gentoo)\n" VIEWER);
	w.facts.distribution = DISTRIBUTION_SUSE;
	no_client(&w, "[display]\ntype = spice\nstart-viewer = yes\n",
		  "there is no program remote-viewer: install remote-viewer (sudo zypper install "
		  "virt-viewer)\n" VIEWER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(a_file),
		cmocka_unit_test(a_size_by_the_profile),
		cmocka_unit_test(the_module),
		cmocka_unit_test(the_module_is_too_small),
		cmocka_unit_test(the_module_is_closed),
		cmocka_unit_test(the_module_is_absent),
		cmocka_unit_test(spice),
		cmocka_unit_test(when_there_is_spice),
		cmocka_unit_test(without_spice),
		cmocka_unit_test(when_there_is_video),
		cmocka_unit_test(gl),
		cmocka_unit_test(the_client),
		cmocka_unit_test(the_clients_release),
		cmocka_unit_test(which_releases_are_old),
		cmocka_unit_test(a_section_without_a_resolution),
		cmocka_unit_test(somebody_elses_file),
		cmocka_unit_test(when_there_is_no_client),
		cmocka_unit_test(the_spice_viewer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
