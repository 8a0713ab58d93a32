/* A virtual function for a machine's life: the physical one's driver makes it, and then it is
 * claimed as any device is. What comes in names the physical one, and which of its virtual ones.
 *
 * No driver of the host's may look at it meanwhile (a desktop takes any GPU that it sees, and loses
 * it when it goes): so sriov_drivers_autoprobe is off before the number is written.
 *
 * Several starts, also of several users, share what the first one made: each has the record of it
 * in its own journal, with how it was before everybody, and the last one's end removes all.
 *
 * Writing 0 removes them all, and waits in the kernel for whoever has one open. So it is a
 * worker's, comes after the claim is undone, and is not done while another one of them has a
 * driver.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "bind.h"
#include "host/vf.h"
#include "sysfs.h"

#define QUICK_MS 5000
#define MAKE_MS 30000 /* a GPU's firmware shares out what it has */
#define REMOVE_MS 30000

static char *attribute_of(const struct keeper *k, const struct pci_address *address,
			  const char *name)
{
	char text[PCI_ADDRESS_SIZE];
	char *value = root_line(&k->root, "/sys/bus/pci/devices/%s/%s",
				pci_address_format(address, text), name);

	return value ? value : xstrdup("");
}

/* ------------------------------------------------------------------ shares */

/* What can be said of one's share, by the names that the journal has as well
 * (Documentation/ABI/testing/sysfs-driver-intel-xe-sriov).
 */
enum share { SHARE_MEMORY, SHARE_TIME, SHARE_TIMEOUT, SHARES };
static const char *const SHARE[] = {
	[SHARE_MEMORY] = "vram_quota",
	[SHARE_TIME] = "exec_quantum_ms",
	[SHARE_TIMEOUT] = "preempt_timeout_us",
};
_Static_assert(ARRAY_SIZE(SHARE) == SHARES, "each has a file");

/* Below the physical one; the caller owns it. */
static char *share_file(unsigned number, enum share share)
{
	return xasprintf("sriov_admin/vf%u/profile/%s", number + 1, SHARE[share]);
}

/* The driver may round it; that it is 0 still says that it was not taken. */
static bool set_share(struct keeper *k, const struct pci_function *physical, unsigned number,
		      enum share share, uint64_t value, struct error **err)
{
	struct change change = {
		.kind = CHANGE_SHARE, .address = physical->address, .number = number};
	own_free char *file = share_file(number, share);
	own_free char *before = attribute_of(k, &physical->address, file), *now = NULL;
	own_free char *text = xasprintf("%lu", value);
	char address[PCI_ADDRESS_SIZE];

	if (!value || strcmp(before, text) == 0)
		return true;
	if (!*before || !change_name(&change, SHARE[share]) || !change_name(&change, before)) {
		error_add(err, ERROR_HOST, "%s has no %s, or none that could be put back",
			  pci_address_format(&physical->address, address), file);
		return false;
	}
	if (!journal_add(k->journal, &change, err) ||
	    !function_write(k, &physical->address, file, text, QUICK_MS, err))
		return false;
	now = attribute_of(k, &physical->address, file);
	if (strcmp(now, "0") != 0)
		return true;
	error_add(err, ERROR_HOST, "%s: %s is '%s' after '%s' was written",
		  pci_address_format(&physical->address, address), file, now, text);
	return false;
}

static bool set_shares(struct keeper *k, const struct pci_function *physical,
		       const struct intent *intent, struct error **err)
{
	unsigned number = intent->vf.number;
	uint64_t time = intent->vf.time;

	return set_share(k, physical, number, SHARE_MEMORY, intent->vf.memory, err) &&
	       set_share(k, physical, number, SHARE_TIME, time, err) &&
	       set_share(k, physical, number, SHARE_TIMEOUT, time * 1000, err);
}

/* The driver forgets what it can when they go; a value of somebody else's cannot be told from one
 * that was rounded, and whoever has this one next says so anew.
 */
