/* The changes of the host, as intents for the keeper and as lines that a person could type. */
#include <string.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "base/text.h"
#include "devices.h"

#define GIB (1UL << 30)

static void check_lock(struct composer *c)
{
	uint64_t memory = c->p->vm.memory.v, total = c->facts->memory.total;
	/* What is locked and what a device pins count as two things, even where they are the same
	 * pages; huge ones are never counted as locked (mm/mmap.c,
	 * drivers/vfio/vfio_iommu_type1.c).
	 */
	uint64_t counted = memory + (c->huge.pages ? 0 : memory) + c->shared_bytes + GIB;

	if (c->p->memory.lock.v && c->claims_device && total && counted > total)
		compose_refuse(
			c, c->p->memory.lock.at,
			"%s: the kernel counts memory that is locked and in a device's reach twice, and %luM are more than this host's %luM: leave it out, as a device that is passed keeps the guest's memory from swap anyway, or set %s",
			compose_key(c, &c->p->memory.lock.at), counted >> 20, total >> 20,
			compose_key(c, &c->p->memory.hugepages.at));
}

/* All of the guest's memory is pinned, and every BAR that is memory of ours; exactly the memory
 * makes QEMU abort half-way through the guest's boot.
 */
static void step_memlock(struct composer *c)
{
	uint64_t bytes = c->p->vm.memory.v + c->shared_bytes + GIB;
	const struct flag *lock = &c->p->memory.lock;
	struct plan_step *step =
		lock->v ? compose_step(c, STEP_MEMLOCK, &lock->at,
				       "all of QEMU is locked, what it may grow to included")
			: compose_step(
				  c, STEP_MEMLOCK, &c->p->vm.memory.at,
				  "memory that a device can reach is locked; 1 GiB more than the guest's");

	if (c->facts->memory.total && (lock->v || bytes > c->facts->memory.total))
		bytes = c->facts->memory.total;
	step->intent.memlock.bytes = bytes;
	compose_line(step, "prlimit --pid $$ --memlock=%lu", bytes);
}

/* The override comes first, for all: from then on nobody else binds what its driver lets go. */
static void override_line(struct plan_step *step, const struct pci_function *f)
{
	const char *override = f->driver_override;
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(&f->address, address);
	if (pci_has_driver(f, "vfio-pci")) {
		compose_comment(step, "%s has vfio-pci already, and keeps it afterwards", address);
		return;
	}
	compose_line(step, "echo vfio-pci > /sys/bus/pci/devices/%s/driver_override", address);
	compose_remark(step, "now: %s", override && *override ? override : "(null)");
}

static void bind_lines(struct plan_step *step, const struct pci_function *f)
{
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(&f->address, address);
	if (pci_has_driver(f, "vfio-pci"))
		return;
	if (f->driver && !pci_has_driver(f, "nvidia"))
		compose_line(step, "echo %s > /sys/bus/pci/drivers/%s/unbind", address, f->driver);
	compose_line(step, "echo %s > /sys/bus/pci/drivers_probe", address);
}

/* As the keeper does it: displays last, the other functions of a board hang on their power. */
static void claim_lines(const struct composer *c, struct plan_step *step, const struct pci_set *set)
{
	/* OpenRC's takes one, and has no nvidia-powerd. */
	bool openrc = c->facts->manager == MANAGER_OPENRC, nvidia = false;
	own_free char *stop = manager_command(
		c->facts->manager,
		openrc ? "nvidia-persistenced" : "nvidia-persistenced nvidia-powerd", "stop");

	for (size_t i = 0; i < set->n; i++) {
		override_line(step, set->v[i]);
		nvidia = nvidia || pci_has_driver(set->v[i], "nvidia");
	}
	if (nvidia) {
		compose_line(step, "%s", stop);
		compose_remark(step, "those that run");
		compose_line(step, "rmmod nvidia_drm nvidia_modeset nvidia_uvm nvidia");
		compose_remark(step, "proves that nobody uses it");
	}
	for (size_t i = 0; i < set->n; i++)
		bind_lines(step, set->v[i]);
}

