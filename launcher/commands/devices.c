/* What this host has, and what of it a guest could get. Looks and changes nothing. */
#include "devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/say.h"
#include "command.h"

struct holding *holdings_of(const struct devices_view *view, const struct pci_function *f,
			    size_t *n)
{
	struct holding *v = NULL;

	*n = 0;
	for (size_t i = 0; i < view->holders.n; i++) {
		const struct holder *h = &view->holders.v[i];
		const struct holder_node *node = &view->nodes.v[h->node];
		struct holding *last = *n ? &v[*n - 1] : NULL;

		if (pci_address_compare(&node->function, &f->address) != 0)
			continue;
		if (!last || last->holder->pid != h->pid) {
			last = xappend(v, *n);
			last->holder = h;
		}
		*xappend(last->node, last->nodes) = node->path;
	}
	return v;
}

void holdings_free(struct holding *holding, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(holding[i].node);
	free(holding);
}

/* All nodes of all functions, then one pass over the processes. A disk with several controllers
 * hangs below none of them, so disks are added by what the storage part knows.
 */
static void look_for_holders(struct devices_view *view, const struct root *root)
{
	const struct storage *storage = &view->scene.storage;

	for (size_t i = 0; i < view->scene.list.n; i++) {
		const struct pci_function *f = &view->scene.list.v[i];
		size_t before = view->nodes.n;

		if (pci_is_bridge(f))
			continue;
		holder_nodes_of(&view->nodes, root, f);
		for (size_t k = 0; k < storage->n; k++) {
			const struct block *b = &storage->v[k];
			bool known = !storage_is_below(b, &f->address);

			for (size_t m = before; m < view->nodes.n && !known; m++)
				known = view->nodes.v[m].block && view->nodes.v[m].dev == b->dev;
			if (!known)
				holder_nodes_add(&view->nodes, &f->address, b->node, "block", true,
						 b->dev);
		}
	}
	holders_scan(&view->holders, root, &view->nodes);
}

static bool is_held(const struct devices_view *view, const struct pci_function *f)
{
	for (size_t i = 0; i < view->holders.n; i++) {
		const struct holder_node *node = &view->nodes.v[view->holders.v[i].node];

		if (pci_address_compare(&node->function, &f->address) == 0)
			return true;
	}
	return false;
}

static void judge(struct devices_view *view, const struct root *root)
{
	const struct pci_list *list = &view->scene.list;

	view->function = xcalloc(list->n + 1, sizeof(*view->function));
	for (size_t i = 0; i < list->n; i++) {
		const struct pci_function *f = &list->v[i];
		struct function_view *fv = &view->function[i];

		soft_holders_of(&fv->soft, root, f);
		if (!pci_is_bridge(f)) {
			storage_claims_below(&fv->claims, &view->scene.storage, &f->address);
			pci_board(&fv->board, list, f);
		}
		pci_obstacles_of(&fv->obstacles, &view->scene, f, &fv->board);
		fv->held = is_held(view, f);
	}
}

static void look_up_names(struct devices_view *view, const struct root *root)
{
	const struct pci_list *list = &view->scene.list;

	view->name = xcalloc(list->n + 1, sizeof(*view->name));
	for (size_t i = 0; i < list->n; i++)
		view->name[i] = (struct id_name){
			.vendor = list->v[i].vendor,
			.device = list->v[i].device,
			.subvendor = list->v[i].subvendor,
			.subdevice = list->v[i].subdevice,
		};
	view->nameless = !names_pci(view->name, list->n, root) && list->n;
	view->usb_name = xcalloc(view->usb.n + 1, sizeof(*view->usb_name));
	for (size_t i = 0; i < view->usb.n; i++)
		view->usb_name[i] = (struct id_name){
			.vendor = view->usb.v[i].vendor,
			.device = view->usb.v[i].product,
		};
	names_usb(view->usb_name, view->usb.n, root);
}

static void look(struct devices_view *view, const struct root *root)
{
	pci_scene_read(&view->scene, root);
	usb_list_read(&view->usb, root);
	if (view->show_pci) {
		look_for_holders(view, root);
		judge(view, root);
	}
	look_up_names(view, root);
}

static void view_free(struct devices_view *view)
{
	for (size_t i = 0; view->function && i < view->scene.list.n; i++) {
		struct function_view *fv = &view->function[i];

		soft_holders_free(&fv->soft);
		storage_claims_free(&fv->claims);
		pci_obstacles_free(&fv->obstacles);
		pci_set_free(&fv->board);
	}
	free(view->function);
	if (view->name)
		id_names_free(view->name, view->scene.list.n);
	if (view->usb_name)
		id_names_free(view->usb_name, view->usb.n);
	free(view->name);
	free(view->usb_name);
	holders_free(&view->holders);
	holder_nodes_free(&view->nodes);
	usb_list_free(&view->usb);
	pci_scene_free(&view->scene);
}

int command_devices(const struct arguments *args, struct error **err)
{
	struct root root = ROOT_REAL;
	struct devices_view view = {
		.show_usb = argument_option(args, "usb"),
		.show_input = argument_option(args, "input"),
		.all = argument_option(args, "all"),
	};
	own_free char *text = NULL;
	bool json;

	view.show_pci = !view.show_usb && !view.show_input;
	if (view.show_pci || view.all)
		view.show_pci = view.show_usb = view.show_input = true;
	if (!root_init(&root, argument_option(args, "host-root"), err))
		return ERROR_USAGE;
	look(&view, &root);
	json = argument_option(args, "json");
	text = json ? devices_json(&view) : devices_text(&view);
	fputs(text, stdout);
	if (view.nameless && view.show_pci && !json && root_is_real(&root))
		say(SAY_NOTE,
		    "the devices' names are in pci.ids, which is not installed: package pci.ids on Debian and Ubuntu, hwdata elsewhere");
	view_free(&view);
	root_done(&root);
	return 0;
}
