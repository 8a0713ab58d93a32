/* The devices for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/paper.h"
#include "base/text.h"
#include "base/tongue.h"
#include "base/width.h"
#include "devices.h"

#define NODES_SHOWN 4

#define LABEL 13 /* width of the labels before a function's details */

/* "label      text", wrapped below the text. Takes text and prints nothing for an empty one. */
static void put_detail(struct buf *out, int indent, const char *label, struct buf *text)
{
	const char *word = tongue(label);

	if (text->len)
		paper_put(out, indent, indent + LABEL, "%s%*s%s", word, width_gap(word, LABEL), "",
			  text->data);
	buf_free(text);
}

static void add_part(struct buf *text, const char *between, const char *part)
{
	buf_addf(text, "%s%s", text->len ? between : "", part);
}

/* "1 process", "2 processes" */
static char *count_text(size_t n, const char *one, const char *many)
{
	return xasprintf("%zu %s", n, n == 1 ? one : many);
}

static void put_header(struct buf *out, const struct devices_view *view)
{
	const struct iommu *iommu = &view->scene.iommu;
	const struct holders *holders = &view->scene.holders;
	const char *reason = iommu_reason(iommu);
	struct buf text = {0};

	if (iommu->units) {
		own_free char *units = count_text(iommu->units, _("unit"), _("units"));

		buf_addf(&text, "%s, %s", iommu->kind, units);
	}
	if (iommu->width)
		buf_addf(&text, _(", %u-bit addresses"), iommu->width);
	if (iommu->groups) {
		own_free char *groups = count_text(iommu->groups, _("group"), _("groups"));

		add_part(&text, ", ", groups);
	}
	if (reason)
		add_part(&text, ": ", reason);
	put_detail(out, 0, "IOMMU", &text);
	if (holders->unseen)
		paper_put(
			out, 0, LABEL, N_("processes    %zu of %zu: %s"), holders->seen,
			holders->seen + holders->unseen,
			geteuid()
				? _("those of other users stay unseen; run this as root to see all who hold a device")
				: _("the kernel keeps the others from root, too"));
	if (holders->hidden)
		paper_put(
			out, 0, LABEL,
			"processes    /proc does not show all of them here, so nobody can tell who else holds a device");
}

/* What a function is called: "Intel Corporation Raptor Lake-S UHD Graphics". */
static void add_name(struct buf *text, const struct id_name *name)
{
	if (name->vendor_name)
		add_part(text, " ", name->vendor_name);
	if (name->device_name)
		add_part(text, " ", name->device_name);
}

static void put_subsystem(struct buf *out, int indent, const struct pci_function *f,
			  const struct id_name *name)
{
	struct buf text = {0};

	if (!f->has_subsystem)
		return;
	if (name->subvendor_name)
		add_part(&text, " ", name->subvendor_name);
	if (name->subsystem_name)
		add_part(&text, " ", name->subsystem_name);
	buf_addf(&text, "%s[%04x:%04x]", text.len ? " " : "", f->subvendor, f->subdevice);
	put_detail(out, indent, N_("subsystem"), &text);
}

static void put_driver(struct buf *out, int indent, const struct pci_function *f)
{
	struct buf text = {0};

	buf_adds(&text, f->driver ? f->driver : _("none"));
	if (f->driver_override)
		buf_addf(&text, _(", driver_override %s"), f->driver_override);
	if (f->locked)
		buf_adds(&text, _(", waiting in the kernel until its holder lets go"));
	if (f->is_vf) {
		char address[PCI_ADDRESS_SIZE];

		buf_addf(&text, _(", virtual function of %s"),
			 pci_address_format(&f->physfn, address));
	}
	if (f->numa_node > 0)
		buf_addf(&text, _(", NUMA node %d"), f->numa_node);
	put_detail(out, indent, N_("driver"), &text);
}

static void put_power(struct buf *out, int indent, const struct pci_function *f)
{
	struct buf text = {0};

	if (f->power_state && strcmp(f->power_state, "unknown") != 0)
		add_part(&text, ", ", f->power_state);
	if (f->runtime_status)
		add_part(&text, ", ", f->runtime_status);
	if (f->power_control)
		add_part(&text, ", ",
			 strcmp(f->power_control, "auto") == 0 ? _("may sleep when idle")
							       : _("kept awake"));
	if (f->d3cold_allowed == 0)
		add_part(&text, ", ", _("D3cold forbidden"));
	put_detail(out, indent, N_("power"), &text);
}

