/* Gathering what a plan is made from, in stages. Each has the rights that it needs and no more.
 *
 * 1. Who calls. Nothing of the user's has been looked at: the process may be root, by sudo or
 * pkexec, and is so still. It forks the keeper where one may be wanted (only a root process can,
 * without asking for a password) and becomes the user who called, for good.
 * Should: identity_of_caller() alone. Mustn't: open a file that the user named.
 *
 * 2. The profile is read, as that user. For root whom nobody called (a service, a root shell) it is
 * read as root, without a look at the files that it names: what root may read says nothing about
 * the user whom vm.user names, and who that is stands in this very file.
 *
 * 3. Who runs the machine. Root forks the keeper and becomes the profile's user, or is refused
 * where a device of the host's is claimed, or goes on without capabilities. From here on nobody is
 * root who need not be.
 *
 * 4. The files that the profile names are checked, for root only now, with the rights of whoever
 * will open them.
 *
 * 5. Directories, the tree of the host, and whether the machine runs already: told before all else.
 * What a dead keeper has left is given back, as the facts would tell of the host half taken.
 *
 * 6. Facts. Read only, nothing that sleeps is woken. The disks before the devices, as a block
 * device is one; the devices before who holds them; QEMU last, which is a program that runs.
 *
 * 7. What the plan looks into: option ROMs, recorded answers, tables; and programs in PATH.
 *
 * 8. The plan, which is a pure function of all that.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/layout.h"
#include "base/program.h"
#include "base/say.h"
#include "base/text.h"
#include "firmware/rom.h"
#include "firmware/secure_boot.h"
#include "glass_look.h"
#include "profile/keys.h"
#include "run/identity.h"
#include "run/returned.h"
#include "run/version.h"
#include "seat.h"

/* Documentation/ABI/testing/sysfs-block-dm. */
static bool is_mapped(const struct stat *st)
{
	const struct root real = ROOT_REAL;

	return root_exists(&real, "/sys/dev/block/%u:%u/dm", major(st->st_rdev),
			   minor(st->st_rdev));
}

static void find_blocks(struct gathered *g)
{
	const struct items *disks = &g->profile->disk;
	struct stat st;

	for (size_t i = 0; i < disks->n; i++) {
		const struct disk *disk = (const struct disk *)disks->v[i];
		bool writes = disk->media.v == MEDIA_DISK && !disk->read_only.v;

		if (!disk->path.v || stat(disk->path.v, &st) < 0 || !S_ISBLK(st.st_mode))
			continue;
		*xappend(g->block, g->blocks) = (struct plan_block){
			.path = disk->path.v,
			.major = major(st.st_rdev),
			.minor = minor(st.st_rdev),
			.accessible = access(disk->path.v, writes ? R_OK | W_OK : R_OK) == 0,
			.mapped = is_mapped(&st),
		};
	}
}

/* What the disks' first and last bytes say, as far as this user may read them. */
static void find_images(struct gathered *g)
{
	const struct items *disks = &g->profile->disk;

	for (size_t i = 0; i < disks->n; i++) {
		const struct disk *disk = (const struct disk *)disks->v[i];
		struct image *image;

		if (!disk->item.enabled.v || !disk->path.v)
			continue;
		image = image_load(disk->path.v, plan_disk_is_qcow2(disk));
		*xappend(g->image, g->images) = image;
		if (image->qcow2.doubt && plan_disk_is_qcow2(disk))
			say(SAY_WARNING, "%s: %s", image->path, image->qcow2.doubt);
	}
}

char *recorded_version(const char *state_dir)
{
	bool odd;
	char *version = version_recorded(state_dir, &odd);

	if (odd)
		say(SAY_WARNING, "%s/" MACHINE_RECORD " holds no machine version; it is ignored",
		    state_dir);
	return version;
}

void gather_record(struct gathered *g)
{
	own_free char *state = path_join(g->dirs.state, g->profile->vm.name.v);

	g->recorded_machine = recorded_version(state);
}

