/* Text in and out of the guest: the first serial port, a virtio console and the debug port. A
 * stream that goes to the terminal goes through the supervisor, over a socket of its own, so that
 * QEMU never holds the terminal. One on a listening socket is for whoever connects, one at a time;
 * what the guest writes while nobody has is lost.
 */
#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tongue.h"
#include "compose.h"

#define DEBUG_PORT \
	0x402 /* where OVMF's debug builds and SeaBIOS write (docs/specs of QEMU: isa-debugcon) */

/* What is composed, and how a terminal is joined to it. */
static void add_listening(struct composer *c, struct option *o, const char *id, const char *what)
{
	own_free char *file = xasprintf("%s.sock", id);
	own_free char *path = path_join(c->plan->runtime_dir, file), *word = text_word(path);

	option_number(o, "fd", (uint64_t)compose_fd(c, FD_STREAM, steal(&path)));
	option_on(o, "server", true);
	option_on(o, "wait", false);
	compose_note(c, "%s: socat -,raw,echo=0,escape=0x1d unix-connect:%s   # Ctrl-] leaves",
		     tongue(what), word);
}

static const char *way_of(enum target_kind kind)
{
	return kind == TARGET_FILE     ? N_("appended to")
	       : kind == TARGET_SOCKET ? N_("nobody else can reach the socket's directory")
				       : N_("through the supervisor");
}

static void add_stream(struct composer *c, const char *id, const char *what,
		       const struct target *target, enum plan_fd_role role)
{
	struct option o;

	if (target->kind == TARGET_SOCKET) {
		o = option_new("socket");
		option_text(&o, "id", id);
		add_listening(c, &o, id, what);
	} else if (target->kind == TARGET_FILE) {
		o = option_new("file");
		option_text(&o, "id", id);
		option_text(&o, "path", target->path);
		option_on(&o, "append", true);
	} else {
		o = option_new("socket");
		option_text(&o, "id", id);
		option_number(&o, "fd", (uint64_t)compose_fd(c, role, NULL));
	}
	compose_argument(c, "-chardev", option_done(&o), &target->at, way_of(target->kind));
}

static void add_serial(struct composer *c)
{
	const struct target *serial = &c->p->console.serial;
	struct option o;

	c->plan->serial = serial->kind;
	if (serial->kind == TARGET_NONE)
		return;
	add_stream(c, "serial", N_("the guest's serial port"), serial, FD_SERIAL);
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
	add_stream(c, "debug", N_("the guest's debug port"), debug, FD_DEBUG);
	o = option_new("isa-debugcon");
	option_text(&o, "id", "debug0");
	option_number(&o, "iobase", DEBUG_PORT);
	option_text(&o, "chardev", "debug");
	compose_argument(c, "-device", option_done(&o), &debug->at, NULL);
}

/* Ports that a guest's programs speak on: one controller for all. */
void compose_serial_bus(struct composer *c)
{
	own_free char *bus = NULL;
	struct option o;

	if (c->serial_bus)
		return;
	c->serial_bus = true;
	bus = compose_own_port(c, "agents");
	o = option_new("virtio-serial-pci");
	option_text(&o, "id", "agentbus");
	option_text(&o, "bus", bus);
	compose_fixed(c, "-device", option_done(&o), NULL);
}

/* Port 0 is the one that guests take for a console (virtio 1.2, 5.3.3, as QEMU hands them out). */
static void add_virtio(struct composer *c)
{
	const struct target *console = &c->p->console.virtio, *serial = &c->p->console.serial;
	struct option o;

	if (console->kind == TARGET_NONE)
		return;
	if (console->kind == TARGET_TERMINAL && serial->kind == TARGET_TERMINAL) {
		compose_wrong(c, console->at, "%s and %s cannot both have the terminal",
			      compose_key(c, &console->at), compose_key(c, &serial->at));
		return;
	}
	compose_serial_bus(c);
	add_stream(c, "console", N_("the guest's console"), console, FD_SERIAL);
	o = option_new("virtconsole");
	option_text(&o, "id", "console0");
	option_text(&o, "bus", "agentbus.0");
	option_number(&o, "nr", 0);
	option_text(&o, "chardev", "console");
	compose_argument(c, "-device", option_done(&o), &console->at, "hvc0 in Linux");
}

static void add_guest_agent(struct composer *c)
{
	const struct flag *agent = &c->p->console.guest_agent;
	own_free char *path = path_join(c->plan->runtime_dir, "guest-agent.sock");
	struct option o;

	if (!agent->v)
		return;
	compose_serial_bus(c);
	o = option_new("socket");
	option_text(&o, "id", "guest-agent");
	option_number(&o, "fd", (uint64_t)compose_fd(c, FD_AGENT, steal(&path)));
	option_on(&o, "server", true);
	option_on(&o, "wait", false);
	compose_argument(c, "-chardev", option_done(&o), &agent->at,
			 "nobody else can reach the socket's directory");
	o = option_new("virtserialport");
	option_text(&o, "id", "guest-agent-port");
	option_text(&o, "bus", "agentbus.0");
	option_number(&o, "nr", 2);
	option_text(&o, "chardev", "guest-agent");
	option_text(&o, "name", "org.qemu.guest_agent.0");
	compose_argument(c, "-device", option_done(&o), &agent->at, NULL);
}

void compose_console(struct composer *c)
{
	if (c->in->purpose == PURPOSE_RUN) {
		add_serial(c);
		add_virtio(c);
		add_guest_agent(c);
	}
	add_debug(c);
}
