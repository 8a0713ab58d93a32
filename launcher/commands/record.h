/* What was read of a host, as a tree that --host-root takes. Of processes only those are kept that
 * have a device open or tell of the session, and of what these have open only devices. While a
 * recording runs, each path that is opened through the root (base/root.h) is noted, and at its end
 * all of them are read once more, with the links that lead to them. So the tree holds what was
 * looked at and nothing else, whatever comes to be looked at.
 */
#ifndef COMMANDS_RECORD_H
#define COMMANDS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/root.h"

enum recorded_kind {
	RECORDED_DIRECTORY,
	RECORDED_THERE, /* a file or node whose content nobody asked for */
	RECORDED_LINK,
	RECORDED_FILE,
};

struct recorded {
	char *path; /* "sys/class/iommu/dmar0": without a slash in front */
	enum recorded_kind kind;
	char *data; /* of a file (NUL behind it), or a link's target */
	size_t len;
	uint64_t size; /* of a file; more than len where only its start was kept */
};

struct recording {
	struct recorded *v; /* by path, each once */
	size_t n;
	/* record.c's own, while it runs */
	char *prefix; /* the root's own path, "" for the machine's */
	struct noted {
		char *path;
		bool content, listed;
	} * noted;
	size_t notes;
};

/* One at a time. */
void recording_start(struct recording *recording, const struct root *root);
void recording_end(struct recording *recording, const struct root *root);
void recording_free(struct recording *recording);
#define own_recording own_with(recording_free)

#endif
