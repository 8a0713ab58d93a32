/* The devices for programs. */
#include "base/json.h"
#include "devices.h"

static void add_address(json_object *o, const char *key, bool known,
			const struct pci_address *address)
{
	char text[PCI_ADDRESS_SIZE];

	json_add_text(o, key, known ? pci_address_format(address, text) : NULL);
}

static void add_strings(json_object *o, const char *key, char *const *v, size_t n)
{
	json_object *list = json_add_list(o, key);

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(v[i]));
}

static void add_ids(json_object *o, const struct pci_function *f, const struct id_name *name)
{
	json_object *names = json_object_new_object();

	json_add_hex(o, "vendor", f->vendor, 4);
	json_add_hex(o, "device", f->device, 4);
	json_object_object_add(o, "subvendor", NULL);
	json_object_object_add(o, "subdevice", NULL);
	if (f->has_subsystem) {
		json_add_hex(o, "subvendor", f->subvendor, 4);
		json_add_hex(o, "subdevice", f->subdevice, 4);
	}
	json_add_hex(o, "class", f->class, 6);
	json_add_hex(o, "revision", f->revision, 2);
	json_add_text(names, "class", pci_class_words(f->class));
	json_add_text(names, "vendor", name->vendor_name);
	json_add_text(names, "device", name->device_name);
	json_add_text(names, "subvendor", name->subvendor_name);
	json_add_text(names, "subsystem", name->subsystem_name);
	json_object_object_add(o, "names", names);
}

static void add_bars(json_object *o, const struct pci_function *f)
{
	json_object *list = json_add_list(o, "bars");

	for (size_t i = 0; i < f->bars; i++) {
		json_object *bar = json_list_mapping(list);

		json_add_number(bar, "index", f->bar[i].index);
		json_add_text(bar, "kind", pci_bar_word(f->bar[i].kind));
		json_add_bool(bar, "prefetchable", f->bar[i].prefetch);
		json_add_number(bar, "size", f->bar[i].size);
	}
	json_add_bool(o, "rom", f->has_rom);
}

static void add_power(json_object *o, const struct pci_function *f)
{
	json_object *power = json_object_new_object();

	json_add_text(power, "state", f->power_state);
	json_add_text(power, "runtime", f->runtime_status);
	json_add_text(power, "control", f->power_control);
	json_object_object_add(power, "d3cold_allowed",
			       f->d3cold_allowed < 0 ? NULL
						     : json_object_new_boolean(f->d3cold_allowed));
	json_object_object_add(o, "power", power);
}

static void add_holders(json_object *o, const struct devices_view *view,
			const struct pci_function *f)
{
	json_object *list = json_add_list(o, "holders");
	size_t n;
	struct holding *v = holdings_of(view, f, &n);

	for (size_t i = 0; i < n; i++) {
		const struct holder *h = v[i].holder;
		json_object *holder = json_list_mapping(list);

		json_add_number(holder, "pid", (uint64_t)h->pid);
		json_add_number(holder, "start", h->start);
		json_add_text(holder, "command", h->comm);
		json_add_number(holder, "uid", h->uid);
		json_add_text(holder, "user", h->user);
		add_strings(holder, "nodes", (char *const *)v[i].node, v[i].nodes);
		json_add_text(holder, "remedy", holder_remedy(h->comm));
	}
	holdings_free(v, n);
}

static void add_soft(json_object *o, const struct soft_holders *holders)
{
	json_object *list = json_add_list(o, "host");

	for (size_t i = 0; i < holders->n; i++) {
		json_object *soft = json_list_mapping(list);

		json_add_text(soft, "kind", soft_kind_word(holders->v[i].kind));
		json_add_text(soft, "what", holders->v[i].what);
	}
}