/* The GPU's section that a function comes from, or NULL; *first: it is the GPU itself. */
static const struct gpu *gpu_of(const struct composer *c, const struct pci_function *f, bool *first)
{
	struct wanted list[WANTED];
	size_t n = devices_wanted(c->p, list);

	for (size_t i = 0; i < n; i++) {
		own_pci_set struct pci_set found = {0};

		if (!list[i].gpu || wants_slice(&list[i]) ||
		    !devices_find(c->p, c->facts, &list[i], &found, NULL) ||
		    !pci_set_has(&found, f))
			continue;
		*first = found.v[0] == f;
		return list[i].gpu;
	}
	return NULL;
}

/* What is known of a card is a note; what the profile asks for and cannot be had, a refusal. */
static enum reset_way step_reset(struct composer *c, struct plan_step *step,
				 const struct pci_function *f)
{
	bool first = false;
	const struct gpu *gpu = gpu_of(c, f, &first);
	enum reset_way way = gpu && first ? (enum reset_way)gpu->reset.v : RESET_AUTO;
	const char *known = way == RESET_AUTO ? reset_known_bad(f) : NULL;
	own_reset_choice struct reset_choice choice = {0};
	own_free char *refusal = NULL;
	own_buf struct buf before = {0};
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(&f->address, address);
	if (way == RESET_SLEEP && c->facts->devices.sleepless) {
		refusal = sleep_refusal(c->facts->devices.sleepless);
		compose_refuse(c, gpu->reset.at, "%s", refusal);
		return way;
	}
	reset_choose(&choice, &c->facts->devices.pci, &c->claimed, f, way);
	if (known)
		compose_note(c, "%s: a second start may fail: %s", address, known);
	if (choice.answer == RESET_IMPOSSIBLE) {
		refusal = reset_refusal(&choice, f, way);
		compose_refuse(c, gpu->reset.at, "%s", refusal);
	}
	if (choice.answer != RESET_WRITTEN)
		return way;
	for (size_t i = 0; i < f->resets; i++)
		buf_addf(&before, "%s%s", i ? " " : "", f->reset[i]);
	compose_line(step, "echo %s > /sys/bus/pci/devices/%s/reset_method",
		     *choice.method ? choice.method : "''", address);
	compose_remark(step, "now: %s%s%s%s", before.data, choice.why ? " (" : "",
		       choice.why ? choice.why : "", choice.why ? ")" : "");
	return way;
}

static void fill_function(struct step_function *to, const struct pci_function *f)
{
	to->domain = f->address.domain;
	to->bus = f->address.bus;
	to->slot = f->address.slot;
	to->function = f->address.function;
	to->vendor = f->vendor;
	to->device = f->device;
	strncpy(to->driver, f->driver ? f->driver : "", sizeof(to->driver) - 1);
}

/* f's own, and vfio-pci says "auto" when it binds; or a port's. */
static void awake_line(struct plan_step *step, const struct pci_function *f, bool port)
{
	bool on = f->power_control && strcmp(f->power_control, "on") == 0;
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(&f->address, address);
	if (port ? f->power_control && !on : !on || !pci_has_driver(f, "vfio-pci"))
		compose_line(step, "echo on > /sys/bus/pci/devices/%s/power/control", address);
	if (f->d3cold_allowed == 1)
		compose_line(step, "echo 0 > /sys/bus/pci/devices/%s/d3cold_allowed", address);
}

static void awake_lines(struct composer *c, struct plan_step *step, const struct pci_set *set)
{
	own_pci_set struct pci_set told = {0};

	for (size_t i = 0; i < set->n; i++) {
		const struct pci_function *f = set->v[i];
		bool first;
		const struct gpu *gpu = gpu_of(c, f, &first);
		const struct pci_function *port =
			f->has_parent ? pci_list_find(&c->facts->devices.pci, &f->parent) : NULL;

		if (!gpu || !gpu->keep_awake.v)
			continue;
		step->intent.claim.function[i].keep_awake = 1;
		if (port && !pci_set_has(&told, port)) {
			pci_set_add(&told, port);
			awake_line(step, port, true);
		}
		awake_line(step, f, false);
	}
}

