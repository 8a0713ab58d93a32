/* What the tests of quieting the host share: a keeper on a host of plain files, with a journal
 * where the machine has them.
 */
#ifndef TESTS_ACT_HOST_H
#define TESTS_ACT_HOST_H

#include "test_act_tree.h"

#include <sys/socket.h>

#include "act/state.h"

struct host {
	struct tree *tree;
	struct keeper k;
	int client; /* our end of its socket */
	bool has_run;
};

static inline int host_make(void **state)
{
	struct host *host = xcalloc(1, sizeof(*host));
	void *tree;
	int pair[2];

	tree_make(&tree);
	host->tree = tree;
	/* Journals are written where the machine has them. */
	host->has_run = own_mounts(host->tree) && mount("run", "/run", "tmpfs", 0, "mode=755") == 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	host->client = pair[1];
	host->k = (struct keeper){.fd = pair[0],
				  .lock = -1,
				  .root = host->tree->root,
				  .uid = getuid(),
				  .client = getpid(),
				  .qemu = -1,
				  .journal = journal_new(getuid())};
	tree_put(host->tree, "/sys/devices/system/cpu/online", "0-3\n");
	if (host->has_run)
		assert_true(journal_dir(NULL));
	*state = host;
	return 0;
}

static inline int host_remove(void **state)
{
	struct host *host = *state;
	void *tree = host->tree;

	journal_free(host->k.journal);
	close(host->k.fd);
	close(host->client);
	umount2("/run", MNT_DETACH);
	tree_remove(&tree);
	free(host);
	return 0;
}

#define needs_run(host)                                               \
	do {                                                          \
		if (!(host)->has_run)                                 \
			skip_test("no mount namespace of one's own"); \
	} while (0)

static inline struct intent intent_of(enum step_kind kind, const char *list)
{
	struct intent intent = {.kind = kind};
	struct cpu_set cpus;

	assert_true(cpu_set_parse(&cpus, list));
	if (kind == STEP_ISOLATE)
		intent.isolate.cpus = cpus;
	else if (kind == STEP_IRQS)
		intent.irqs.cpus = cpus;
	else
		intent.frequency.cpus = cpus;
	return intent;
}

/* What is on disk is what is in memory. */
static inline void journal_is_written(struct keeper *k)
{
	own_free char *mine = journal_text(k->journal);
	own_journal struct journal *read = journal_read(k->journal->path, NULL);
	own_free char *theirs = NULL;

	assert_non_null(read);
	theirs = journal_text(read);
	assert_string_equal(mine, theirs);
}

#define ON_HOST(test) cmocka_unit_test_setup_teardown(test, host_make, host_remove)

#endif
