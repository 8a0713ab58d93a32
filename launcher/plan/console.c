/* Text out of the guest: the first serial port and the debug port. A stream that goes to the
 * terminal goes through the supervisor, over a socket of its own, so that QEMU never holds the
 * terminal.
 */
#include "base/alloc.h"
#include "compose.h"

#define DEBUG_PORT \
	0x402 /* where OVMF's debug builds and SeaBIOS write (docs/specs of QEMU: isa-debugcon) */

static void add_stream(struct composer *c, const char *id, const struct target *target,
		       enum plan_fd_role role)
{
	struct option o;

	if (target->kind == TARGET_FILE) {
		o = option_new("file");
		option_text(&o, "id", id);
		option_text(&o, "path", target->path);
		option_on(&o, "append", true);
	} else {
		o = option_new("socket");
		option_text(&o, "id", id);
		option_number(&o, "fd", (uint64_t)compose_fd(c, role, NULL));
	}
	compose_argument(c, "-chardev", option_done(&o), &target->at,
			 target->kind == TARGET_FILE ? "appended to" : "through the supervisor");
}

static void add_serial(struct composer *c)
{
	const struct target *serial = &c->p->console.serial;
	struct option o;

	c->plan->serial = serial->kind;
	if (serial->kind == TARGET_NONE)
		return;
	add_stream(c, "serial", serial, FD_SERIAL);
	o = option_new("isa-serial");
	option_text(&o, "id", "serial0");
	option_number(&o, "index", 0);
	option_text(&o, "chardev", "serial");
	compose_argument(c, "-device", option_done(&o), &serial->at, NULL);
}

static void add_debug(struct composer *c)
{
	const struct target *debug = &c->p->console.debug_port;
	struct target terminal = {.kind = TARGET_TERMINAL, .at = debug->at};
	struct option o;

	if (c->in->purpose == PURPOSE_PROBE) {
		debug = &terminal;
		terminal.at.kind = ORIGIN_DEFAULT;
	}
	c->plan->debug = debug->kind;
	if (debug->kind == TARGET_NONE)
		return;
	add_stream(c, "debug", debug, FD_DEBUG);
	o = option_new("isa-debugcon");
	option_text(&o, "id", "debug0");
	option_number(&o, "iobase", DEBUG_PORT);
	option_text(&o, "chardev", "debug");
	compose_argument(c, "-device", option_done(&o), &debug->at, NULL);
}

void compose_console(struct composer *c)
{
	if (c->in->purpose == PURPOSE_RUN)
		add_serial(c);
	add_debug(c);
}