static void put_bars(struct buf *out, int indent, const struct pci_function *f)
{
	struct buf text = {0};

	for (size_t i = 0; i < f->bars; i++) {
		own_free char *bar = pci_bar_text(&f->bar[i]);

		buf_addf(&text, "%s%s%s", i ? ", " : "", bar,
			 f->bar[i].unset ? _(" without an address") : "");
	}
	if (f->has_rom)
		add_part(&text, ", ", _("option ROM"));
	put_detail(out, indent, "BARs", &text);
}

/* Resetting one function of a board may reset all of it. */
static bool board_can_reset(const struct function_view *fv)
{
	for (size_t i = 0; i < fv->board.n; i++)
		if (fv->board.v[i]->can_reset)
			return true;
	return false;
}

static void put_reset(struct buf *out, int indent, const struct devices_view *view,
		      const struct pci_function *f, const struct function_view *fv)
{
	own_reset_choice struct reset_choice choice = {0};
	struct buf text = {0};

	for (size_t i = 0; i < f->resets; i++)
		add_part(&text, ", ", f->reset[i]);
	if (!f->resets)
		buf_adds(&text, f->can_reset	      ? _("possible")
				: board_can_reset(fv) ? _("none of its own")
				: fv->obstacles.n
					? _("none")
					: _("none: a second start may need a reboot between"));
	reset_choose(&choice, &view->scene.pci, &fv->board, f, RESET_AUTO);
	if (f->resets > 1 || (f->resets && strcmp(f->reset[0], choice.used) != 0))
		buf_addf(&text, _("; used: %s"), choice.used);
	if (choice.why)
		buf_addf(&text, " (%s)", choice.why);
	put_detail(out, indent, N_("reset"), &text);
}

/* "yes, together with 0000:01:00.1, once its holders let go" */
static void put_verdict(struct buf *out, int indent, const struct devices_view *view,
			const struct pci_function *f, const struct function_view *fv)
{
	struct buf text = {0};
	const char *between = _("yes, together with ");

	for (size_t i = 0; i < fv->obstacles.n; i++) {
		const struct obstacle *o = &fv->obstacles.v[i];
		own_free char *clause = obstacle_clause(o);

		/* The reason stands above all functions. */
		buf_addf(&text, "%s%s", i ? "; " : _("no: "),
			 o->kind == OBSTACLE_NO_IOMMU ? _("there is no usable IOMMU") : clause);
	}
	if (text.len) {
		put_detail(out, indent, N_("for a guest"), &text);
		return;
	}
	for (size_t i = 0; i < fv->board.n; i++) {
		const struct pci_function *other = fv->board.v[i];
		char address[PCI_ADDRESS_SIZE];

		if (other == f)
			continue;
		buf_addf(&text, "%s%s", between, pci_address_format(&other->address, address));
		between = ", ";
	}
	if (!text.len)
		buf_adds(&text, _("yes"));
	if (fv->held)
		buf_adds(&text, _(", once its holders let go"));
	else if (view->scene.holders.unseen || view->scene.holders.hidden)
		buf_adds(&text, _(", as far as one can see"));
	put_detail(out, indent, N_("for a guest"), &text);
}

/* "i915-GVTg_V5_4, 1 left: resolution: 1920x1200" */
static void put_mdev_types(struct buf *out, int indent, const struct devices_view *view,
			   const struct pci_function *f)
{
	const struct mdev_parent *parent = mdev_parent_find(&view->scene.mdev, &f->address);

	for (size_t i = 0; parent && i < parent->types; i++) {
		const struct mdev_type *type = &parent->type[i];
		const char *words = type->description ? type->description : type->name;
		struct buf text = {0};

		buf_addf(&text, "%s, ", type->id);
		if (!type->api || strcmp(type->api, "vfio-pci") != 0)
			buf_addf(&text, _("no PCI device (%s), "), type->api ? type->api : "?");
		if (type->available)
			buf_addf(&text, _("%u left"), type->available);
		else
			buf_adds(&text, _("none left"));
		if (words)
			buf_addf(&text, ": %s", words);
		put_detail(out, indent, i ? "" : N_("vGPU types"), &text);
	}
}

