#include "reset.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/tongue.h"

#define AMD 0x1002
#define NVIDIA 0x10de

/* Cards of which somebody has found out which way works. Ids and names are the makers'. */
#define VENDOR_RESET \
	"of the generation with the reset bug; the module vendor-reset mends it (gnif/vendor-reset)"
#define IN_THE_GUEST                                                                \
	"a processor's graphics that no reset brings back; a service in the guest " \
	"that switches them off before it ends does (RadeonResetBugFix; "           \
	"isc30/ryzen-gpu-passthrough-proxmox 43, 99, 111, 135; gnif/vendor-reset 82)"
#define BY_SLEEP                                                                  \
	"of a generation that no reset brings back; a sleep of the host between " \
	"two starts does (reset = sleep; gnif/vendor-reset 107)"

static const struct known {
	uint16_t vendor, first, last;
	enum reset_way wanted; /* RESET_NONE: no way is known */
	const char *why;
} KNOWN[] = {
	{AMD, 0x67c0, 0x67ff, RESET_DEVICE, "Polaris, " VENDOR_RESET},
	{AMD, 0x6980, 0x699f, RESET_DEVICE, "Polaris, " VENDOR_RESET},
	{AMD, 0x6860, 0x687f, RESET_DEVICE, "Vega 10, " VENDOR_RESET},
	{AMD, 0x66a0, 0x66af, RESET_DEVICE, "Vega 20, " VENDOR_RESET},
	{AMD, 0x7310, 0x731f, RESET_DEVICE, "Navi 10, " VENDOR_RESET},
	{AMD, 0x7340, 0x734f, RESET_DEVICE, "Navi 14, " VENDOR_RESET},
	{AMD, 0x7360, 0x7362, RESET_DEVICE, "Navi 12, " VENDOR_RESET},
	{AMD, 0x7550, 0x755f, RESET_NONE, "Navi 48, " BY_SLEEP},
	{AMD, 0x7590, 0x759f, RESET_NONE, "Navi 44, " BY_SLEEP},
	{AMD, 0x1638, 0x1638, RESET_NONE, "Cezanne, " IN_THE_GUEST},
	{AMD, 0x1681, 0x1681, RESET_NONE, "Rembrandt, " IN_THE_GUEST},
	{AMD, 0x164e, 0x164e, RESET_NONE, "Raphael, " IN_THE_GUEST},
	{AMD, 0x15bf, 0x15bf, RESET_NONE, "Phoenix, " IN_THE_GUEST},
	{AMD, 0x15c8, 0x15c8, RESET_NONE, "Phoenix 2, " IN_THE_GUEST},
	{AMD, 0x1900, 0x1901, RESET_NONE, "Hawk Point, " IN_THE_GUEST},
	{AMD, 0x150e, 0x150e, RESET_NONE, "Strix Point, " IN_THE_GUEST},
	{AMD, 0x1586, 0x1586, RESET_NONE, "Strix Halo, " IN_THE_GUEST},
	{NVIDIA, 0x2b85, 0x2b8c, RESET_BUS,
	 "GB202, which does not come back from FLR (tinygrad/tinygrad 18199)"},
	{NVIDIA, 0x2c00, 0x2c7f, RESET_FLR,
	 "GB203, which comes back from FLR alone (NVIDIA/open-gpu-kernel-modules 1353)"},
};

static const struct known *find_known(const struct pci_function *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(KNOWN); i++)
		if (f->vendor == KNOWN[i].vendor && f->device >= KNOWN[i].first &&
		    f->device <= KNOWN[i].last)
			return &KNOWN[i];
	return NULL;
}

/* ------------------------------------------------------------------ what there is */

/* af_flr is FLR of PCI devices without PCI Express. */
static const char *reset_offered(const struct pci_function *f, enum reset_way wanted)
{
	for (size_t i = 0; i < f->resets; i++)
		if (strcmp(f->reset[i], RESET_METHODS[wanted]) == 0 ||
		    (wanted == RESET_FLR && strcmp(f->reset[i], "af_flr") == 0))
			return f->reset[i];
	return NULL;
}

static bool on_its_bus(const struct pci_function *f, const struct pci_function *other)
{
	return other != f && other->address.domain == f->address.domain &&
	       other->address.bus == f->address.bus;
}

static bool is_alone(const struct pci_list *list, const struct pci_function *f)
{
	for (size_t i = 0; i < list->n; i++)
		if (on_its_bus(f, &list->v[i]))
			return false;
	return true;
}

/* Another function of the bus that is not handed over with it, or NULL. */
static const struct pci_function *
find_bystander(const struct pci_list *list, const struct pci_set *set, const struct pci_function *f)
{
	for (size_t i = 0; i < list->n; i++)
		if (on_its_bus(f, &list->v[i]) && !pci_set_has(set, &list->v[i]))
			return &list->v[i];
	return NULL;
}

/* What the kernel does by itself: a bus reset is a function's own only where it is alone there,
 * which the list does not tell, as it is made before the others are found.
 */
static const char *first_way(const struct pci_list *list, const struct pci_function *f)
{
	for (size_t i = 0; i < f->resets; i++)
		if (strcmp(f->reset[i], "bus") != 0 || is_alone(list, f))
			return f->reset[i];
	return NULL;
}