#define PLAN_FILE_LIMIT (16U << 20)

/* Reads a file that the plan looks into. */
static bool read_for_plan(struct gathered *g, const struct text *path, struct error **err)
{
	own_free char *where = NULL;
	struct plan_file file = {.path = path->v};

	file.data = file_read(path->v, PLAN_FILE_LIMIT, &file.size);
	if (file.data) {
		*xappend(g->file, g->files) = file;
		return true;
	}
	where = origin_text(g->profile, path->at);
	error_errno(err, ERROR_USAGE, errno, "%s: %s", where, path->v);
	return false;
}

/* What is no ROM at all is told before a device is touched; what is wrong with one, by the plan. */
static bool read_rom(struct gathered *g, const struct text *path, struct error **err)
{
	own_free char *where = origin_text(g->profile, path->at), *key = key_text(&path->at);
	struct error *problem = NULL;
	struct rom_report report;
	char *data;

	data = rom_load(path->v, &report, &problem);
	if (!data) {
		error_add(err, ERROR_USAGE, "%s: %s: %s", where, key, error_message(problem, 0));
		error_free(problem);
		return false;
	}
	*xappend(g->file, g->files) = (struct plan_file){path->v, data, report.size};
	return true;
}

static bool read_file(void *context, const struct key *key, const struct text *path,
		      struct error **err)
{
	return (key->flags & KEY_ROM ? read_rom : read_for_plan)(context, path, err);
}

/* Name is the profile's, and stays there. */
static void find_program(struct gathered *g, const char *name)
{
	struct plan_program *program = xappend(g->program, g->programs);

	program->name = name;
	if (!strchr(name, '/'))
		program->path = program_find(name);
	else if (program_check(name) == 0)
		program->path = xstrdup(name);
}

static bool makes_disks(const struct profile *p)
{
	for (size_t i = 0; i < p->disk.n; i++)
		if (p->disk.v[i]->enabled.v && ((const struct disk *)p->disk.v[i])->create.v)
			return true;
	return false;
}

/* It is no program that people call, and not in their PATH. One in QEMU's own directory is the old
 * one in C, of QEMU 7.2 and earlier, which wants root and has other options.
 */
static void find_virtiofsd(struct gathered *g)
{
	struct plan_program *program;

	find_program(g, VIRTIOFSD);
	program = &g->program[g->programs - 1];
	for (size_t i = 0; LAYOUT_HELPERS[i] && !program->path; i++) {
		own_free char *path = path_join(LAYOUT_HELPERS[i], VIRTIOFSD);

		if (!text_ends(LAYOUT_HELPERS[i], "/qemu") && program_check(path) == 0)
			program->path = steal(&path);
	}
}

static void find_passt(struct gathered *g)
{
	struct plan_program *passt;

	find_program(g, PASST);
	passt = &g->program[g->programs - 1];
	passt->vhost_user = passt->path && facts_passt_vhost_user(passt->path);
}

static void find_programs(struct gathered *g, bool ephemeral)
{
	if (g->profile->glass.resolution.width && g->profile->glass.start_client.v)
		find_program(g, g->profile->glass.client.v);
	if (g->profile->display.start_viewer.v)
		find_program(g, REMOTE_VIEWER);
	if (g->profile->display.viewer.v == VIEWER_RDP) {
		find_program(g, XFREERDP3);
		find_program(g, XFREERDP);
		*xappend(g->program, g->programs) = (struct plan_program){
			.name = OURSELVES, .path = realpath("/proc/self/exe", NULL)};
	}
	if (ephemeral || makes_disks(g->profile))
		find_program(g, QEMU_IMG);
	if (g->profile->share.n)
		find_virtiofsd(g);
	if (plan_wants_passt(g->profile))
		find_passt(g);
	if (plan_wants_tpm(g->profile)) {
		find_program(g, SWTPM);
		find_program(g, SWTPM_SETUP);
	}
}

