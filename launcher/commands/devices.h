/* Between devices.c, which looks, and the files that print what it saw. */
#ifndef COMMANDS_DEVICES_H
#define COMMANDS_DEVICES_H

#include "host/names.h"
#include "host/obstacles.h"
#include "host/reset.h"
#include "host/usb.h"

/* What is known of a function beside the function itself. */
struct function_view {
	struct storage_claims claims;
	struct obstacles obstacles; /* those that let go by themselves left out */
	struct pci_set board;	    /* what goes with it, itself among them */
	bool held;
};

struct devices_view {
	struct scene scene;
	struct function_view *function; /* one for each of scene.pci */
	struct id_name *name;		/* likewise */
	struct usb_list usb;
	struct id_name *usb_name; /* one for each of usb */
	bool show_pci, show_usb, show_input;
	bool all;      /* bridges, hubs and buttons too */
	bool nameless; /* there is no pci.ids */
};

/* A process that holds nodes of one function. */
struct holding {
	const struct holder *holder;
	const char **node;
	size_t nodes;
};

/* The processes that hold a function; the caller frees them with holdings_free(). */
struct holding *holdings_of(const struct devices_view *view, const struct pci_function *f,
			    size_t *n);
void holdings_free(struct holding *holding, size_t n);

/* For people, at most 100 columns wide; and for programs. The caller owns them. */
char *devices_text(const struct devices_view *view);
char *devices_json(const struct devices_view *view);

#endif
