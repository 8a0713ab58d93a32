/* A stream between QEMU and the terminal (or a function), without ever waiting for the other side:
 * what the terminal does not take yet is kept, up to a bound, and QEMU is not read from meanwhile.
 * QEMU then waits as well, with all it has where the stream is a debug port: while it is to end, a
 * relay is lossy.
 */
#ifndef RUN_RELAY_H
#define RUN_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes output instead of the terminal. */
typedef void relay_sink(void *context, const char *data, size_t len);

#define RELAY_CHUNK 4096

struct relay {
	int from; /* QEMU's stream, -1: ended */
	int to;	  /* where it goes, -1: nowhere; not owned */
	relay_sink *sink;
	void *context;
	bool lossy; /* what the output does not take at once is dropped */
	char kept[RELAY_CHUNK];
	size_t start, end;
};

/* What to poll for: the stream while nothing is kept, else the output. */
struct pollfd relay_poll(struct relay *relay);
/* Goes on after poll; ready is what relay_poll's descriptor had. */
void relay_go(struct relay *relay, short ready);
/* Takes what the stream still holds after QEMU's end, for at most a second, and closes it. */
void relay_finish(struct relay *relay);

/* Where a relay writes what is for our standard output. A terminal takes less than poll lets hope
 * and then keeps the writer waiting: it is opened anew, so that only we do not wait. To be closed
 * by whoever called.
 */
int output_open(void);

/* The terminal's keys on their way into the guest: characters as they are typed, without echo, but
 * with the signal keys working for us. Nothing is done to a terminal that is somebody else's now
 * (we are in the background); to be called again when we come back. Restored by
 * terminal_restore(), which is harmless when nothing was changed.
 */
void terminal_raw(int fd);
void terminal_restore(void);

#endif