static void add_node(struct gathered *g, const char *path)
{
	/* Of a made-up host nobody may open anything. */
	*xappend(g->node, g->nodes) = (struct plan_node){
		.path = path,
		.accessible = root_is_real(&g->root) && access(path, R_OK | W_OK) == 0,
	};
}

/* Which of the nodes that the profile may want this user may open. */
static void find_nodes(struct gathered *g)
{
	const struct scene *scene = &g->facts.devices;

	free(steal(&g->node));
	g->nodes = 0;
	for (size_t i = 0; g->profile->usb.n && i < scene->usb.n; i++)
		add_node(g, scene->usb.v[i].node);
	if (plan_wants_host_tpm(g->profile))
		add_node(g, HOST_TPM);
	for (size_t i = 0; g->profile->input.n && i < scene->input.n; i++)
		add_node(g, scene->input.v[i].node);
}

/* Of a made-up host nobody has a file here. */
static void find_glass(struct gathered *g)
{
	const struct glass_section *glass = &g->profile->glass;

	if (!glass->resolution.width || !root_is_real(&g->root))
		return;
	g->glass_release = glass_release(g->profile, &g->dirs);
	g->glass_owner = glass_owner(glass->file.v);
}

/* One of these is free for the profile's machine, if nobody has it open. */
static void add_vfs(struct pci_set *set, const struct gathered *g)
{
	const struct pci_list *list = &g->facts.devices.pci;
	bool wanted = false;

	for (size_t i = 0; i < g->profile->gpu.n; i++)
		wanted = wanted || ((const struct gpu *)g->profile->gpu.v[i])->vf.v;
	for (size_t i = 0; wanted && i < list->n; i++)
		if (list->v[i].is_vf)
			pci_set_add(set, &list->v[i]);
}

/* What is known about the host's devices, where the profile has any of them. */
static void gather_devices(struct gathered *g, bool no_devices)
{
	struct scene *scene = &g->facts.devices;
	own_pci_set struct pci_set set = {0};
	bool claims = !no_devices && (g->profile->gpu.n || g->profile->pci.n);

	if (!claims && !g->blocks && !g->profile->usb.n && !g->profile->input.n &&
	    !plan_wants_host_tpm(g->profile))
		return;
	scene_read(scene, &g->root);
	find_nodes(g);
	if (!claims)
		return;
	plan_claims(g->profile, &g->facts, &set, NULL);
	add_vfs(&set, g);
	scene_look(scene, &g->root, set.v, set.n);
	scene_look_mdevs(scene, &g->root);
	if (scene->nodes.n)
		holders_scan(&scene->holders, &g->root, &scene->nodes);
}

static bool ask_qemu(struct gathered *g, struct error **err)
{
	const struct cpu_section *cpu = &g->profile->cpu;

	if (!facts_qemu(&g->facts, g->profile->qemu.binary.v, g->dirs.cache, err))
		return false;
	if (cpu->irqchip.v == IRQCHIP_OFF && cpu->accel.v != ACCEL_TCG)
		facts_irqchip(&g->facts);
	if (plan_wants_screens(g->profile, &g->seat))
		facts_screens(&g->facts, g->dirs.cache);
	return true;
}

/* Whether the profile wants something done to the processors that the guest is pinned to. */
static bool wants_quiet(const struct cpu_section *cpu)
{
	return cpu->isolate.v || cpu->move_irqs.v || cpu->governor.v || cpu->preference.v ||
	       cpu->realtime.v;
}

void gather_firmware(struct gathered *g)
{
	const struct firmware_places places = {
		.root = &g->root,
		.config_dir = g->dirs.config,
		.qemu_dir = g->facts.qemu.data_dirs.name,
		.qemu_dirs = g->facts.qemu.data_dirs.n,
		.data_dirs = getenv("XDG_DATA_DIRS"),
	};

	firmware_find(&g->firmware, &places);
	for (size_t i = 0; i < g->firmware.skips; i++)
		say(SAY_DEBUG, "firmware: %s", g->firmware.skipped[i]);
}

