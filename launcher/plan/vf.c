/* Virtual functions: slices of a GPU by SR-IOV, while the GPU stays the host's. One is made for the
 * machine's life, or one that is there and that nobody uses is taken as it is. The guest finds it
 * like a board of one function; where it will sit on the host is known before it is made.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "devices.h"

static void check_keys(struct composer *c, const struct gpu *gpu)
{
	const struct {
		bool given;
		const struct origin *at;
	} board[] = {
		{gpu->functions.at.kind != ORIGIN_DEFAULT, &gpu->functions.at},
		{gpu->layout.at.kind != ORIGIN_DEFAULT, &gpu->layout.at},
		{gpu->rom_acpi.v == WHEN_YES, &gpu->rom_acpi.at},
		{gpu->dsm.v, &gpu->dsm.at},
		{gpu->keep_awake.v, &gpu->keep_awake.at},
		{gpu->reset.v != RESET_AUTO, &gpu->reset.at},
	};

	for (size_t i = 0; i < ARRAY_SIZE(board); i++)
		if (board[i].given)
			compose_wrong(
				c, *board[i].at,
				"%s: a virtual function (vf) has none; it is for a GPU that is passed as a whole",
				compose_key(c, board[i].at));
	if (gpu->ids.n > 1)
		compose_wrong(c, gpu->ids.at, "%s: %zu ids for one function",
			      compose_key(c, &gpu->ids.at), gpu->ids.n);
}

void devices_check_vf_keys(struct composer *c, const struct gpu *gpu)
{
	const struct {
		bool given;
		const struct origin *at;
	} only[] = {
		{gpu->vf_count.v != 1, &gpu->vf_count.at},
		{!gpu->vf_time.automatic, &gpu->vf_time.at},
		{!gpu->vf_memory.automatic, &gpu->vf_memory.at},
	};

	for (size_t i = 0; i < ARRAY_SIZE(only); i++)
		if (only[i].given && !gpu->vf.v)
			compose_wrong(c, *only[i].at,
				      "%s: only a virtual function has it (%s = yes)",
				      compose_key(c, only[i].at), compose_key(c, &gpu->vf.at));
}

/* Those that other sections have. */
static void find_taken(const struct composer *c, struct pci_set *taken)
{
	for (size_t i = 0; i < c->claimed.n; i++)
		pci_set_add(taken, c->claimed.v[i]);
	const struct scene *scene = &c->facts->devices;

	for (size_t i = 0; i < c->vfs; i++)
		if (c->vf[i].there)
			pci_set_add(taken, c->vf[i].there);
	for (size_t i = 0; i < scene->holders.n; i++) {
		const struct holder_node *node = &scene->nodes.v[scene->holders.v[i].node];
		const struct pci_function *f = pci_list_find(&scene->pci, &node->function);

		if (f && f->is_vf)
			pci_set_add(taken, f);
	}
}

/* How many this start has of it that are yet to be made. */
static unsigned made_of(const struct composer *c, const struct pci_function *physical)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->vfs; i++)
		n += c->vf[i].physical == physical && !c->vf[i].there;
	return n;
}

/* The first section's word counts: it makes them all. */
static unsigned count_of(const struct composer *c, const struct wanted *w,
			 const struct pci_function *physical)
{
	for (size_t i = 0; i < c->vfs; i++)
		if (c->vf[i].physical == physical)
			return (unsigned)c->vf[i].gpu->vf_count.v;
	return (unsigned)w->gpu->vf_count.v;
}

static void check_shares(struct composer *c, const struct gpu *gpu,
			 const struct pci_function *physical)
{
	own_free char *time = vf_share_refusal(physical, VF_SHARE_TIME);
	own_free char *memory = vf_share_refusal(physical, VF_SHARE_MEMORY);

	if (!gpu->vf_time.automatic && time)
		compose_refuse(c, gpu->vf_time.at, "%s: %s", compose_key(c, &gpu->vf_time.at),
			       time);
	if (!gpu->vf_memory.automatic && memory)
		compose_refuse(c, gpu->vf_memory.at, "%s: %s", compose_key(c, &gpu->vf_memory.at),
			       memory);
}