static void add_storage(json_object *o, const struct devices_view *view,
			const struct pci_function *f, const struct function_view *fv)
{
	json_object *disks = json_add_list(o, "disks"), *uses = json_add_list(o, "disk_uses");

	for (size_t i = 0; i < view->scene.storage.n; i++) {
		const struct block *b = &view->scene.storage.v[i];

		if (b->disk || !storage_is_below(b, &f->address))
			continue;
		json_object *disk = json_list_mapping(disks);

		json_add_text(disk, "name", b->name);
		json_add_number(disk, "size", b->size);
	}
	for (size_t i = 0; i < fv->claims.n; i++) {
		json_object *use = json_list_mapping(uses);

		json_add_text(use, "device", fv->claims.v[i].block->name);
		json_add_text(use, "kind", storage_why_word(fv->claims.v[i].use->why));
		json_add_text(use, "what", fv->claims.v[i].use->what);
	}
}

static void add_mdevs(json_object *o, const struct devices_view *view, const struct pci_function *f)
{
	const struct mdev_list *mdevs = &view->scene.mdev;
	const struct mdev_parent *parent = mdev_parent_find(mdevs, &f->address);
	json_object *types = json_add_list(o, "mdev_types"), *there = json_add_list(o, "mdevs");

	for (size_t i = 0; parent && i < parent->types; i++) {
		json_object *type = json_list_mapping(types);

		json_add_text(type, "id", parent->type[i].id);
		json_add_text(type, "name", parent->type[i].name);
		json_add_text(type, "description", parent->type[i].description);
		json_add_text(type, "api", parent->type[i].api);
		json_add_number(type, "available", parent->type[i].available);
	}
	for (size_t i = 0; i < mdevs->n; i++) {
		const struct mdev *mdev = &mdevs->v[i];

		if (!mdev->has_parent || pci_address_compare(&mdev->parent, &f->address) != 0)
			continue;
		json_object *one = json_list_mapping(there);

		json_add_text(one, "uuid", mdev->uuid);
		json_add_text(one, "type", mdev->type);
		json_object_object_add(one, "group",
				       mdev->group < 0 ? NULL : json_object_new_int(mdev->group));
	}
}

static void add_verdict(json_object *o, const struct pci_function *f,
			const struct function_view *fv)
{
	json_object *guest = json_object_new_object(), *with, *list;

	json_add_bool(guest, "possible", !fv->obstacles.n);
	with = json_add_list(guest, "with");
	for (size_t i = 0; i < fv->board.n; i++) {
		const struct pci_function *other = fv->board.v[i];
		char address[PCI_ADDRESS_SIZE];

		if (other != f)
			json_object_array_add(with, json_object_new_string(pci_address_format(
							    &other->address, address)));
	}
	list = json_add_list(guest, "obstacles");
	for (size_t i = 0; i < fv->obstacles.n; i++) {
		json_object *obstacle = json_list_mapping(list);

		own_free char *clause = obstacle_clause(&fv->obstacles.v[i]);

		json_add_text(obstacle, "kind", obstacle_word(fv->obstacles.v[i].kind));
		json_add_text(obstacle, "text", clause);
	}
	json_object_object_add(o, "guest", guest);
}

static void add_function(json_object *list, const struct devices_view *view, size_t i)
{
	const struct pci_function *f = &view->scene.pci.v[i];
	const struct function_view *fv = &view->function[i];
	own_reset_choice struct reset_choice reset = {0};
	json_object *o = json_list_mapping(list);

	add_address(o, "address", true, &f->address);
	json_object_object_add(o, "group", f->group < 0 ? NULL : json_object_new_int(f->group));
	add_address(o, "parent", f->has_parent, &f->parent);
	json_add_bool(o, "bridge", pci_is_bridge(f));
	add_ids(o, f, &view->name[i]);
	json_add_text(o, "driver", f->driver);
	json_add_text(o, "driver_override", f->driver_override);
	json_add_text(o, "modalias", f->modalias);
	json_object_object_add(o, "numa_node",
			       f->numa_node < 0 ? NULL : json_object_new_int(f->numa_node));
	add_bars(o, f);
	json_add_bool(o, "boot_vga", f->boot_vga);
	add_power(o, f);
	add_strings(o, "reset", f->reset, f->resets);
	json_add_bool(o, "can_reset", f->can_reset);
	reset_choose(&reset, &view->scene.pci, &fv->board, f, RESET_AUTO);
	json_add_text(o, "reset_used", pci_is_bridge(f) ? NULL : reset.used);
	json_add_text(o, "reset_why", reset.why);
	add_address(o, "physical_function", f->is_vf, &f->physfn);
	json_add_number(o, "virtual_functions", f->vfs);
	json_add_number(o, "virtual_functions_possible", f->totalvfs);
	add_mdevs(o, view, f);
	add_soft(o, &scene_seen(&view->scene, f)->soft);
	add_storage(o, view, f, fv);
	add_holders(o, view, f);
	add_verdict(o, f, fv);
}

