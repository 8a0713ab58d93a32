/* The GPUs that a guest could get: each obstacle is obstacles_of()'s, and only sorted here. */
#include "parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/tongue.h"

/* ------------------------------------------------------------------ which GPUs */

static bool is_boot_screen(const struct pci_function *f)
{
	return f->boot_vga;
}

static void add_displays(struct pci_set *set, const struct scene *scene, int round)
{
	for (size_t i = 0; i < scene->pci.n; i++) {
		const struct pci_function *f = &scene->pci.v[i];

		if (!pci_is_display(f) || f->is_vf)
			continue;
		if (round == 0	 ? pci_is_guest_gpu(&scene->pci, f)
		    : round == 1 ? !is_boot_screen(f)
				 : true)
			pci_set_add(set, f);
	}
}

void doctor_choose_gpus(struct pci_set *set, const struct scene *scene)
{
	for (int round = 0; round < 3 && !set->n; round++)
		add_displays(set, scene, round);
}

/* ------------------------------------------------------------------ sorting */

static void address_of(const struct pci_function *f, char text[PCI_ADDRESS_SIZE])
{
	pci_address_format(&f->address, text);
}

/* Where a holder's nodes begin in its text: "game (pid 3000, user anna, /dev/nvidia0)". */
static size_t before_node(const struct obstacle *o)
{
	const char *node = strstr(o->text, ", /");

	return o->kind == OBSTACLE_HOLDER && node ? (size_t)(node - o->text) : 0;
}

/* Whether the obstacle is the same process with another node. */
static bool is_repeated(const struct obstacles *all, size_t i)
{
	const struct obstacle *o = &all->v[i];
	size_t len = before_node(o);

	for (size_t k = 0; len && k < i; k++)
		if (all->v[k].function == o->function && before_node(&all->v[k]) == len &&
		    strncmp(all->v[k].text, o->text, len) == 0)
			return true;
	return false;
}

/* The sentence without the remedy, as a plan's refusal has it; of a holder, without its nodes. */
static char *sentence_of(const struct obstacle *o)
{
	size_t len = before_node(o);
	own_free char *text = len ? xasprintf("%.*s)", (int)len, o->text) : xstrdup(o->text);
	const struct obstacle bare = {o->kind, o->function, text, NULL};

	return obstacle_sentence(&bare);
}

static char *sysfs_of(const struct pci_function *f, const char *name)
{
	char address[PCI_ADDRESS_SIZE];

	address_of(f, address);
	return xasprintf("/sys/bus/pci/devices/%s%s%s", address, *name ? "/" : "", name);
}

/* The nodes that the same process has of the function, with ", " between. */
static char *nodes_of(const struct obstacles *all, size_t i)
{
	size_t len = before_node(&all->v[i]);
	struct buf nodes = {0};

	for (size_t k = i; len && k < all->n; k++) {
		const char *text = all->v[k].text;

		if (all->v[k].function != all->v[i].function || before_node(&all->v[k]) != len ||
		    strncmp(text, all->v[i].text, len) != 0)
			continue;
		text += len + strlen(", ");
		buf_addf(&nodes, "%s%.*s", nodes.len ? ", " : "", (int)strcspn(text, ")"), text);
	}
	return nodes.len ? buf_steal(&nodes) : NULL;
}

/* Tells the obstacles of these kinds (bits 1 << kind); false if there are none. */
static bool tell_obstacles(struct examination *e, const struct patient_gpu *gpu, uint64_t kinds,
			   const char *attribute)
{
	bool any = false;

	for (size_t i = 0; i < gpu->obstacles.n; i++) {
		const struct obstacle *o = &gpu->obstacles.v[i];
		own_free char *cause = NULL, *file = NULL, *nodes = NULL;

		if (!(kinds >> o->kind & 1) || !o->function || is_repeated(&gpu->obstacles, i))
			continue;
		cause = sentence_of(o);
		file = sysfs_of(o->function, attribute);
		nodes = nodes_of(&gpu->obstacles, i);
		found(e, HEALTH_PROBLEM, nodes ? "/proc/PID/fd" : file, nodes,
		      o->remedy ? xstrdup(o->remedy) : NULL, "%s", cause);
		any = true;
	}
	return any;
}

