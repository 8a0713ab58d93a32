/* TCP connections of this host's ports, as the kernel tells of them (sock_diag(7)), IPv4 and IPv6
 * alike, as a port that is open to both takes IPv4's as mapped addresses.
 */
#ifndef RUN_CONNECTIONS_H
#define RUN_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "plan/plan.h"

/* A descriptor that becomes readable when a connection to one of the ports has ended
 * (SKNLGRP_INET_TCP_DESTROY, of any user: ss(8), --events), and sleeps through the end of all
 * others; non-blocking, the caller's. -1: the kernel does not tell (before 4.3, or without
 * CONFIG_INET_DIAG).
 */
int connections_watch(const struct idle_ports *range, size_t ranges);

/* Takes in what it has told: whether a connection to one of them has ended. */
bool connections_ended(int watch, const struct idle_ports *range, size_t ranges);

/* Whether there is a connection to one of the ports now. Where the kernel does not tell, there is
 * one.
 */
bool connections_any(const struct idle_ports *range, size_t ranges);

/* Reads len bytes of the kernel's messages: *found becomes true where one is of a connection to one
 * of the ports, or says that the kernel cannot tell. Returns whether the answer has ended.
 */
bool connections_take(const void *data, ssize_t len, const struct idle_ports *range, size_t ranges,
		      bool *found);

#endif