bool undo_share(struct keeper *k, const struct change *change, struct error **err)
{
	for (size_t i = 0; change->names == 2 && i < SHARES; i++) {
		own_free char *file = share_file((unsigned)change->number, (enum share)i);
		own_free char *now = attribute_of(k, &change->address, file);

		if (strcmp(change->name[0], SHARE[i]) == 0 && *now &&
		    strcmp(now, change->name[1]) != 0)
			return function_write(k, &change->address, file, change->name[1], QUICK_MS,
					      err);
	}
	return true;
}

/* ------------------------------------------------------------------ making */

static bool make_functions(struct keeper *k, const struct pci_list *list,
			   const struct pci_function *physical, unsigned count, struct error **err)
{
	struct change change = {.kind = CHANGE_VFS, .address = physical->address, .number = count};
	own_free char *probes = attribute_of(k, &physical->address, "sriov_drivers_autoprobe");
	own_free char *remedy = vf_driver_remedy(list, physical), *now = NULL;
	own_free char *number = xasprintf("%u", count);
	char text[PCI_ADDRESS_SIZE];

	if (!change_name(&change, probes) || !journal_add(k->journal, &change, err) ||
	    (strcmp(probes, "1") == 0 &&
	     !function_write(k, &physical->address, "sriov_drivers_autoprobe", "0", QUICK_MS, err)))
		return false;
	if (!function_write(k, &physical->address, "sriov_numvfs", number, MAKE_MS, err)) {
		if (remedy)
			error_context(err, "%s", remedy);
		return false;
	}
	now = attribute_of(k, &physical->address, "sriov_numvfs");
	if (strcmp(now, number) == 0)
		return true;
	error_add(err, ERROR_HOST, "%s: sriov_numvfs is '%s' after '%s' was written",
		  pci_address_format(&physical->address, text), now, number);
	return false;
}

static const struct change *made_by(const struct journal *journal,
				    const struct pci_address *physical)
{
	for (size_t i = 0; i < journal->n; i++)
		if (journal->change[i].kind == CHANGE_VFS &&
		    pci_address_compare(&journal->change[i].address, physical) == 0)
			return &journal->change[i];
	return NULL;
}

/* What another keeper made is removed by whoever of us is the last. */
static bool join_functions(struct keeper *k, const struct pci_function *physical,
			   struct error **err)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);
	bool good = true;

	for (size_t i = 0; i < n && good && !made_by(k->journal, &physical->address); i++) {
		const struct change *theirs = made_by(others[i], &physical->address);

		if (theirs && theirs->number == physical->vfs)
			good = journal_add(k->journal, theirs, err);
	}
	journals_free(others, n);
	return good;
}

static bool another_has(const struct keeper *k, const struct change *change)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);
	bool has = false;

	for (size_t i = 0; i < n && !has; i++) {
		const struct change *theirs = made_by(others[i], &change->address);

		has = theirs && theirs->number == change->number;
	}
	journals_free(others, n);
	return has;
}

/* The same as if the plan had known it. */
static bool claim_function(struct keeper *k, const struct pci_address *physical,
			   const struct pci_address *address, bool iommufd, struct error **err)
{
	own_pci_function struct pci_function f = {0};
	struct intent intent = {.kind = STEP_CLAIM, .claim = {.functions = 1, .iommufd = iommufd}};
	struct step_function *to = &intent.claim.function[0];
	char text[PCI_ADDRESS_SIZE];

	if (!pci_function_read(&f, &k->root, address) || !f.is_vf ||
	    pci_address_compare(&f.physfn, physical) != 0) {
		error_add(err, ERROR_HOST, "no virtual function sits at %s",
			  pci_address_format(address, text));
		return false;
	}
	*to = (struct step_function){
		.domain = address->domain,
		.bus = address->bus,
		.slot = address->slot,
		.function = address->function,
		.vendor = f.vendor,
		.device = f.device,
	};
	strncpy(to->driver, f.driver ? f.driver : "", sizeof(to->driver) - 1);
	return claim_functions(k, &intent, err);
}