#define KIND(name) (1UL << OBSTACLE_##name)

/* ------------------------------------------------------------------ the checks */

/* PCI Code and ID Assignment Specification 1.11, 1.4: a 3D controller need not have an output. */
void judge_gpu(struct examination *e)
{
	const struct patient *p = e->patient;

	if (!p->gpus && !p->profile)
		found(e, HEALTH_NOTE, "/sys/bus/pci/devices", "no display controller", NULL,
		      "this host has no GPU that a guest could get");
	for (size_t i = 0; i < p->gpus; i++) {
		const struct pci_function *f = p->gpu[i].f;
		own_free char *file = sysfs_of(f, "class"), *value = xasprintf("0x%06x", f->class);
		char address[PCI_ADDRESS_SIZE];

		address_of(f, address);
		if (!pci_is_display(f))
			continue;
		found(e, HEALTH_NOTE, file, value, NULL,
		      f->class >> 8 == 0x0300
			      ? "%s [%04x:%04x] is a VGA controller, which may have outputs: a screen on one of them shows the guest, else Looking Glass with its virtual display, or RDP"
			      : "%s [%04x:%04x] is a 3D controller, which has no outputs: the guest is seen by Looking Glass with its virtual display, or by RDP",
		      address, f->vendor, f->device);
	}
}

void judge_mux(struct examination *e)
{
	const struct setup_facts *setup = e->patient->setup;
	static const char how[] =
		"choose hybrid or Optimus in the firmware setup, or by 'supergfxctl -m Hybrid', and restart";

	if (setup->gpu_off_file && setup->gpu_off)
		found(e, HEALTH_PROBLEM, setup->gpu_off_file, "1", xstrdup(how),
		      "the laptop's firmware keeps the discrete GPU off");
	else if (setup->mux == MUX_DISCRETE)
		found(e, HEALTH_PROBLEM, setup->mux_file, "0", xstrdup(how),
		      "the laptop's switch has the discrete GPU on the panel, so the host cannot do without it");
	else if (setup->mux == MUX_HYBRID)
		found(e, HEALTH_OK, setup->mux_file, "1", NULL,
		      "the laptop's switch has the processor's GPU on the panel");
}

void judge_supergfxd(struct examination *e)
{
	const char *mode = e->patient->setup->supergfxd;
	static const char place[] = "/etc/supergfxd.conf";

	if (!mode)
		return;
	if (strcmp(mode, "Integrated") == 0 || strcmp(mode, "AsusMuxDgpu") == 0)
		found(e, HEALTH_PROBLEM, place, mode, xstrdup("supergfxctl -m Hybrid"),
		      "supergfxd is in the mode %s, where no guest can have the GPU", mode);
	else if (strcmp(mode, "Vfio") == 0)
		found(e, HEALTH_PROBLEM, place, mode, xstrdup("supergfxctl -m Hybrid"),
		      "supergfxd is in the mode Vfio and moves the GPU between drivers by itself, against vmlaunch");
	else
		found(e, HEALTH_OK, place, mode, NULL, "supergfxd leaves the GPU alone");
}

void judge_groups(struct examination *e)
{
	const struct patient *p = e->patient;

	for (size_t i = 0; i < p->gpus; i++) {
		const struct patient_gpu *gpu = &p->gpu[i];
		own_free char *file = sysfs_of(gpu->f, "iommu_group"), *value = NULL;
		char address[PCI_ADDRESS_SIZE];

		if (tell_obstacles(e, gpu,
				   KIND(NO_GROUP) | KIND(FOREIGN) | KIND(BRIDGE) | KIND(CHIPSET),
				   "iommu_group") ||
		    p->facts->devices.iommu.state != IOMMU_READY)
			continue;
		address_of(gpu->f, address);
		value = xasprintf("%d", gpu->f->group);
		found(e, HEALTH_OK, file, value, NULL,
		      "%s shares its IOMMU group with nothing that has to stay", address);
	}
}