static void put_mdevs(struct buf *out, int indent, const struct devices_view *view,
		      const struct pci_function *f)
{
	const struct mdev_list *mdevs = &view->scene.mdev;
	const char *label = N_("vGPUs");

	for (size_t i = 0; i < mdevs->n; i++) {
		const struct mdev *mdev = &mdevs->v[i];
		struct buf text = {0};

		if (!mdev->has_parent || pci_address_compare(&mdev->parent, &f->address) != 0)
			continue;
		buf_addf(&text, "%s, %s", mdev->uuid, mdev->type ? mdev->type : "?");
		if (mdev->group >= 0)
			buf_addf(&text, _(", group %d"), mdev->group);
		put_detail(out, indent, label, &text);
		label = "";
	}
}

static void put_soft(struct buf *out, int indent, const struct soft_holders *soft)
{
	struct buf text = {0};

	for (size_t i = 0; i < soft->n; i++) {
		own_free char *words = soft_holder_text(&soft->v[i]);

		add_part(&text, ", ", words);
	}
	put_detail(out, indent, N_("host"), &text);
}

static void put_claims(struct buf *out, int indent, const struct devices_view *view,
		       const struct pci_function *f)
{
	struct buf text = {0};

	for (size_t i = 0; i < view->scene.storage.n; i++) {
		const struct block *b = &view->scene.storage.v[i];

		if (b->disk || !storage_is_below(b, &f->address))
			continue;
		buf_addf(&text, "%s%s, %.1f GB", text.len ? "; " : "", b->name,
			 (double)b->size / 1e9);
	}
	put_detail(out, indent, N_("disks"), &text);
}

/* Remedies only where it is of use that the holder goes. */
static void put_holders(struct buf *out, int indent, const struct devices_view *view,
			const struct pci_function *f, const struct function_view *fv)
{
	size_t n;
	struct holding *v = holdings_of(view, f, &n);

	for (size_t i = 0; i < n; i++) {
		const struct holder *h = v[i].holder;
		const char *remedy = fv->obstacles.n ? NULL : holder_remedy(h->comm);
		struct buf text = {0};

		buf_addf(&text, "%s (pid %d, ", h->comm, (int)h->pid);
		if (h->user)
			buf_adds(&text, h->user);
		else
			buf_addf(&text, _("uid %u"), h->uid);
		buf_addc(&text, ')');
		for (size_t k = 0; k < v[i].nodes && k < NODES_SHOWN; k++)
			buf_addf(&text, "%s %s", k ? "," : "", v[i].node[k]);
		if (v[i].nodes > NODES_SHOWN)
			buf_addf(&text, _(" and %zu more"), v[i].nodes - NODES_SHOWN);
		if (remedy)
			buf_addf(&text, ": %s", remedy);
		put_detail(out, indent, i ? "" : N_("held by"), &text);
	}
	holdings_free(v, n);
}

/* How many bridges of the same group stand above it. */
static int depth_in_group(const struct pci_list *list, const struct pci_function *f)
{
	const struct pci_function *above = f;
	int depth = 0;

	while (above->has_parent && depth < 8) {
		above = pci_list_find(list, &above->parent);
		if (!above || above->group != f->group)
			break;
		depth++;
	}
	return depth;
}

static void put_function(struct buf *out, const struct devices_view *view, size_t i)
{
	const struct pci_function *f = &view->scene.pci.v[i];
	const struct function_view *fv = &view->function[i];
	bool passive = pci_is_bridge(f) || pci_is_chipset(f);
	int indent = 2 + 2 * depth_in_group(&view->scene.pci, f);
	char address[PCI_ADDRESS_SIZE];
	struct buf text = {0};

	buf_addf(&text, "%s  %s", pci_address_format(&f->address, address),
		 pci_class_words(f->class));
	if (view->name[i].vendor_name || view->name[i].device_name)
		buf_addc(&text, ':');
	add_name(&text, &view->name[i]);
	buf_addf(&text, " [%04x:%04x]", f->vendor, f->device);
	if (passive && !view->all && f->driver)
		buf_addf(&text, ", %s", f->driver);
	paper_put(out, indent, indent + 14, "%s", text.data);
	buf_free(&text);
	if (passive && !view->all)
		return;
	indent += 4;
	put_verdict(out, indent, view, f, fv);
	put_subsystem(out, indent, f, &view->name[i]);
	put_driver(out, indent, f);
	put_power(out, indent, f);
	if (!pci_is_bridge(f)) {
		put_reset(out, indent, view, f, fv);
		put_bars(out, indent, f);
		put_mdev_types(out, indent, view, f);
		put_mdevs(out, indent, view, f);
		put_soft(out, indent, &scene_seen(&view->scene, f)->soft);
		put_claims(out, indent, view, f);
	}
	put_holders(out, indent, view, f, fv);
}

