/* Randomness for the guest, always: newer firmware (edk2, Debian's from 2025.02 on) boots from no
 * network without a device for it.
 */
#include "compose.h"

#define RNG_SLOT 0x1d /* of the root bus: a board's own device, as sound and video are */

void compose_rng(struct composer *c)
{
	struct option o = option_new("rng-builtin");

	option_text(&o, "id", "rng");
	compose_fixed(c, "-object", option_done(&o), "randomness of the host's kernel");
	o = option_new("virtio-rng-pci");
	option_text(&o, "id", "rng0");
	option_text(&o, "bus", "pcie.0");
	option_slot(&o, "addr", RNG_SLOT, 0);
	option_text(&o, "rng", "rng");
	/* On the root bus it would have I/O ports for the drivers of 2010, too. */
	option_on(&o, "disable-legacy", true);
	compose_fixed(c, "-device", option_done(&o), "firmware boots from no network without it");
}