static void add_pci(json_object *top, const struct devices_view *view)
{
	static const char *const STATE[] = {
		[IOMMU_READY] = "ready",
		[IOMMU_NONE] = "none",
		[IOMMU_NO_GROUPS] = "no-groups",
	};
	const struct iommu *iommu = &view->scene.iommu;
	json_object *o = json_object_new_object(), *processes = json_object_new_object(), *list;

	_Static_assert(ARRAY_SIZE(STATE) == IOMMU_STATES, "each state has a word");
	json_add_text(o, "state", STATE[iommu->state]);
	json_add_text(o, "kind", iommu->kind);
	json_add_number(o, "units", iommu->units);
	json_object_object_add(o, "address_bits",
			       iommu->width ? json_object_new_int((int)iommu->width) : NULL);
	json_add_number(o, "groups", iommu->groups);
	json_add_text(o, "reason", iommu_reason(iommu));
	json_object_object_add(top, "iommu", o);
	json_add_number(processes, "seen", view->scene.holders.seen);
	json_add_number(processes, "unseen", view->scene.holders.unseen);
	json_add_bool(processes, "hidden", view->scene.holders.hidden);
	json_object_object_add(top, "processes", processes);
	list = json_add_list(top, "pci");
	for (size_t i = 0; i < view->scene.pci.n; i++)
		add_function(list, view, i);
}

static void add_usb(json_object *top, const struct devices_view *view)
{
	json_object *list = json_add_list(top, "usb");

	for (size_t i = 0; i < view->usb.n; i++) {
		const struct usb_device *d = &view->usb.v[i];
		json_object *o = json_list_mapping(list);

		json_add_text(o, "port", d->port);
		json_add_number(o, "bus", d->bus);
		json_add_number(o, "number", d->number);
		json_add_text(o, "node", d->node);
		json_add_hex(o, "vendor", d->vendor, 4);
		json_add_hex(o, "product", d->product, 4);
		json_add_text(o, "manufacturer",
			      d->manufacturer ? d->manufacturer : view->usb_name[i].vendor_name);
		json_add_text(o, "name",
			      d->product_name ? d->product_name : view->usb_name[i].device_name);
		json_add_text(o, "kind", usb_kind(d));
		json_add_text(o, "speed", d->speed);
		json_add_bool(o, "hub", d->hub);
		add_strings(o, "drivers", d->driver, d->interfaces);
		add_address(o, "controller", d->has_controller, &d->controller);
	}
}

static void add_input(json_object *top, const struct devices_view *view)
{
	const struct input_list *inputs = &view->scene.input;
	json_object *list = json_add_list(top, "input");

	for (size_t i = 0; i < inputs->n; i++) {
		const struct input_device *d = &inputs->v[i];
		json_object *o = json_list_mapping(list);
		own_free char *kinds = input_kind_words(d->kinds);
		bool last = input_last_keyboard(inputs, (const char *const *)&d->event, 1);

		json_add_text(o, "node", d->node);
		json_add_text(o, "name", d->name);
		json_add_text(o, "kind", kinds);
		json_add_hex(o, "vendor", d->vendor, 4);
		json_add_hex(o, "product", d->product, 4);
		add_strings(o, "links", d->link, d->links);
		json_add_text(o, "usb_port", d->usb_port);
		add_address(o, "controller", d->has_controller, &d->controller);
		json_add_bool(o, "last_keyboard", last);
	}
}

char *devices_json(const struct devices_view *view)
{
	json_object *top = json_object_new_object();
	char *text;

	json_add_number(top, "version", 1);
	if (view->show_pci)
		add_pci(top, view);
	if (view->show_usb)
		add_usb(top, view);
	if (view->show_input)
		add_input(top, view);
	text = json_document(top);
	json_object_put(top);
	return text;
}