/* The largest one tells whether Resizable BAR is on: without it none is larger than 256 MiB. */
void judge_bars(struct examination *e)
{
	const struct patient *p = e->patient;

	for (size_t i = 0; i < p->gpus; i++) {
		const struct patient_gpu *gpu = &p->gpu[i];
		own_free char *file = sysfs_of(gpu->f, "resource"), *value = NULL;
		const struct pci_bar *largest = NULL;
		char address[PCI_ADDRESS_SIZE];

		if (tell_obstacles(e, gpu, KIND(BAR), "resource"))
			continue;
		for (size_t k = 0; k < gpu->f->bars; k++)
			if (!largest || gpu->f->bar[k].size > largest->size)
				largest = &gpu->f->bar[k];
		if (!largest)
			continue;
		if (!pci_is_display(gpu->f))
			continue;
		address_of(gpu->f, address);
		value = pci_bar_text(largest);
		found(e, HEALTH_OK, file, value, NULL,
		      largest->size > 256UL << 20
			      ? "%s has Resizable BAR on; the guest gets room for it"
			      : "%s has its memory behind a window of 256 MiB or less (Resizable BAR is off, or unknown to it)",
		      address);
	}
}

static const struct gpu *section_of(const struct patient *p, const struct pci_function *f)
{
	for (size_t i = 0; p->profile && i < p->profile->gpu.n; i++) {
		const struct gpu *gpu = (const struct gpu *)p->profile->gpu.v[i];

		if (gpu->item.enabled.v && gpu->device.given &&
		    pci_find(&p->facts->devices.pci, &gpu->device.v, NULL) == f)
			return gpu;
	}
	return NULL;
}

/* The ROM in the device is read by root alone, and wakes it: 'vmlaunch rom dump' does that. */
void judge_rom(struct examination *e)
{
	const struct patient *p = e->patient;

	for (size_t i = 0; i < p->gpus; i++) {
		const struct pci_function *f = p->gpu[i].f;
		const struct gpu *section = section_of(p, f);
		own_free char *file = sysfs_of(f, "rom");
		char address[PCI_ADDRESS_SIZE];

		address_of(f, address);
		/* A file that is given is judged by the plan. */
		if (!pci_is_display(f) || (section && section->rom[0].v))
			continue;
		if (f->has_rom)
			found(e, HEALTH_OK, file, "there",
			      xasprintf("sudo vmlaunch rom dump %s FILE", address),
			      "%s has an option ROM; a guest that wants one from a file can have a dump of it",
			      address);
		else
			found(e, HEALTH_OK, file, "not there", NULL,
			      "%s shows no option ROM; a guest that wants one needs a file ([gpu] rom)",
			      address);
	}
}

void judge_display(struct examination *e)
{
	const struct patient *p = e->patient;

	for (size_t i = 0; i < p->gpus; i++) {
		const struct patient_gpu *gpu = &p->gpu[i];
		own_free char *file = sysfs_of(gpu->f, "");
		char address[PCI_ADDRESS_SIZE];

		address_of(gpu->f, address);
		if (!tell_obstacles(e, gpu, KIND(CONSOLE) | KIND(SCREEN), ""))
			found(e, HEALTH_OK, file, gpu->f->driver ? gpu->f->driver : "no driver",
			      NULL, "%s shows nothing of the host's", address);
	}
}

/* Whether somebody whom a plain user does not see could have a node of the board open. */
static bool may_be_held(const struct patient *p, const struct patient_gpu *gpu)
{
	const struct scene *scene = &p->facts->devices;

	if (!scene->holders.unseen && !scene->holders.hidden)
		return false;
	for (size_t i = 0; i < scene->nodes.n; i++)
		for (size_t k = 0; k < gpu->board.n; k++)
			if (pci_address_compare(&scene->nodes.v[i].function,
						&gpu->board.v[k]->address) == 0)
				return true;
	return false;
}