static void put_pci(struct buf *out, const struct devices_view *view)
{
	const struct pci_list *list = &view->scene.pci;
	int last = -1;

	put_header(out, view);
	/* Groups in order, then what is in none. */
	for (;;) {
		int next = -1;

		for (size_t i = 0; i < list->n; i++)
			if (list->v[i].group > last && (next < 0 || list->v[i].group < next))
				next = list->v[i].group;
		if (next < 0)
			break;
		buf_addf(out, _("\nGroup %d\n"), next);
		for (size_t i = 0; i < list->n; i++)
			if (list->v[i].group == next)
				put_function(out, view, i);
		last = next;
	}
	for (size_t i = 0, shown = 0; i < list->n; i++) {
		if (list->v[i].group >= 0)
			continue;
		if (shown++ == 0)
			buf_adds(out, _("\nIn no group\n"));
		put_function(out, view, i);
	}
	if (!list->n)
		paper_put(out, 0, 0, "This host has no PCI devices.");
}

static void put_usb(struct buf *out, const struct devices_view *view)
{
	size_t hubs = 0;

	buf_adds(out, _("USB devices\n"));
	for (size_t i = 0; i < view->usb.n; i++) {
		const struct usb_device *d = &view->usb.v[i];
		const struct id_name *name = &view->usb_name[i];
		const char *maker = d->manufacturer ? d->manufacturer : name->vendor_name;
		const char *product = d->product_name ? d->product_name : name->device_name;
		struct buf text = {0};

		if (d->hub && !view->all) {
			hubs++;
			continue;
		}
		buf_addf(&text, "%-8s [%04x:%04x]  %s", d->port, d->vendor, d->product,
			 usb_kind(d));
		if (maker || product)
			buf_addf(&text, ": %s%s%s", maker ? maker : "", maker && product ? " " : "",
				 product ? product : "");
		if (d->speed)
			buf_addf(&text, ", %s Mbit/s", d->speed);
		for (size_t k = 0; k < d->interfaces; k++)
			if (d->driver[k] && (k == 0 || !d->driver[k - 1] ||
					     strcmp(d->driver[k], d->driver[k - 1]) != 0))
				buf_addf(&text, ", %s", d->driver[k]);
		paper_put(out, 2, 11, "%s", text.data);
		buf_free(&text);
	}
	if (!view->usb.n)
		paper_put(out, 2, 2, "none");
	if (hubs)
		paper_put(out, 2, 2,
			  hubs == 1 ? N_("and %zu hub (--all shows them)")
				    : N_("and %zu hubs (--all shows them)"),
			  hubs);
}

static void put_input(struct buf *out, const struct devices_view *view)
{
	const struct input_list *list = &view->scene.input;
	size_t others = 0;

	buf_adds(out, _("Input devices\n"));
	for (size_t i = 0; i < list->n; i++) {
		const struct input_device *d = &list->v[i];
		own_free char *kinds = input_kind_words(d->kinds);

		if (!d->kinds && !view->all) {
			others++;
			continue;
		}
		paper_put(out, 2, 11, "%-8s %s: %s%s%s%s", d->event, kinds, d->name ? d->name : "?",
			  d->usb_port ? " (USB " : "", d->usb_port ? d->usb_port : "",
			  d->usb_port ? ")" : "");
		for (size_t k = 0; k < d->links; k++)
			paper_put(out, 11, 11, "%s", d->link[k]);
	}
	if (!list->n)
		paper_put(out, 2, 2, "none");
	if (others)
		paper_put(
			out, 2, 2,
			others == 1
				? N_("and %zu other: buttons, switches and the like (--all shows them)")
				: N_("and %zu others: buttons, switches and the like (--all shows them)"),
			others);
}

char *devices_text(const struct devices_view *view)
{
	struct buf out = {0};

	if (view->show_pci)
		put_pci(&out, view);
	if (view->show_usb) {
		buf_adds(&out, out.len ? "\n" : "");
		put_usb(&out, view);
	}
	if (view->show_input) {
		buf_adds(&out, out.len ? "\n" : "");
		put_input(&out, view);
	}
	return buf_steal(&out);
}