/* Takes over path and fd, of a store that may not be there; false if it is not. */
static bool look_into_store(struct gathered *g, char *path, int fd)
{
	own_fd int store = fd;

	if (fd < 0) {
		free(path);
		return false;
	}
	*xappend(g->store, g->stores) =
		(struct plan_store){.path = path, .missing = secure_boot_missing_in(store)};
	return true;
}

/* Stores whose keys count: with Secure Boot, the machine's own, else those that it may get. */
static void find_stores(struct gathered *g)
{
	static const char *const file[] = {"vars.fd", "vars.qcow2"};
	const struct firmware_section *f = &g->profile->firmware;
	own_free char *state = path_join(g->dirs.state, g->profile->vm.name.v);
	bool has_own = false;

	if (!f->uefi.v || !f->secure_boot.v)
		return;
	for (size_t i = 0; !f->reset_vars.v && i < ARRAY_SIZE(file); i++) {
		char *path = path_join(state, file[i]);

		has_own |= look_into_store(g, path, root_open(&ROOT_REAL, path, O_RDONLY));
	}
	if (has_own)
		return;
	if (f->vars.v)
		look_into_store(g, xstrdup(f->vars.v), root_open(&ROOT_REAL, f->vars.v, O_RDONLY));
	for (size_t i = 0; i < g->firmware.n; i++) {
		const struct firmware *fw = &g->firmware.item[i];

		if (fw->secure_boot)
			look_into_store(g, xstrdup(fw->vars),
					root_open(&g->root, fw->vars, O_RDONLY));
	}
}

/* What runs already is told before all else that could be said of a start. */
static bool look_first(const struct gathered *g, enum purpose purpose, struct error **err)
{
	own_free char *instance = xasprintf("%s%s", g->profile->vm.name.v,
					    purpose == PURPOSE_PROBE ? PROBE_SUFFIX : "");
	own_free char *dir = path_join(g->dirs.runtime, instance);

	return lock_look(dir, err);
}

/* What a keeper that is at work changes. */
static void look_at_host(struct gathered *g, const struct gather_for *what)
{
	facts_collect(&g->facts, &g->root);
	find_blocks(g);
	gather_devices(g, what->no_devices);
	if (wants_quiet(&g->profile->cpu))
		quiet_collect(&g->facts.quiet, &g->root);
}

/* Whether the profile wants a device of the host's, or one that is made there. */
static bool claims_device(const struct profile *p)
{
	const struct items *kinds[] = {&p->gpu, &p->pci};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t i = 0; i < kinds[k]->n; i++)
			if (kinds[k]->v[i]->enabled.v)
				return true;
	return plan_makes_interface(p);
}

/* A keeper that died, with its vmlaunch, may have left devices and memory that this machine wants:
 * where that is likely, they are given back before the host is looked at, as a plan of what it is
 * until then would fail. Root's keeper costs no question; else somebody is asked for a password, a
 * moment sooner than for the start itself.
 */
static bool give_back_first(struct gathered *g, const struct gather_for *what, struct error **err)
{
	bool wanted = g->keeper >= 0 ||
		      (claims_device(g->profile) && !returned_is_explained(g->dirs.runtime));

	return !what->acts || what->no_devices || returned_all() || !wanted ||
	       machine_open_link(&g->link, steal_fd(&g->keeper), err);
}

bool saw_all(struct error **err)
{
	if (!root_shortages())
		return true;
	error_errno(err, ERROR_HOST, root_shortage(), "cannot look at the host");
	return false;
}

static bool gather_facts(struct gathered *g, const char *host_root, const struct gather_for *what,
			 struct error **err)
{
	if (!dirs_find(&g->dirs, err) || !root_init(&g->root, host_root, err) ||
	    (what->acts && !look_first(g, what->purpose, err)) || !give_back_first(g, what, err))
		return false;
	find_images(g);
	gather_record(g);
	look_at_host(g, what);
	if (what->places)
		return true;
	g->seat = seat_find(&g->root);
	if (!ask_qemu(g, err))
		return false;
	gather_firmware(g);
	find_stores(g);
	return true;
}