/* Whether it is there, and free still. */
static bool is_there(const struct pci_list *list, const struct pci_function *physical,
		     const struct pci_address *address, struct error **err)
{
	const struct pci_function *f = pci_list_find(list, address);
	char text[PCI_ADDRESS_SIZE];

	if (f && vf_is_free(f, physical))
		return true;
	error_add(err, ERROR_HOST, "%s is %s by now: start again",
		  pci_address_format(address, text),
		  f ? "in use" : "no virtual function that is there");
	return false;
}

static bool is_possible(const struct pci_list *list, const struct pci_function *physical,
			const struct intent *intent, struct error **err)
{
	own_vf_choice struct vf_choice choice = {0};
	struct vf_wish wish = {intent->vf.count, intent->vf.number};
	char text[PCI_ADDRESS_SIZE];

	vf_choose(&choice, list, physical, NULL, &wish);
	if (!choice.refusal)
		return true;
	error_add(err, ERROR_HOST, "%s %s", pci_address_format(&physical->address, text),
		  choice.refusal);
	return false;
}

bool take_vf(struct keeper *k, const struct intent *intent, struct error **err)
{
	own_pci_list struct pci_list list = {0};
	const struct pci_function *physical;
	struct pci_address address;

	pci_list_read(&list, &k->root);
	physical = expected_function(k, &list, &intent->vf.physical, err);
	if (!physical || !is_possible(&list, physical, intent, err))
		return false;
	if (!vf_address(physical, intent->vf.number, &address)) {
		error_add(err, ERROR_HOST, "a virtual function of the number %u",
			  intent->vf.number);
		return false;
	}
	if (physical->vfs &&
	    (!is_there(&list, physical, &address, err) || !join_functions(k, physical, err)))
		return false;
	return set_shares(k, physical, intent, err) &&
	       (physical->vfs || make_functions(k, &list, physical, intent->vf.count, err)) &&
	       claim_function(k, &physical->address, &address, intent->vf.iommufd, err);
}

/* ------------------------------------------------------------------ and back */

/* One of them that a driver has; the caller owns the words, NULL: none. */
static char *one_in_use(const struct keeper *k, const struct pci_address *physical)
{
	own_pci_list struct pci_list list = {0};
	char text[PCI_ADDRESS_SIZE];

	pci_list_read(&list, &k->root);
	for (size_t i = 0; i < list.n; i++) {
		const struct pci_function *f = &list.v[i];

		if (f->is_vf && f->driver && pci_address_compare(&f->physfn, physical) == 0)
			return xasprintf("%s has %s", pci_address_format(&f->address, text),
					 f->driver);
	}
	return NULL;
}

static bool remove_vfs(struct keeper *k, const struct change *change, struct error **err)
{
	own_free char *number = attribute_of(k, &change->address, "sriov_numvfs");
	own_free char *mine = xasprintf("%lu", change->number), *user = NULL, *now = NULL;
	char text[PCI_ADDRESS_SIZE];

	/* Gone, or somebody else's by now. */
	if (strcmp(number, mine) != 0)
		return true;
	user = one_in_use(k, &change->address);
	if (user) {
		error_add(err, ERROR_LEFT,
			  "the virtual functions of %s are not removed while one is in use: %s",
			  pci_address_format(&change->address, text), user);
		return false;
	}
	if (!function_write(k, &change->address, "sriov_numvfs", "0", REMOVE_MS, err))
		return false;
	now = attribute_of(k, &change->address, "sriov_numvfs");
	if (strcmp(now, "0") == 0)
		return true;
	error_add(err, ERROR_LEFT, "%s still has %s virtual functions",
		  pci_address_format(&change->address, text), now);
	return false;
}

bool undo_vfs(struct keeper *k, const struct change *change, struct error **err)
{
	own_free char *probes = NULL;

	if (change->names != 1 || another_has(k, change))
		return true;
	if (!remove_vfs(k, change, err))
		return false;
	probes = attribute_of(k, &change->address, "sriov_drivers_autoprobe");
	return !*probes || strcmp(probes, change->name[0]) == 0 ||
	       function_write(k, &change->address, "sriov_drivers_autoprobe", change->name[0],
			      QUICK_MS, err);
}
