/* Private to launcher/act: the keeper's state, and the functions that its verbs and its restoring
 * are made of.
 */
#ifndef ACT_STATE_H
#define ACT_STATE_H

#include <stdarg.h>

#include "base/root.h"
#include "host/holders.h"
#include "host/pci.h"
#include "host/storage.h"
#include "journal.h"
#include "protocol.h"
#include "services.h"
#include "worker.h"

#define KEEPER_STUCK 8

enum phase {
	PHASE_NEW,	 /* only hello */
	PHASE_PREPARING, /* intents, and the watch that ends this phase */
	PHASE_WATCHING,	 /* QEMU runs: only release */
	PHASE_OVER,	 /* all is given back: release, whose answer is that, and nothing more */
	PHASES,
};

struct keeper {
	int fd;	  /* the client, -1: hung up */
	int left; /* a client's socket that is not to be closed before our end, -1: none */
	int lock; /* /run/vmlaunch/lock, held while the host is looked at and changed */
	struct root root;
	uid_t uid;    /* the user that is served */
	pid_t client; /* the process that made the socket */
	enum phase phase;
	uint32_t id;		   /* of the request being served */
	uint64_t answer;	   /* the number of its answer */
	int64_t came_us, spent_us; /* now_us() and worker_spent_us() when it came */
	struct journal *journal;
	size_t undoing;	  /* number of the change that is being undone */
	size_t recovered; /* how many changes of dead keepers were undone */
	int qemu;	  /* pidfd, -1: none */
	int64_t gone; /* when QEMU's end was seen, CLOCK_MONOTONIC, in milliseconds; 0: not yet */
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

/* A keeper's life, for the client at the other end of fd, a process of uid's: to the moment when
 * nothing is held any more. Returns an exit status.
 */
int keeper_serve(int fd, uid_t uid, pid_t client);

/* Takes one packet from the client and serves it; false when the client hung up or broke the rules.
 */
bool keeper_receive(struct keeper *k);

/* Takes the lock, k->lock, which is waited for; false with words where another one keeps it and
 * writes nothing into a journal for 90 seconds, or for silent_ms milliseconds. Closing it lets it
 * go.
 */
bool keeper_lock(struct keeper *k, struct error **err);
bool keeper_lock_within(struct keeper *k, int silent_ms, struct error **err);
/* Lets it go, with its file and directory where nothing is left to do for anybody. */
void keeper_tidy_up(struct keeper *k);

/* Tells the client; without one it goes nowhere. */
void keeper_report(struct keeper *k, enum report_kind kind, uint64_t value, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A worker that the kernel holds is watched until it ends; what it did to a function (NULL: none)
 * keeps everybody else away from that one. Does nothing when *worker is none.
 */
void keeper_keep_stuck(struct keeper *k, struct worker *worker, const struct pci_address *address);
bool keeper_is_stuck(const struct keeper *k, const struct pci_address *address);

/* The verbs' hands. Each looks for itself, refuses in words, and leaves in the journal what it did,
 * also when it fails: rolling back is the business of whoever called it.
 */
bool claim_functions(struct keeper *k, const struct intent *intent, struct error **err);
bool grant_node(struct keeper *k, const struct intent *intent, struct error **err);
bool raise_memlock(struct keeper *k, const struct intent *intent, struct error **err);
bool take_vf(struct keeper *k, const struct intent *intent, struct error **err);
bool create_mdev(struct keeper *k, const struct intent *intent, struct error **err);
bool make_tap(struct keeper *k, const struct intent *intent, struct error **err);
bool allow_realtime(struct keeper *k, const struct intent *intent, struct error **err);
bool isolate_cpus(struct keeper *k, const struct intent *intent, struct error **err);
bool move_irqs(struct keeper *k, const struct intent *intent, struct error **err);
bool set_frequency(struct keeper *k, const struct intent *intent, struct error **err);
/* This one's answer has a number: k->answer, the pages that can be had now. */
bool add_hugepages(struct keeper *k, const struct intent *intent, struct error **err);

/* Whether a unit of systemd's is a slice that isolate_cpus() may have asked for. */
bool isolate_is_slice(const char *unit);

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
/* Whether what a journal says of a function is nobody's business any more but that of whoever takes
 * it, and the moving of that into the keeper's journal.
 */
bool journal_is_given_up(const struct journal *journal, const struct pci_function *f);
bool adopt_records(struct keeper *k, const struct pci_function *f, struct error **err);
/* Whether no other keeper has it. */
bool nobody_else_claims(const struct keeper *k, const struct pci_function *f, struct error **err);

/* holders_scan() with a deadline; false with words when it cannot be known. */
bool look_for_holders(const struct keeper *k, struct holders *holders, struct holder_nodes *nodes,
		      struct error **err);

/* Asks the kernel for the exclusive use of block devices, which is given back at once: one block,
 * or all that hang on the functions. What it refuses is noted in storage (storage_add_held()).
 * False with words when it cannot be known.
 */
bool look_for_held_block(const struct keeper *k, struct storage *storage, const struct block *block,
			 struct error **err);
bool look_for_held_blocks(const struct keeper *k, struct storage *storage,
			  const struct pci_function *const *f, size_t n, struct error **err);

/* Grants a node to the keeper's user by ACL, written down; a user who is root needs none. */
bool grant_path(struct keeper *k, const char *path, struct error **err);
/* The same for what all VFIO groups need beside their own node; waits for udev before. */
bool grant_container(struct keeper *k, struct error **err);
/* Waits until udev has done to new devices what it does: ours comes after that. */
void let_udev_settle(void);

/* Stops a service if it runs, written down. */
bool pause_service(struct keeper *k, enum service service, struct error **err);

/* Undoing one change; each is harmless when it was never made, or undone already. */
#define UNDO_PROTOTYPE(kind, word, undo, function) \
	bool undo(struct keeper *k, const struct change *change, struct error **err);
CHANGE_ROWS(UNDO_PROTOTYPE)
#undef UNDO_PROTOTYPE

/* How what a journal of this boot says stands: what its keeper holds, which of keeper, vmlaunch and
 * QEMU live or are stopped, and what to do about that. *odd becomes whether something is to be
 * done: the machine has ended, or cannot begin. The caller owns the words.
 */
char *journal_standing(const struct journal *journal, bool *odd);

/* Undoes the changes of k->journal from number `from` on, the last first, going on past failures,
 * which are reported and stay in the journal. True when nothing of them is left.
 */
bool restore_from(struct keeper *k, size_t from);

/* Works off the journals of keepers that are dead; what cannot be undone is reported. */
bool recover_dead(struct keeper *k);

#endif
