/* Words that look at a guest which misbehaves, for the shell and for `vmlaunch qmp NAME WORD`. What
 * each finds is JSON for a script, and the same as text for a person. It comes from QEMU's answers
 * and, for the machine's own processes and devices, from /proc and /sys of this host; nothing that
 * sleeps is woken. None of the words is a command of QMP, whose names have a '-' or '_' or are
 * verbs such as quit and cont.
 */
#ifndef COMMANDS_LOOK_H
#define COMMANDS_LOOK_H

#include "base/buf.h"
#include "session.h"

/* Who looks. */
struct looking {
	struct session *session;
	/* Asks QEMU; takes over arguments. False where there is no answer: *err says why, or that
	 * was told already.
	 */
	bool (*ask)(struct looking *looking, const char *command, json_object *arguments,
		    json_object **answer, struct error **err);
	/* Lets so many milliseconds pass; false where nobody wants to wait. */
	bool (*rest)(struct looking *looking, int ms);
	const char *crash;  /* what the last GUEST_PANICKED told; NULL: none came */
	const char *damage; /* and the last MEMORY_FAILURE */
	void *context;
};

struct look {
	/* What is found, which the caller owns; NULL where nothing could be, as for ask(). */
	json_object *(*find)(struct looking *looking, const char *words, struct error **err);
	/* Adds it as lines. */
	void (*print)(struct buf *out, json_object *found);
	const char *asks; /* a question before it is done; NULL: none */
};

extern const struct look LOOK_WHY, LOOK_VCPUS, LOOK_MEMORY, LOOK_PCI, LOOK_GPU, LOOK_USB,
	LOOK_FIRMWARE, LOOK_SCREENSHOT, LOOK_DUMP, LOOK_KEY;

/* What the word name finds, where words may follow it; NULL as for find(). */
json_object *look_find(struct looking *looking, const struct look *look, const char *name,
		       bool takes, const char *words, struct error **err);

/* For one that is alone with its session: errors are told, and waiting is waiting. */
struct looking looking_alone(struct session *session);

/* Puts a picture of the guest's screen into a file that must not be there, or may be replaced: PNG,
 * and PPM where its name ends so.
 */
bool look_take_picture(struct looking *looking, const char *path, bool replace, struct error **err);

#endif
