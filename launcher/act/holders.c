/* Who holds a device's nodes, found out by a worker: reading the mappings of a process that hangs
 * in the kernel can wait for that process, and the keeper must not. What it finds comes back
 * through memory that both share.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "state.h"

#define LOOK_MS 15000
#define FOUND 256 /* more are not told apart from so many */

struct found {
	size_t node;
	pid_t pid;
	uint64_t start;
	char comm[64], user[64]; /* cut off; user "": no name */
	uid_t uid;
	bool mapped;
};

struct sight {
	size_t n, seen, unseen;
	bool hidden;
	struct found found[FOUND];
};

struct look {
	const struct root *root;
	struct holder_nodes *nodes;
	struct sight *sight;
};

static int look_for_others(void *context)
{
	struct look *l = context;
	struct sight *sight = l->sight;
	struct root root = ROOT_REAL;
	own_holders struct holders holders = {0};

	/* Its descriptor is closed in here. */
	if (!root_is_real(l->root) && !root_init(&root, l->root->path, NULL))
		return ENOENT;
	holders_scan(&holders, &root, l->nodes);
	root_done(&root);
	*sight = (struct sight){.n = holders.n,
				.seen = holders.seen,
				.unseen = holders.unseen,
				.hidden = holders.hidden};
	for (size_t i = 0; i < holders.n && i < FOUND; i++) {
		const struct holder *h = &holders.v[i];
		struct found *f = &sight->found[i];

		*f = (struct found){.node = h->node,
				    .pid = h->pid,
				    .start = h->start,
				    .uid = h->uid,
				    .mapped = h->mapped};
		strncpy(f->comm, h->comm, sizeof(f->comm) - 1);
		strncpy(f->user, h->user ? h->user : "", sizeof(f->user) - 1);
	}
	return 0;
}

static void tell_holders(struct holders *holders, const struct sight *sight)
{
	*holders = (struct holders){
		.seen = sight->seen, .unseen = sight->unseen, .hidden = sight->hidden};
	for (size_t i = 0; i < sight->n && i < FOUND; i++) {
		const struct found *f = &sight->found[i];

		*xappend(holders->v, holders->n) = (struct holder){
			.node = f->node,
			.pid = f->pid,
			.start = f->start,
			.comm = xstrdup(f->comm),
			.uid = f->uid,
			.user = *f->user ? xstrdup(f->user) : NULL,
			.mapped = f->mapped,
		};
	}
}

bool look_for_holders(const struct keeper *k, struct holders *holders, struct holder_nodes *nodes,
		      struct error **err)
{
	struct look l = {.root = &k->root, .nodes = nodes};
	enum worker_end end;
	void *shared;
	int errnum;

	*holders = (struct holders){0};
	shared = mmap(NULL, sizeof(struct sight), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		error_errno(err, ERROR_HOST, errno, "cannot look who holds the device");
		return false;
	}
	l.sight = shared;
	end = worker_run(look_for_others, &l, LOOK_MS, &errnum, NULL);
	if (end == WORKER_DONE)
		tell_holders(holders, l.sight);
	else if (errnum == ETIMEDOUT)
		error_add(
			err, ERROR_HOST,
			"looking who holds the device takes longer than %d s: most likely a process hangs in the kernel (state D in 'ps -eo pid,stat,comm')",
			LOOK_MS / 1000);
	else
		error_errno(err, ERROR_HOST, errnum, "cannot look who holds the device");
	/* Of a worker that is stuck after all, the mapping is its own. */
	munmap(shared, sizeof(struct sight));
	return end == WORKER_DONE;
}
