/* What this host has, and what of it a guest could get. Looks and changes nothing. */
#include "devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/distribution.h"
#include "base/say.h"
#include "command.h"

struct holding *holdings_of(const struct devices_view *view, const struct pci_function *f,
			    size_t *n)
{
	struct holding *v = NULL;

	*n = 0;
	for (size_t i = 0; i < view->scene.holders.n; i++) {
		const struct holder *h = &view->scene.holders.v[i];
		const struct holder_node *node = &view->scene.nodes.v[h->node];
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

/* What one sees of the function that is asked about; the others of its board are told where it has
 * no reason of its own.
 */
static void sort_obstacles(struct function_view *fv, const struct obstacles *all,
			   const struct pci_function *f)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct obstacle *o = &all->v[i];

		fv->held |= obstacle_weight(o->kind) == WEIGHT_HELD;
		if (obstacle_weight(o->kind) == WEIGHT_REFUSED &&
		    (!o->function || o->function == f))
			obstacles_add(&fv->obstacles, o->kind, o->function, o->remedy, "%s",
				      o->text);
	}
	for (size_t i = 0; !fv->obstacles.n && i < all->n; i++) {
		own_free char *sentence = obstacle_sentence(&all->v[i]);

		if (obstacle_weight(all->v[i].kind) == WEIGHT_REFUSED)
			obstacles_add(&fv->obstacles, OBSTACLE_COMPANION, f, NULL,
				      "what goes with it cannot: %s", sentence);
	}
}

static void judge_functions(struct devices_view *view)
{
	const struct pci_list *list = &view->scene.pci;

	view->function = xcalloc(list->n + 1, sizeof(*view->function));
	for (size_t i = 0; i < list->n; i++) {
		const struct pci_function *f = &list->v[i];
		struct function_view *fv = &view->function[i];
		own_obstacles struct obstacles all = {0};

		if (!pci_is_bridge(f))
			storage_claims_below(&fv->claims, &view->scene.storage, &f->address);
		pci_board(&fv->board, list, f);
		obstacles_of(&all, &view->scene, &fv->board);
		sort_obstacles(fv, &all, f);
	}
}

static void look_at_functions(struct devices_view *view, const struct root *root)
{
	struct scene *scene = &view->scene;
	own_pci_set struct pci_set all = {0};

	for (size_t i = 0; i < scene->pci.n; i++)
		pci_set_add(&all, &scene->pci.v[i]);
	scene_look(scene, root, all.v, all.n);
	holders_scan(&scene->holders, root, &scene->nodes);
	judge_functions(view);
}

static void look_up_names(struct devices_view *view, const struct root *root)
{
	const struct pci_list *list = &view->scene.pci;

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

static void look_at_devices(struct devices_view *view, const struct root *root)
{
	scene_read(&view->scene, root);
	usb_list_read(&view->usb, root);
	if (view->show_pci)
		look_at_functions(view, root);
	look_up_names(view, root);
}

static void view_free(struct devices_view *view)
{
	for (size_t i = 0; view->function && i < view->scene.pci.n; i++) {
		struct function_view *fv = &view->function[i];

		storage_claims_free(&fv->claims);
		obstacles_free(&fv->obstacles);
		pci_set_free(&fv->board);
	}
	free(view->function);
	if (view->name)
		id_names_free(view->name, view->scene.pci.n);
	if (view->usb_name)
		id_names_free(view->usb_name, view->usb.n);
	free(view->name);
	free(view->usb_name);
	usb_list_free(&view->usb);
	scene_free(&view->scene);
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
	look_at_devices(&view, &root);
	json = argument_option(args, "json");
	text = json ? devices_json(&view) : devices_text(&view);
	fputs(text, stdout);
	if (view.nameless && view.show_pci && !json && root_is_real(&root)) {
		own_free char *install =
			distribution_install(distribution_read(&root), PACKAGE_PCI_IDS);

		say(SAY_NOTE, "the devices' names are in a file that is not there: %s", install);
	}
	view_free(&view);
	root_done(&root);
	return 0;
}
