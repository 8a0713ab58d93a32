/* What a start without a terminal tells its user: notifications of the desktop, and a log. A
 * process of its own shows them, so that a notification daemon that hangs holds up nothing, and so
 * that somebody is left who tells when this process was killed.
 */
#ifndef RUN_NOTIFY_H
#define RUN_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

enum notice {
	NOTICE_NOTE = 'n',    /* progress: takes the place of the one before */
	NOTICE_WARNING = 'w', /* shown by itself */
	NOTICE_ERROR = 'e',   /* all of them together at the end, until they are closed */
	NOTICE_RESULT = 'r',  /* what was asked for, many lines */
	NOTICE_END = 'x',     /* nothing comes any more: this process was not killed */
};

struct notifier {
	int fd; /* -1: none */
	pid_t pid;
};

#define NOTIFIER_NONE ((struct notifier){.fd = -1})

/* Starts the process. The title stands above each notification; log is a file to which all is
 * appended, with the time, its directory is made. Fails for root that somebody called by sudo or
 * pkexec: that user's desktop is not root's to reach.
 */
bool notifier_open(struct notifier *notifier, const char *title, const char *log,
		   struct error **err);

/* Never waits; without a notifier nothing happens. Of a text all bytes are allowed, at most some
 * 4000 of them are shown.
 */
void notifier_tell(const struct notifier *notifier, enum notice kind, const char *text);

/* Tells the end and waits until everything was shown: a dialog, until somebody has closed it. */
void notifier_close(struct notifier *notifier);

#endif