static void add_place(struct composer *c, const struct wanted *w, const struct pci_function *f)
{
	own_pci_set struct pci_set taken = {0};
	own_vf_choice struct vf_choice choice = {0};
	struct vf_wish wish = {count_of(c, w, f), made_of(c, f)};
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(&f->address, address);
	find_taken(c, &taken);
	vf_choose(&choice, &c->facts->devices.pci, f, &taken, &wish);
	check_shares(c, w->gpu, f);
	if (pci_set_has(&c->claimed, f))
		compose_wrong(
			c, w->device->at,
			"%s is passed as a whole by another section: it cannot make virtual functions then",
			address);
	else if (f->locked)
		compose_refuse(c, w->device->at, "%s: the kernel is still busy with it", address);
	else if (choice.refusal)
		compose_refuse(c, w->gpu->vf.at, "%s %s", address, choice.refusal);
	else if (c->vfs == ARRAY_SIZE(c->vf))
		compose_wrong(c, w->item->at, "more than %zu virtual functions", ARRAY_SIZE(c->vf));
	else
		c->vf[c->vfs++] = (struct vf_place){
			.gpu = w->gpu,
			.physical = f,
			.there = choice.there,
			.address = choice.there ? choice.there->address : choice.address,
			.number = choice.number,
		};
}

void compose_vfs(struct composer *c)
{
	struct wanted list[WANTED];
	size_t n = devices_wanted(c->p, list);

	for (size_t i = 0; i < n; i++) {
		own_pci_set struct pci_set physical = {0};

		if (!wants_vf(&list[i]))
			continue;
		check_keys(c, list[i].gpu);
		/* What cannot be found was told by plan_claims(). */
		if (devices_find(c->p, c->facts, &list[i], &physical, NULL))
			add_place(c, &list[i], physical.v[0]);
	}
}

/* Its own ids are told by nobody before it is made; the subsystem's are its GPU's. */
static void identify_vf(struct option *o, const struct gpu *gpu,
			const struct pci_function *physical, unsigned id[4])
{
	const struct pci_ids *ids = &gpu->ids;
	bool given = ids->kind == IDS_GIVEN;

	if (given)
		memcpy(id, ids->v[0], sizeof(ids->v[0]));
	if (given || (ids->kind == IDS_HOST && physical->has_subsystem))
		devices_add_ids(o, id, given ? 0 : 2);
}

static void note_function(struct composer *c, const struct wanted *w, const unsigned id[4])
{
	struct guest_function *g = xappend(c->plan->guest.function, c->plan->guest.functions);

	*g = (struct guest_function){
		.section = item_text(w->item),
		.bus = c->gpu_ports,
		.id = {id[0], id[1]},
		.subsystem = {id[2], id[3]},
		.has_subsystem = id[2] || id[3],
		.first = true,
		.rom_hidden = !w->gpu->rom_bar.v,
		.rom_given = w->gpu->rom[0].v,
		.is_vf = true,
		.x_vga = w->gpu->x_vga.v,
	};
}

void devices_add_vf(struct composer *c, const struct wanted *w)
{
	const struct gpu *gpu = w->gpu;
	const struct vf_place *place = NULL;
	own_free char *id = compose_id(w->item), *bus = NULL;
	char physical[PCI_ADDRESS_SIZE];
	own_free char *why = NULL;
	unsigned ids[4];
	struct option o;

	for (size_t i = 0; i < c->vfs; i++)
		if (c->vf[i].gpu == gpu)
			place = &c->vf[i];
	if (!place)
		return;
	bus = devices_gpu_bus(c, w, 0);
	why = xasprintf(_("a virtual function of %s"),
			pci_address_format(&place->physical->address, physical));
	ids[0] = place->physical->vendor;
	ids[1] = place->there ? place->there->device : place->physical->device;
	ids[2] = place->physical->subvendor;
	ids[3] = place->physical->subdevice;
	o = option_new("vfio-pci");
	devices_add_source(c, &o, &place->address);
	option_text(&o, "id", id);
	option_text(&o, "bus", bus);
	option_slot(&o, "addr", 0, 0);
	identify_vf(&o, gpu, place->physical, ids);
	note_function(c, w, ids);
	devices_add_rom(c, &o, gpu, 0, ids);
	devices_check_roms(c, gpu, 1);
	if (gpu->x_vga.v)
		option_on(&o, "x-vga", true);
	compose_argument(c, "-device", option_done(&o), &gpu->vf.at, why);
}