/* The node gets its number when vfio-pci takes the function. */
static void device_line(struct plan_step *step, const struct pci_address *at)
{
	char address[PCI_ADDRESS_SIZE];

	compose_line(
		step,
		"setfacl -m u:$USER:rw /dev/vfio/devices/$(ls /sys/bus/pci/devices/%s/vfio-dev)",
		pci_address_format(at, address));
}

static void step_claim(struct composer *c)
{
	own_pci_set struct pci_set set = {0};
	struct plan_step *step;

	if (!c->claimed.n || c->claimed.n > STEP_FUNCTIONS)
		return;
	for (int display = 0; display <= 1; display++)
		for (size_t i = 0; i < c->claimed.n; i++)
			if (pci_is_display(c->claimed.v[i]) == display)
				pci_set_add(&set, c->claimed.v[i]);
	step = compose_step(
		c, STEP_CLAIM, NULL,
		"undone afterwards in reverse order, each device with its driver again");
	compose_line(step, "modprobe vfio-pci");
	compose_remark(step, "unless it is loaded");
	for (size_t i = 0; i < set.n; i++) {
		fill_function(&step->intent.claim.function[i], set.v[i]);
		step->intent.claim.function[i].reset = (uint8_t)step_reset(c, step, set.v[i]);
	}
	claim_lines(c, step, &set);
	awake_lines(c, step, &set);
	for (size_t i = 0; i < set.n; i++)
		if (step->intent.claim.function[i].reset == RESET_SLEEP) {
			compose_comment(step, "when the guest has ended: %s",
					"echo " SLEEP_ALARM_IN " > " SLEEP_ALARM
					"; echo mem > " SLEEP_STATE);
			break;
		}
	step->intent.claim.functions = (uint32_t)set.n;
	step->intent.claim.iommufd = c->iommufd;
	if (c->iommufd)
		compose_line(step, "setfacl -m u:$USER:rw /dev/iommu");
	for (size_t i = 0; c->iommufd && i < set.n; i++)
		device_line(step, &set.v[i]->address);
	for (size_t i = 0; !c->iommufd && i < set.n; i++) {
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again = again || set.v[k]->group == set.v[i]->group;
		if (!again)
			compose_line(step, "setfacl -m u:$USER:rw /dev/vfio/%d", set.v[i]->group);
	}
}

/* The group gets its number when the device is made. */
static void step_mdev(struct composer *c, const struct mdev_place *place)
{
	struct plan_step *step = compose_step(c, STEP_MDEV, &place->gpu->mdev.at,
					      place->there ? "there already, and left there"
							   : "removed again afterwards");
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(&place->parent->address, address);
	fill_function(&step->intent.mdev.parent, place->parent);
	memcpy(step->intent.mdev.uuid, place->id, sizeof(step->intent.mdev.uuid));
	strncpy(step->intent.mdev.type, place->gpu->mdev.v, sizeof(step->intent.mdev.type) - 1);
	if (place->there) {
		compose_comment(step, "the vGPU %s is there, and stays afterwards", place->uuid);
		if (place->there->group >= 0)
			compose_line(step, "setfacl -m u:$USER:rw /dev/vfio/%d",
				     place->there->group);
		return;
	}
	/* vfio-pci brings it along. */
	if (place == c->mdev && !c->claimed.n) {
		compose_line(step, "modprobe vfio_iommu_type1");
		compose_remark(step, "unless it is loaded");
	}
	compose_line(step, "echo %s > /sys/bus/pci/devices/%s/mdev_supported_types/%s/create",
		     place->uuid, address, place->gpu->mdev.v);
	compose_line(
		step,
		"setfacl -m u:$USER:rw /dev/vfio/$(basename $(readlink /sys/bus/mdev/devices/%s/iommu_group))",
		place->uuid);
}