static char *methods_text(const struct pci_function *f)
{
	struct buf out = {0};

	buf_adds(&out, "");
	for (size_t i = 0; i < f->resets; i++)
		buf_addf(&out, "%s%s", i ? " " : "", f->reset[i]);
	return buf_steal(&out);
}

/* ------------------------------------------------------------------ what is chosen */

__attribute__((format(printf, 2, 3))) static void impossible(struct reset_choice *choice,
							     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	choice->answer = RESET_IMPOSSIBLE;
	choice->why = xvasprintf(tongue(fmt), args);
	va_end(args);
}

static void choose_method(struct reset_choice *choice, const struct pci_function *f,
			  const char *method)
{
	bool only = f->resets == 1 && strcmp(f->reset[0], method) == 0;

	choice->answer = only ? RESET_KEPT : RESET_WRITTEN;
	choice->method = method;
	choice->used = xstrdup(method);
}

/* None of its own: VFIO resets what it has of the bus, all at once. */
static void choose_none(struct reset_choice *choice, const struct pci_list *list,
			const struct pci_set *set, const struct pci_function *f)
{
	bool by_bus = f->has_parent && !find_bystander(list, set, f);

	choice->answer = first_way(list, f) ? RESET_WRITTEN : RESET_KEPT;
	choice->method = "";
	choice->used = xstrdup(by_bus ? "the whole bus" : "nothing");
}

static void choose_bus(struct reset_choice *choice, const struct pci_list *list,
		       const struct pci_set *set, const struct pci_function *f)
{
	const struct pci_function *other = find_bystander(list, set, f);
	const char *own = reset_offered(f, RESET_BUS);
	char address[PCI_ADDRESS_SIZE];

	if (!f->has_parent)
		impossible(choice, "it sits on the root bus, which cannot be reset");
	else if (other)
		impossible(choice,
			   "a reset of the bus would hit %s, which is not handed over with it",
			   pci_address_format(&other->address, address));
	else if (is_alone(list, f) && !own)
		impossible(choice, "the kernel offers no reset of its bus");
	else if (is_alone(list, f))
		choose_method(choice, f, "bus");
	else
		choose_none(choice, list, set, f);
}

static void choose_wanted(struct reset_choice *choice, const struct pci_list *list,
			  const struct pci_set *set, const struct pci_function *f,
			  enum reset_way wanted)
{
	own_free char *methods = methods_text(f);
	const char *method;

	if (wanted == RESET_NONE) {
		choose_none(choice, list, set, f);
		return;
	}
	if (wanted == RESET_BUS) {
		choose_bus(choice, list, set, f);
		return;
	}
	method = reset_offered(f, wanted);
	if (method)
		choose_method(choice, f, method);
	else
		impossible(choice, "the kernel has no reset '%s' for it, but: %s%s",
			   RESET_WORDS[wanted], *methods ? methods : "none",
			   wanted == RESET_DEVICE
				   ? " (the module vendor-reset brings one for some AMD cards)"
				   : "");
}

static void choose_kernels(struct reset_choice *choice, const struct pci_list *list,
			   const struct pci_set *set, const struct pci_function *f)
{
	const char *way = first_way(list, f);

	choice->answer = RESET_KEPT;
	if (way)
		choice->used = xstrdup(way);
	else if (f->can_reset && !f->resets)
		choice->used = xstrdup("the kernel's choice");
	else
		choice->used =
			xstrdup(f->has_parent && !find_bystander(list, set, f) ? "the whole bus"
									       : "nothing");
}

void reset_choose(struct reset_choice *choice, const struct pci_list *list,
		  const struct pci_set *set, const struct pci_function *f, enum reset_way wanted)
{
	const struct known *known = find_known(f);
	const char *first = first_way(list, f);

	*choice = (struct reset_choice){0};
	if (wanted != RESET_AUTO && wanted != RESET_SLEEP) {
		choose_wanted(choice, list, set, f, wanted);
		return;
	}
	if (known && known->wanted != RESET_NONE)
		choose_wanted(choice, list, set, f, known->wanted);
	/* Further ways behind the right one do no harm. */
	if (choice->used && first && strcmp(first, choice->used) == 0)
		choice->answer = RESET_KEPT;
	/* What the table knows is no reason not to start. */
	if (!choice->used) {
		free(steal(&choice->why));
		choose_kernels(choice, list, set, f);
	}
	choice->why = known ? xstrdup(known->why) : NULL;
}

char *reset_refusal(const struct reset_choice *choice, const struct pci_function *f,
		    enum reset_way way)
{
	char address[PCI_ADDRESS_SIZE];

	return xasprintf("%s cannot be reset by '%s': %s", pci_address_format(&f->address, address),
			 RESET_WORDS[way], choice->why);
}

const char *reset_known_bad(const struct pci_function *f)
{
	const struct known *known = find_known(f);

	if (!known)
		return NULL;
	return known->wanted == RESET_NONE ||
			       (known->wanted == RESET_DEVICE && !reset_offered(f, RESET_DEVICE))
		       ? known->why
		       : NULL;
}

void reset_choice_free(struct reset_choice *choice)
{
	free(choice->used);
	free(choice->why);
	*choice = (struct reset_choice){0};
}
