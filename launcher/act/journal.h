/* The journal: each change of the host is written down before it is made, with what was there
 * before, so that it can be undone by whoever is left: the keeper itself, or `vmlaunch recover`
 * after its death. One file per keeper under /run/vmlaunch (root, 0700, gone with the boot); every
 * state of it is whole, and once it is there, room for each later one is there as well
 * (journal_file.h). A change that was undone is taken out again; an empty journal is removed.
 */
#ifndef ACT_JOURNAL_H
#define ACT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "acl.h"
#include "base/cpu_set.h"
#include "base/error.h"
#include "base/process.h"
#include "host/pci.h"

#define JOURNAL_DIR "/run/vmlaunch"
#define JOURNAL_CHANGES 128
#define CHANGE_NAMES 12
#define CHANGE_NAME 64 /* bytes of a module's or driver's name, with its NUL */

/* What a change has to do with its function (a set). */
#define CHANGE_CLAIMS 1U /* nobody else may take the function while this stands here */
#define CHANGE_WAITS 2U	 /* not undone while the kernel holds the function */

/* The kinds of change, a row each: the kind, its word in the journal, the function that undoes it
 * (state.h), and what it has to do with a function. All tables are made of these rows, so that none
 * can be forgotten.
 */
#define CHANGE_ROWS(ROW)                                                                         \
	/* a function is taken: nobody else may take it */                                       \
	ROW(CHANGE_CLAIMED, "claimed", undo_claimed, CHANGE_CLAIMS)                              \
	/* how a function is reset: name[0] what we wrote to reset_method, [1] and on what was   \
	 * there                                                                                 \
	 */                                                                                      \
	ROW(CHANGE_RESET, "reset-method", undo_reset, CHANGE_CLAIMS | CHANGE_WAITS)              \
	/* modules that we loaded: names in order of loading */                                  \
	ROW(CHANGE_LOADED, "modules-loaded", undo_loaded, 0)                                     \
	/* of a function; before: name[0] driver_override, [1] driver, [2] power/control, [3]    \
	 * the driver's module */                                                                \
	ROW(CHANGE_OVERRIDE, "driver-override", undo_override, CHANGE_CLAIMS | CHANGE_WAITS)     \
	/* a function went to vfio-pci; name[0]: the driver that gave it up */                   \
	ROW(CHANGE_BOUND, "bound-to-vfio", undo_bound, CHANGE_CLAIMS | CHANGE_WAITS)             \
	/* modules that we unloaded: names in order of unloading */                              \
	ROW(CHANGE_UNLOADED, "modules-unloaded", undo_unloaded, 0)                               \
	/* a service that we stopped: number */                                                  \
	ROW(CHANGE_SERVICE, "service-stopped", undo_service, 0)                                  \
	/* one more uid on a device node: path, uid, before */                                   \
	ROW(CHANGE_ACL, "acl", undo_acl, 0)                                                      \
	/* pages that we added: size_kb, node, number */                                         \
	ROW(CHANGE_HUGEPAGES, "hugepages", undo_hugepages, 0)                                    \
	/* a partition of cpus: name[0] its group, number a set of ISOLATED_ */                  \
	ROW(CHANGE_ISOLATED, "processors-isolated", undo_isolated, 0)                            \
	/* interrupts that went from cpus to rest: the journal's irq table */                    \
	ROW(CHANGE_IRQS, "interrupts", undo_irqs, 0)                                             \
	/* of the frequency policies in cpus; name[0] before, name[1] ours */                    \
	ROW(CHANGE_GOVERNOR, "governor", undo_governor, 0)                                       \
	/* the same for their energy preference */                                               \
	ROW(CHANGE_PREFERENCE, "energy-preference", undo_preference, 0)                          \
	/* a mediated device of a function: name[0] its type, [1] its UUID; number: 1 if we made \
	 * it, 0 if it was there */                                                              \
	ROW(CHANGE_MDEV, "mdev", undo_mdev, CHANGE_WAITS)                                        \
	/* the host is to sleep for a moment once QEMU has ended */                              \
	ROW(CHANGE_SLEEP, "sleep", undo_sleep, 0)                                                \
	/* an attribute of a function's power: number, which one; name[0] what we wrote, [1]     \
	 * what was there                                                                        \
	 */                                                                                      \
	ROW(CHANGE_POWER, "power", undo_power, CHANGE_WAITS)                                     \
	/* a virtual function's share: of which function, number, which of its virtual ones;     \
	 * name[0] what of it, [1] what was there */                                             \
	ROW(CHANGE_SHARE, "share", undo_share, CHANGE_WAITS)                                     \
	/* virtual functions of a function: number of them, name[0] sriov_drivers_autoprobe      \
	 * before */                                                                             \
	ROW(CHANGE_VFS, "virtual-functions", undo_vfs, CHANGE_WAITS)                             \
	/* a network interface that we made: name[0] its own, name[1] "tap" or "macvtap", uid    \
	 * whose it is; number: the kernel's of it, 0 before it was made; name[2] the bridge and \
	 * [3] its address, digits alone, where that bridge had no port */                       \
	ROW(CHANGE_TAP, "tap", undo_tap, 0)

