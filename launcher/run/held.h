/* Why a guest does not go on, in one sentence. It is made from what QEMU answers to query-status
 * and query-block alone, so that the supervisor, another process and whoever takes over say the
 * same.
 */
#ifndef RUN_HELD_H
#define RUN_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <json-c/json.h>

#include "base/own.h"

#define HELD_STATE 24 /* bytes of a run state's name, with its end */
#define HELD_DISKS 16 /* so many are named */

/* For whoever presses its button: the machine's name, and its words. */
#define HELD_DEAF "%s: a guest that is held hears its power button only when it goes on: %s"

/* A disk that could not be read or written. */
struct held_disk {
	char *node; /* QEMU's name for it, as the plan gave it: "disk-system" */
	char *file; /* NULL: not known */
	bool no_space;
};

struct held {
	char state[HELD_STATE]; /* QAPI: RunState; "" for a guest that is not held */
	struct held_disk disk[HELD_DISKS];
	size_t disks;
};

void held_free(struct held *held);
#define own_held own_with(held_free)

/* Whether a guest in that state (QAPI: RunState), which was let go once, waits for somebody. */
bool held_is(const char *state);
/* Whether it came to that by itself: nobody asked for it. */
bool held_is_trouble(const char *state);
/* Whether the answer to query-block says more about the state. */
bool held_is_of_disks(const char *state);

/* Adds the disk that a BLOCK_IO_ERROR's data names. */
void held_add_event(struct held *held, json_object *data);
/* Adds the disks that the answer to query-block (BlockInfo's io-status) blames, and the files of
 * those that are there already.
 */
void held_add_blocks(struct held *held, json_object *blocks);

/* What a GUEST_PANICKED's data tells (QAPI: GuestPanicInformation), as a sentence that the caller
 * owns: "the guest's system crashed", with the parameters that it gave, if it did, and
 * what Windows' first one means.
 */
char *held_crash_words(json_object *data);
#define HELD_CRASH "the guest's system crashed"

/* The same of a GUEST_CRASHLOADED: the kernel that Linux has for crashes (kdump) takes over. Begins
 * as that of a GUEST_PANICKED does.
 */
#define HELD_CRASH_LOADED "the guest's system crashed, and its kernel for crashes looks into it"

/* What a MEMORY_FAILURE's data tells: whose memory it was, and what QEMU does about it. The caller
 * owns it.
 */
char *held_memory_words(json_object *data);
/* Stands before it in the log, in every language. */
#define HELD_MEMORY "memory failure: "

/* What one of these three events tells; NULL for another, which tells enough by itself. The caller
 * owns it.
 */
char *held_event_words(const char *event, json_object *data);

/* What is said of a guest that resets itself again and again; begins a line of the log. */
#define HELD_RESETS "the guest resets itself again and again"

/* Why a QEMU that lives does not answer. */
enum held_silence {
	SILENT_STOPPED, /* its process is (SIGSTOP) */
	SILENT_BUSY,	/* another client has the tools' monitor */
	SILENT_HANGS,
};

/* The same as words with the remedy, for the machine called name; client is the other client of
 * SILENT_BUSY (host/peer.h), NULL: not known. The caller owns them.
 */
char *held_silence_words(enum held_silence why, const char *name, pid_t qemu, const char *client);

/* The profile's name for a node of the plan, quoted for a message: "disk system". The caller owns
 * it.
 */
char *held_disk_name(const char *node);

/* Why the machine called name is held, and how it goes on: a clause for behind a colon, which the
 * caller owns; NULL for a guest that is not held.
 */
char *held_words(const struct held *held, const char *name);

#endif
