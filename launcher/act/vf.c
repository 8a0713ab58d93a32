/* A virtual function for a machine's life: the physical one's driver makes it, and then it is
 * claimed as any device is. What comes in names the physical one alone.
 *
 * No driver of the host's may look at it meanwhile (a desktop takes any GPU that it sees, and loses
 * it when it goes): so sriov_drivers_autoprobe is off before the number is written.
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

/* ------------------------------------------------------------------ making */

static bool make(struct keeper *k, const struct pci_function *physical, struct error **err)
{
	struct change change = {.kind = CHANGE_VFS, .address = physical->address, .number = 1};
	own_free char *probes = attribute_of(k, &physical->address, "sriov_drivers_autoprobe");
	own_free char *remedy = vf_driver_remedy(physical), *now = NULL;
	char text[PCI_ADDRESS_SIZE];

	if (!change_name(&change, probes) || !journal_add(k->journal, &change, err) ||
	    (strcmp(probes, "1") == 0 &&
	     !function_write(k, &physical->address, "sriov_drivers_autoprobe", "0", QUICK_MS, err)))
		return false;
	if (!function_write(k, &physical->address, "sriov_numvfs", "1", MAKE_MS, err)) {
		if (remedy)
			error_context(err, "%s", remedy);
		return false;
	}
	now = attribute_of(k, &physical->address, "sriov_numvfs");
	if (strcmp(now, "1") == 0)
		return true;
	error_add(err, ERROR_HOST, "%s: sriov_numvfs is '%s' after '1' was written",
		  pci_address_format(&physical->address, text), now);
	return false;
}

/* The same as if the plan had known it. */
static bool claim(struct keeper *k, const struct pci_address *physical,
		  const struct pci_address *address, struct error **err)
{
	own_pci_function struct pci_function f = {0};
	struct intent intent = {.kind = STEP_CLAIM, .claim.functions = 1};
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

bool take_vf(struct keeper *k, const struct intent *intent, struct error **err)
{
	own_pci_list struct pci_list list = {0};
	own_vf_choice struct vf_choice choice = {0};
	const struct pci_function *physical;
	char text[PCI_ADDRESS_SIZE];

	pci_list_read(&list, &k->root);
	physical = expected_function(k, &list, &intent->vf.physical, err);
	if (!physical)
		return false;
	vf_choose(&choice, &list, physical, NULL);
	if (choice.refusal)
		error_add(err, ERROR_HOST, "%s %s", pci_address_format(&physical->address, text),
			  choice.refusal);
	if (choice.refusal || (!choice.there && !make(k, physical, err)))
		return false;
	return claim(k, &physical->address, choice.there ? &choice.there->address : &choice.address,
		     err);
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

	if (change->names != 1 || !remove_vfs(k, change, err))
		return change->names != 1;
	probes = attribute_of(k, &change->address, "sriov_drivers_autoprobe");
	return !*probes || strcmp(probes, change->name[0]) == 0 ||
	       function_write(k, &change->address, "sriov_drivers_autoprobe", change->name[0],
			      QUICK_MS, err);
}
