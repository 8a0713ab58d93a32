/* Whether a host can sleep for a moment and wake by itself: the one thing that brings some cards
 * back which no reset does (reset.c).
 */
#ifndef HOST_SLEEP_H
#define HOST_SLEEP_H

#include "base/root.h"

#define SLEEP_STATE "/sys/power/state"
#define SLEEP_ALARM "/sys/class/rtc/rtc0/wakealarm"

/* Seconds from now: the way into sleep takes two or three of these, so that two are left. */
#define SLEEP_ALARM_IN "+5"

/* What stands against it, NULL: nothing; the caller owns it. An alarm that somebody has set already
 * stands against it, as the clock has one only.
 */
char *sleep_reason(const struct root *root);
/* That as a sentence of who was asked for it; the caller owns it. */
char *sleep_refusal(const char *reason);

#endif