#define CHANGE_KIND(kind, word, undo, function) kind,
enum change_kind { CHANGE_ROWS(CHANGE_KIND) CHANGES };
#undef CHANGE_KIND

/* How a partition was made. */
#define ISOLATED_SYSTEMD 1U /* the group is a slice of systemd's */
#define ISOLATED_CPUSET 2U  /* the root group hands on the cpuset controller only since then */

struct change {
	enum change_kind kind;
	struct pci_address address;
	char name[CHANGE_NAMES][CHANGE_NAME];
	size_t names;
	char path[96];
	uid_t uid;
	struct acl_saved before;
	unsigned size_kb;
	int node;
	uint64_t number;
	uint64_t pool; /* of pages: 1 more than there were before; 0 once `number` is exact */
	struct cpu_set cpus, rest;
};

#define IRQ_DEFAULT (-1) /* default_smp_affinity: of those that come later */
#define JOURNAL_IRQS 4096

/* Where an interrupt could go before. */
struct irq_saved {
	int irq;
	struct cpu_set affinity;
};

struct journal {
	char *path;
	char *boot_id;
	char *namespaces; /* in which its processes have their numbers, process_namespaces() */
	uid_t uid;	  /* the user that it was done for */
	struct process keeper, client, qemu;
	struct change *change;
	size_t n;
	struct irq_saved *irq; /* of its one CHANGE_IRQS */
	size_t irqs;
};

/* Makes JOURNAL_DIR, safely: root's, mode 0700, no link. */
bool journal_dir(struct error **err);

/* An empty journal of this process for a user; nothing is written before the first change. */
struct journal *journal_new(uid_t uid);
void journal_free(struct journal *journal);
static inline void own_journal_(struct journal **journal)
{
	journal_free(*journal);
}
#define own_journal own_with(own_journal_)

/* Adds a name to a change; false for one that could not be read back. */
bool change_name(struct change *change, const char *name);

/* Writes the change down; only then may it be made. */
bool journal_add(struct journal *journal, const struct change *change, struct error **err);
/* Replaces the last change by a fuller record of it, before its next part is made. */
bool journal_amend(struct journal *journal, const struct change *change, struct error **err);
/* Replaces change i by what is left to undo of it, before that is undone. */
bool journal_replace(struct journal *journal, size_t i, const struct change *change,
		     struct error **err);
/* The same as journal_add() for a CHANGE_IRQS with its table of n, which is copied; n is at most
 * JOURNAL_IRQS.
 */
bool journal_add_irqs(struct journal *journal, const struct change *change,
		      const struct irq_saved *irq, size_t n, struct error **err);
/* Makes the file what the journal is; an empty one has none. The functions that change it do so. */
bool journal_save(struct journal *journal, struct error **err);
/* Takes change i out, as it has been undone. */
bool journal_drop(struct journal *journal, size_t i, struct error **err);
/* Who must be gone before anything is undone. */
bool journal_watch(struct journal *journal, struct process qemu, struct error **err);

/* Reads a journal; NULL when it is none. */
struct journal *journal_read(const char *path, struct error **err);

/* All journals in JOURNAL_DIR, oldest first; the caller owns them and the array. What is none
 * becomes an error, with what to do about it.
 */
struct journal **journal_all(size_t *n, struct error **err);

/* Removes what a keeper that died while it wrote left beside its journal. */
void journal_remove_halves(void);

/* The same without the keeper's own and those of another boot: what other machines have changed. */
struct journal **journal_others(const struct journal *mine, size_t *n);
void journals_free(struct journal **journals, size_t n);

/* Whether it is of this boot: what another one had changed is gone with it. */
bool journal_is_current(const struct journal *journal);
/* Whether its processes can be looked up: in another PID namespace their numbers are others. */
bool journal_is_here(const struct journal *journal);
/* Whether both are the same keeper's. */
bool journal_same(const struct journal *a, const struct journal *b);
/* Whether its keeper lives (in this boot), and so looks after it; of another PID namespace's that
 * is taken for granted.
 */
bool journal_is_kept(const struct journal *journal);
/* What a kind has to do with a function: a set of CHANGE_CLAIMS and CHANGE_WAITS. */
extern const unsigned CHANGE_FUNCTION[CHANGES];
/* Whether the change claims that function. */
bool change_claims(const struct change *change, struct pci_address address);
/* Whether the function stands in it, claimed or not given back yet. */
bool journal_claims(const struct journal *journal, struct pci_address address);

/* Its change of a kind, the first one; NULL when it has none. */
const struct change *journal_find(const struct journal *journal, enum change_kind kind);

/* The text form, for the file and for tests; the caller owns it. */
char *journal_text(const struct journal *journal);
struct journal *journal_parse(const char *text, struct error **err);

#endif