bool gather(struct gathered *g, const struct arguments *args, const struct gather_for *what,
	    struct error **err)
{
	size_t sets;
	own_free char **set = argument_options(args, "set", &sets);
	int *keeper = what->acts ? &g->keeper : NULL;
	bool looks = what->looks || what->places;
	bool ephemeral = argument_option(args, "ephemeral");
	bool root;

	if (!identity_of_caller(keeper, err))
		return false;
	/* What root may read says nothing about the user that the profile names. */
	root = geteuid() == 0;
	g->profile = (root || looks ? profile_load_unchecked : profile_load)(
		args->word[0], argument_option(args, "variant"), set, sets, err);
	if (!g->profile ||
	    !identity_of_profile(g->profile->vm.user.v,
				 what->acts && !what->no_devices && claims_device(g->profile),
				 keeper, err) ||
	    (root && !looks && !profile_check_files(g->profile, err)) ||
	    !gather_facts(g, argument_option(args, "host-root"), what, err))
		return false;
	if (!what->places && !profile_paths(g->profile, KEY_LOADED, read_file, g, err))
		return false;
	find_programs(g, ephemeral);
	find_glass(g);
	if (what->acts && !saw_all(err))
		return false;
	g->input = (struct plan_input){
		.glass_release = g->glass_release,
		.glass_owner = g->glass_owner,
		.file = g->file,
		.files = g->files,
		.profile = g->profile,
		.facts = &g->facts,
		.firmware = &g->firmware,
		.dirs = &g->dirs,
		.recorded_machine = g->recorded_machine,
		.image = g->image,
		.images = g->images,
		.block = g->block,
		.blocks = g->blocks,
		.node = g->node,
		.nodes = g->nodes,
		.store = g->store,
		.stores = g->stores,
		.program = g->program,
		.programs = g->programs,
		.seat = g->seat,
		.no_devices = what->no_devices,
		.is_root = geteuid() == 0,
		.ephemeral = ephemeral,
		.purpose = what->purpose,
		.probe_program = what->probe_program,
		.probe_parameters = what->probe_parameters,
	};
	g->plan = (what->places ? plan_place : plan_compose)(&g->input, err);
	return g->plan;
}

bool gather_anew(struct gathered *g, struct error **err)
{
	const struct gather_for what = {.purpose = PURPOSE_RUN};

	facts_free(&g->facts);
	free(steal(&g->block));
	g->blocks = 0;
	look_at_host(g, &what);
	if (!ask_qemu(g, err))
		return false;
	g->input.node = g->node;
	g->input.nodes = g->nodes;
	g->input.block = g->block;
	g->input.blocks = g->blocks;
	return true;
}

void gathered_free(struct gathered *g)
{
	plan_free(g->plan);
	link_close(&g->link, NULL);
	close_fd(&g->keeper);
	for (size_t i = 0; i < g->files; i++)
		free(g->file[i].data);
	free(g->file);
	free(g->block);
	free(g->node);
	seat_free(&g->seat);
	free(g->glass_release);
	free(g->glass_owner);
	for (size_t i = 0; i < g->images; i++)
		image_free(g->image[i]);
	free(g->image);
	for (size_t i = 0; i < g->stores; i++) {
		free(g->store[i].path);
		free(g->store[i].missing);
	}
	free(g->store);
	for (size_t i = 0; i < g->programs; i++)
		free(g->program[i].path);
	free(g->program);
	free(g->recorded_machine);
	firmware_list_free(&g->firmware);
	facts_free(&g->facts);
	dirs_free(&g->dirs);
	root_done(&g->root);
	profile_free(g->profile);
	*g = GATHERED_NONE;
}