void judge_holders(struct examination *e)
{
	const struct patient *p = e->patient;

	for (size_t i = 0; i < p->gpus; i++) {
		const struct patient_gpu *gpu = &p->gpu[i];
		char address[PCI_ADDRESS_SIZE];

		address_of(gpu->f, address);
		if (tell_obstacles(e, gpu,
				   KIND(HOLDER) | KIND(NVIDIA) | KIND(BUSY) | KIND(VIRTUAL) |
					   KIND(MDEV) | KIND(STORAGE) | KIND(KEYBOARD),
				   ""))
			continue;
		if (may_be_held(p, gpu))
			found(e, HEALTH_UNKNOWN, "/proc", "other users' processes are not shown",
			      xstrdup(_(
				      "sudo vmlaunch doctor; a start looks again, as root, before it changes anything")),
			      "none of your programs has %s open, and those of other users are not to be seen",
			      address);
		else
			found(e, HEALTH_OK, "/proc", "nobody has a node of it open", NULL,
			      "nobody uses %s", address);
	}
}

/* One of the board is enough: resetting that may reset all of it. */
void judge_reset(struct examination *e)
{
	const struct patient *p = e->patient;

	for (size_t i = 0; i < p->gpus; i++) {
		const struct patient_gpu *gpu = &p->gpu[i];
		own_free char *file = sysfs_of(gpu->f, "reset_method");
		own_buf struct buf ways = {0};
		char address[PCI_ADDRESS_SIZE];
		bool can = false;

		if (pci_is_bridge(gpu->f) || pci_is_chipset(gpu->f))
			continue;
		for (size_t k = 0; k < gpu->board.n; k++)
			can |= gpu->board.v[k]->can_reset;
		for (size_t k = 0; k < gpu->f->resets; k++)
			buf_addf(&ways, "%s%s", k ? " " : "", gpu->f->reset[k]);
		address_of(gpu->f, address);
		if (can)
			found(e, HEALTH_OK, file, ways.len ? ways.data : "there", NULL,
			      "%s can be reset between two machines", address);
		else
			found(e, HEALTH_PROBLEM, file, "none",
			      xstrdup(_(
				      "restart the host between two machines; for some older AMD GPUs there is the module vendor-reset")),
			      "the kernel has no way to reset %s, so a second start may fail",
			      address);
	}
}

/* ------------------------------------------------------------------ power */

static void judge_power_of(struct examination *e, const struct pci_function *f, const char *what,
			   size_t *told)
{
	own_free char *file = sysfs_of(f, "d3cold_allowed");
	char address[PCI_ADDRESS_SIZE];

	if (f->d3cold_allowed != 0)
		return;
	address_of(f, address);
	found(e, HEALTH_PROBLEM, file, "0",
	      xasprintf(
		      _("'echo 1 | sudo tee %s'; for all starts a udev rule: ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"%s\", ATTR{d3cold_allowed}=\"1\""),
		      file, address),
	      "%s%s may not go to D3cold, so the GPU keeps drawing power when nobody uses it", what,
	      address);
	(*told)++;
}

/* Functions and the ports above them all have to agree. */
void judge_d3cold(struct examination *e)
{
	const struct patient *p = e->patient;

	for (size_t i = 0; i < p->gpus; i++) {
		const struct patient_gpu *gpu = &p->gpu[i];
		const struct pci_function *above = gpu->f;
		own_free char *file = sysfs_of(gpu->f, "d3cold_allowed");
		char address[PCI_ADDRESS_SIZE];
		size_t told = 0, known = 0;

		if (!pci_is_display(gpu->f))
			continue;
		for (size_t k = 0; k < gpu->board.n; k++) {
			judge_power_of(e, gpu->board.v[k], "", &told);
			known += gpu->board.v[k]->d3cold_allowed >= 0;
		}
		for (int depth = 0; above->has_parent && depth < 8; depth++) {
			above = pci_list_find(&p->facts->devices.pci, &above->parent);
			if (!above)
				break;
			judge_power_of(e, above, "the port ", &told);
		}
		address_of(gpu->f, address);
		if (!told && known)
			found(e, HEALTH_OK, file, "1", NULL,
			      "%s and the ports above it may go to D3cold when nobody uses it",
			      address);
	}
}
