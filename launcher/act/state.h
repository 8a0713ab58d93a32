/* Private to launcher/act: the keeper's state, and the functions that its verbs and its restoring
 * are made of.
 */
#ifndef ACT_STATE_H
#define ACT_STATE_H

#include <stdarg.h>

#include "base/root.h"
#include "host/holders.h"
#include "host/pci.h"
#include "journal.h"
#include "protocol.h"
#include "services.h"
#include "worker.h"

#define KEEPER_STUCK 8

enum phase {
	PHASE_NEW,	 /* only hello */
	PHASE_PREPARING, /* intents, and the watch that ends this phase */
	PHASE_WATCHING,	 /* QEMU runs: only release */
	PHASE_OVER,	 /* all is given back: nothing more */
	PHASES,
};

struct keeper {
	int fd;	  /* the client, -1: hung up */
	int lock; /* /run/vmlaunch/lock, held while the host is looked at and changed */
	struct root root;
	uid_t uid;    /* the user that is served */
	pid_t client; /* the process that made the socket */
	enum phase phase;
	uint32_t id; /* of the request being served */
	struct journal *journal;
	size_t undoing; /* number of the change that is being undone */
	int qemu;	/* pidfd, -1: none */
	struct {
		struct cpu_set cpus; /* where those of passed devices go; empty: wherever */
		unsigned looks;	     /* how often they were looked for */
	} vectors;
	struct stuck {
		struct worker worker;
		bool has_address; /* the function that the kernel holds with it */
		struct pci_address address;
	} stuck[KEEPER_STUCK];
	size_t stuck_n;
};

/* Takes one packet from the client and serves it; false when the client hung up or broke the rules.
 */
bool keeper_receive(struct keeper *k);

/* Tells the client; without one it goes nowhere. */
void keeper_report(struct keeper *k, enum report_kind kind, uint64_t value, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A worker that the kernel holds is watched until it ends; what it did to a function (NULL: none)
 * keeps everybody else away from that one. Does nothing when *worker is none.
 */
void keeper_keep_stuck(struct keeper *k, struct worker *worker, const struct pci_address *address);
bool keeper_is_stuck(const struct keeper *k, const struct pci_address *address);

/* The verbs' hands. Each looks for itself, refuses in words, and leaves in the journal what it did.
 */
bool claim_functions(struct keeper *k, const struct intent *intent, struct error **err);
bool grant_node(struct keeper *k, const struct intent *intent, struct error **err);
bool add_hugepages(struct keeper *k, const struct intent *intent, uint64_t *got,
		   struct error **err);
bool raise_memlock(struct keeper *k, const struct intent *intent, struct error **err);
bool create_mdev(struct keeper *k, const struct intent *intent, struct error **err);
bool allow_realtime(struct keeper *k, const struct intent *intent, struct error **err);
bool isolate_cpus(struct keeper *k, const struct intent *intent, struct error **err);
bool move_irqs(struct keeper *k, const struct intent *intent, struct error **err);
bool set_frequency(struct keeper *k, const struct intent *intent, struct error **err);

/* QEMU, a process of the keeper's user, to where its threads can go into the partition from; true
 * where there is no partition.
 */
bool isolate_process(struct keeper *k, pid_t pid, struct error **err);
/* One of its threads into the partition, and out of it into the root group; true for one that is
 * not in there.
 */
bool isolate_thread(struct keeper *k, pid_t thread, struct error **err);
bool return_thread(struct keeper *k, pid_t thread, struct error **err);

/* The vectors that passed devices have by now, onto the guest's processors. To be called again
 * after so many milliseconds, -1: never; the first call only says so.
 */
int steer_vectors(struct keeper *k);

/* Whether all of cpus are online and enough others are, and no other keeper has isolated one. *rest
 * becomes the processors that are left to the host.
 */
bool cpus_are_free(struct keeper *k, const struct cpu_set *cpus, struct cpu_set *rest,
		   struct error **err);

/* The function that an intent means, out of the list, if it is what was expected there; NULL with
 * words else.
 */
const struct pci_function *expected_function(const struct keeper *k, const struct pci_list *list,
					     const struct step_function *want, struct error **err);
/* Whether no other keeper has it. */
bool nobody_else_claims(const struct keeper *k, const struct pci_function *f, struct error **err);

/* holders_scan() with a deadline; false with words when it cannot be known. */
bool look_for_holders(const struct keeper *k, struct holders *holders, struct holder_nodes *nodes,
		      struct error **err);

/* Grants a node to the keeper's user by ACL, written down; a user who is root needs none. */
bool grant_path(struct keeper *k, const char *path, struct error **err);
/* The same for what all VFIO groups need beside their own node; waits for udev before. */
bool grant_container(struct keeper *k, struct error **err);

/* Stops a service if it runs, written down. */
bool pause_service(struct keeper *k, enum service service, struct error **err);

/* Undoing one change; each is harmless when it was never made, or undone already. */
bool undo_claimed(struct keeper *k, const struct change *change, struct error **err);
bool undo_bound(struct keeper *k, const struct change *change, struct error **err);
bool undo_override(struct keeper *k, const struct change *change, struct error **err);
bool undo_unloaded(struct keeper *k, const struct change *change, struct error **err);
bool undo_loaded(struct keeper *k, const struct change *change, struct error **err);
bool undo_service(struct keeper *k, const struct change *change, struct error **err);
bool undo_acl(struct keeper *k, const struct change *change, struct error **err);
bool undo_mdev(struct keeper *k, const struct change *change, struct error **err);
bool undo_hugepages(struct keeper *k, const struct change *change, struct error **err);
bool undo_isolated(struct keeper *k, const struct change *change, struct error **err);
bool undo_irqs(struct keeper *k, const struct change *change, struct error **err);
bool undo_governor(struct keeper *k, const struct change *change, struct error **err);
bool undo_preference(struct keeper *k, const struct change *change, struct error **err);

/* Undoes the changes of k->journal from number `from` on, the last first, going on past failures,
 * which are reported and stay in the journal. True when nothing of them is left.
 */
bool restore_from(struct keeper *k, size_t from);

/* Works off the journals of keepers that are dead; what cannot be undone is reported. */
bool recover_dead(struct keeper *k);

#endif
