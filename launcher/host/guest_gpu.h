/* Which GPU of the host a guest would get: the discrete one, if nothing stands against that. */
#ifndef HOST_GUEST_GPU_H
#define HOST_GUEST_GPU_H

#include "obstacles.h"

struct guest_gpu {
	const struct pci_function *function; /* NULL: there is none */
	struct pci_set board;		     /* what goes along, itself among it */
	bool only;		    /* the host has no other one to show its picture with */
	bool may;		    /* what stands in the way, if anything, comes and goes */
	struct obstacles obstacles; /* all that stands in the way of the board */
};

/* Finds it in a scene all of whose display functions' boards were looked at; the scene must live as
 * long. Of several: one that may be taken before others, then the one with the largest BAR, of
 * equal ones what has the least in its way, then the first. The processor's own graphics are never
 * chosen.
 */
void guest_gpu_find(struct guest_gpu *gpu, const struct scene *scene);
void guest_gpu_free(struct guest_gpu *gpu);
#define own_guest_gpu own_with(guest_gpu_free)

/* The scene, with all display functions and what goes along with them looked at. */
void guest_gpu_look(struct scene *scene, const struct root *root);

/* The size in pixels of the panel that is built into this computer, as its own (first) mode in
 * /sys/class/drm/card*-eDP-*, -LVDS-* or -DSI-* says; else of a screen that is plugged in. False
 * where no screen tells one.
 */
bool panel_size(const struct root *root, unsigned *width, unsigned *height);

#endif
