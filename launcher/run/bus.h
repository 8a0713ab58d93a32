/* A client of the system's message bus, for what no program hands out: descriptors that hold, and
 * signals as they come. So much of D-Bus as that takes: calls whose arguments are strings, answers
 * and signals whose first value is a string, a boolean, a number or a descriptor (D-Bus
 * specification, "Message Protocol", "Authentication Protocol"). systemd-inhibit would be two more
 * processes for each lock, and a third one would have to listen.
 *
 * Nothing waits: all is sent at once, from the greeting on, and answers are taken as they come.
 */
#ifndef RUN_BUS_H
#define RUN_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum bus_kind { BUS_NOTHING, BUS_REPLY, BUS_FAILURE, BUS_SIGNAL };

struct bus_message {
	enum bus_kind kind;
	uint32_t answers; /* of a reply or failure: the call's number */
	char *member;	  /* of a signal; else NULL */
	char *text;	  /* the first value, of a string: of a failure why */
	uint64_t number;  /* ... of a boolean or a number */
	int fd;		  /* ... of a descriptor, else -1 */
};

#define BUS_FDS 4 /* that wait for their message; we ask for fewer */

struct bus {
	int fd; /* -1: there is none (any more) */
	uint32_t calls;
	unsigned greeted; /* lines of the greeting that have come */
	struct buf in;
	int waiting[BUS_FDS];
	size_t waitings;
};

#define BUS_NONE ((struct bus){.fd = -1})

/* Connects, and says who we are; the calls that follow may be sent at once. ERROR_HOST where there
 * is no bus.
 */
bool bus_open(struct bus *bus, struct error **err);
void bus_close(struct bus *bus);

/* Sends a call whose arguments are all strings; returns its number, 0 where it cannot be sent. */
uint32_t bus_call(struct bus *bus, const char *destination, const char *path, const char *interface,
		  const char *member, const char *const *arg, size_t args);

/* Takes in what is there, without waiting. False where the connection has ended, or what came makes
 * no sense: it is closed then.
 */
bool bus_receive(struct bus *bus);

/* The next message of what was taken in; BUS_NOTHING when there is no whole one. False where it
 * makes no sense: the connection is closed then. To be freed.
 */
bool bus_next(struct bus *bus, struct bus_message *m);

void bus_message_free(struct bus_message *m);
#define own_bus_message own_with(bus_message_free)

#endif
