/* Programs that put a sentence before somebody's eyes on a desktop: those that talk to the
 * notification daemon, and dialogs for where there is none. Which ones there are is looked up;
 * none of them is needed.
 */
#ifndef RUN_CHANNEL_H
#define RUN_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

/* The values are those of the hint "urgency" (Desktop Notifications Specification 1.2, "Hints"). */
enum urgency { URGENCY_LOW, URGENCY_NORMAL, URGENCY_CRITICAL };

struct bulletin {
	const char *summary;
	const char *body; /* UTF-8 without control characters, but for line ends */
	enum urgency urgency;
	uint32_t replaces; /* the number of the one whose place it takes, 0: none */
};

/* Shows it by the first program that can, and returns that notification's number, 0 where none is
 * told. Without a daemon a critical one becomes a dialog, and this returns when that was closed;
 * others are lost.
 */
uint32_t channel_show(const struct bulletin *bulletin);

#endif