/* Before it is made: its driver shares out what it has when it makes them. */
static void share_lines(struct plan_step *step, const struct vf_place *place, const char *physical)
{
	const struct gpu *gpu = place->gpu;
	const char *dir = "sriov_admin/vf";

	if (!gpu->vf_memory.automatic) {
		step->intent.vf.memory = gpu->vf_memory.v;
		compose_line(step, "echo %lu > /sys/bus/pci/devices/%s/%s%u/profile/vram_quota",
			     gpu->vf_memory.v, physical, dir, place->number + 1);
	}
	if (gpu->vf_time.automatic)
		return;
	step->intent.vf.time = (uint32_t)gpu->vf_time.v;
	compose_line(step, "echo %lu > /sys/bus/pci/devices/%s/%s%u/profile/exec_quantum_ms",
		     gpu->vf_time.v, physical, dir, place->number + 1);
	compose_line(step, "echo %lu > /sys/bus/pci/devices/%s/%s%u/profile/preempt_timeout_us",
		     gpu->vf_time.v * 1000, physical, dir, place->number + 1);
}

/* The claim of what is made, as the keeper does it. */
static void step_vf(struct composer *c, const struct vf_place *place)
{
	struct plan_step *step = compose_step(c, STEP_VF, &place->gpu->vf.at,
					      place->there ? "there already, and left there"
							   : "removed again afterwards");
	char physical[PCI_ADDRESS_SIZE], address[PCI_ADDRESS_SIZE];
	const struct pci_function *there = place->there;

	pci_address_format(&place->physical->address, physical);
	pci_address_format(&place->address, address);
	fill_function(&step->intent.vf.physical, place->physical);
	step->intent.vf.number = (uint16_t)place->number;
	step->intent.vf.count = (uint16_t)place->gpu->vf_count.v;
	share_lines(step, place, physical);
	/* Once for all that it makes. */
	if (!there && place->number == 0) {
		compose_line(step, "echo 0 > /sys/bus/pci/devices/%s/sriov_drivers_autoprobe",
			     physical);
		compose_line(step, "echo %lu > /sys/bus/pci/devices/%s/sriov_numvfs",
			     place->gpu->vf_count.v, physical);
		compose_remark(step, "now: %s", "0");
	}
	if (!there || !pci_has_driver(there, "vfio-pci")) {
		/* The claim before it brings it along. */
		if (place == c->vf && !c->claimed.n) {
			compose_line(step, "modprobe vfio-pci");
			compose_remark(step, "unless it is loaded");
		}
		compose_line(step, "echo vfio-pci > /sys/bus/pci/devices/%s/driver_override",
			     address);
		compose_line(step, "echo %s > /sys/bus/pci/drivers_probe", address);
	}
	step->intent.vf.iommufd = c->iommufd;
	if (c->iommufd) {
		if (place == c->vf && !c->claimed.n)
			compose_line(step, "setfacl -m u:$USER:rw /dev/iommu");
		device_line(step, &place->address);
		return;
	}
	compose_line(
		step,
		"setfacl -m u:$USER:rw /dev/vfio/$(basename $(readlink /sys/bus/pci/devices/%s/iommu_group))",
		address);
}

/* Only where a keeper is there anyway: who has no device of the host's can join the group kvm. */
static void step_kvm(struct composer *c)
{
	struct plan_step *step;

	if (!c->claims_device || !c->plan->kvm || c->facts->kvm.state != KVM_NOT_PERMITTED)
		return;
	step = compose_step(c, STEP_GRANT, &c->p->cpu.accel.at, "this user may not open it");
	step->intent.grant.node = NODE_KVM;
	compose_line(step, "setfacl -m u:$USER:rw /dev/kvm");
}

/* Behind the claim, as all rights. */
static void step_kvmfr(struct composer *c)
{
	struct plan_step *step;

	if (!compose_kvmfr_closed(c))
		return;
	step = compose_step(c, STEP_GRANT, &c->p->glass.backend.at, "this user may not open it");
	step->intent.grant.node = NODE_KVMFR;
	compose_line(step, "setfacl -m u:$USER:rw %s", c->glass_file);
}

