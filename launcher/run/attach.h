/* The machine whose supervisor died: another one takes its place. */
#ifndef RUN_ATTACH_H
#define RUN_ATTACH_H

#include "base/error.h"
#include "ending.h"
#include "plug.h"

/* Takes over the machine whose runtime directory is dir, lets its guest go where that was missed,
 * and is its supervisor to QEMU's end, which *ending tells; then puts away what machine_run()
 * would. Fails where there is nothing to take over (nothing is touched then), where the end was a
 * bad one, and with ERROR_LEFT where a device is seen not to have gone back to the host.
 */
bool machine_attach(const char *dir, plug_find *find_usb, struct ending *ending,
		    struct error **err);

#endif