/* A disk of the host's: refused while the host uses it, granted where the user may not open it. */
static void step_block(struct composer *c, const struct disk *disk, const struct plan_block *block)
{
	own_storage_claims struct storage_claims claims = {0};
	const struct storage *storage = &c->facts->devices.storage;
	own_free char *word = text_word(block->path);
	struct plan_step *step;

	for (size_t i = 0; i < storage->n; i++)
		if (storage->v[i].dev == makedev(block->major, block->minor))
			storage_claims_of(&claims, storage, &storage->v[i]);
	for (size_t i = 0; i < claims.n; i++) {
		own_free char *words = storage_claim_text(&claims.v[i]);

		compose_refuse(c, disk->path.at, "%s: %s is the host's: %s",
			       compose_key(c, &disk->path.at), block->path, words);
	}
	if (block->accessible)
		return;
	step = compose_step(c, STEP_GRANT, &disk->path.at, "this user may not open it");
	step->intent.grant.node = NODE_BLOCK;
	step->intent.grant.a = block->major;
	step->intent.grant.b = block->minor;
	compose_line(step, "setfacl -m u:$USER:rw %s", word);
}

static bool is_accessible(const struct composer *c, const char *path)
{
	for (size_t i = 0; i < c->in->nodes; i++)
		if (strcmp(c->in->node[i].path, path) == 0)
			return c->in->node[i].accessible;
	return false;
}

static void step_node(struct composer *c, enum step_node kind, const struct origin *at,
		      const char *path, uint32_t a, uint32_t b, uint32_t ids)
{
	struct plan_step *step;

	if (is_accessible(c, path))
		return;
	step = compose_step(c, STEP_GRANT, at, "this user may not open it");
	step->intent.grant.node = kind;
	step->intent.grant.a = a;
	step->intent.grant.b = b;
	step->intent.grant.ids = ids;
	compose_line(step, "setfacl -m u:$USER:rw %s", path);
}

static void step_devices(struct composer *c)
{
	if (plan_wants_host_tpm(c->p) && c->facts->tpm)
		step_node(c, NODE_TPM, &c->p->tpm.type.at, HOST_TPM, 0, 0, 0);
	for (size_t i = 0; i < c->usb_places; i++) {
		const struct usb_device *d = c->usb_place[i].device;

		if (d)
			step_node(c, NODE_USB, &c->usb_place[i].usb->device.at, d->node, d->bus,
				  d->number, (uint32_t)d->vendor << 16 | d->product);
	}
	for (size_t i = 0; i < c->inputs; i++) {
		const struct input_device *d = c->input[i].device;
		uint64_t number;

		if (text_u64(d->event + strlen("event"), 10, &number))
			step_node(c, NODE_EVENT, &c->input[i].input->device.at, d->node,
				  (uint32_t)number, 0, (uint32_t)d->vendor << 16 | d->product);
	}
}

static void step_blocks(struct composer *c)
{
	for (size_t i = 0; i < c->p->disk.n; i++) {
		const struct disk *disk = (const struct disk *)c->p->disk.v[i];

		for (size_t k = 0; disk->item.enabled.v && k < c->in->blocks; k++)
			if (strcmp(disk->path.v, c->in->block[k].path) == 0)
				step_block(c, disk, &c->in->block[k]);
	}
}

void compose_steps(struct composer *c)
{
	compose_hugepages_step(c);
	check_lock(c);
	if (c->claims_device || c->p->memory.lock.v)
		step_memlock(c);
	if (c->claims_device)
		step_claim(c);
	for (size_t i = 0; i < c->mdevs; i++)
		step_mdev(c, &c->mdev[i]);
	for (size_t i = 0; i < c->vfs; i++)
		step_vf(c, &c->vf[i]);
	step_kvm(c);
	step_kvmfr(c);
	compose_network_steps(c);
	if (c->in->purpose == PURPOSE_RUN) {
		step_blocks(c);
		step_devices(c);
		compose_quiet(c);
	}
}
