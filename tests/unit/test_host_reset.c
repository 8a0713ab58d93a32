/* Which way of a reset is chosen: of the kernel's, what is known of a card, what the profile says.
 */
#include "unit.h"

#include <string.h>

#include "base/alloc.h"
#include "host/reset.h"

static char *const FLR_BUS[] = {(char *)"flr", (char *)"bus"};
static char *const BUS[] = {(char *)"bus"};
static char *const PM_DEVICE[] = {(char *)"pm", (char *)"device_specific"};

enum { GPU, SOUND, USB, ROOT_BUS, FUNCTIONS };

struct board {
	struct pci_function f[FUNCTIONS];
	struct pci_list list;
	struct pci_set all, two;
};

static void make(struct board *b, uint16_t vendor, uint16_t device, char *const *reset, size_t n)
{
	for (unsigned i = 0; i < FUNCTIONS; i++)
		b->f[i] = (struct pci_function){
			.address = {0, i == ROOT_BUS ? 0 : 1, i == ROOT_BUS ? 2 : 0,
				    i == ROOT_BUS ? 0 : (uint8_t)i},
			.has_parent = i != ROOT_BUS,
			.vendor = vendor,
			.device = i == GPU ? device : 0x1234,
			.reset = (char **)reset,
			.resets = n,
			.can_reset = n,
		};
	b->list = (struct pci_list){b->f, FUNCTIONS};
	b->all = b->two = (struct pci_set){0};
	for (unsigned i = GPU; i <= USB; i++)
		pci_set_add(&b->all, &b->f[i]);
	pci_set_add(&b->two, &b->f[GPU]);
	pci_set_add(&b->two, &b->f[SOUND]);
}

static void unmake(struct board *b)
{
	pci_set_free(&b->all);
	pci_set_free(&b->two);
}

/* "kept flr", "written '' the whole bus", "impossible WHY"; and what is known. */
static void chosen(const struct board *b, const struct pci_set *set, unsigned f, enum reset_way way,
		   const char *want)
{
	own_reset_choice struct reset_choice choice = {0};
	own_free char *got = NULL;

	reset_choose(&choice, &b->list, set, &b->f[f], way);
	if (choice.answer == RESET_IMPOSSIBLE)
		got = xasprintf("impossible: %s", choice.why);
	else if (choice.answer == RESET_WRITTEN)
		got = xasprintf("written '%s': %s", choice.method, choice.used);
	else
		got = xasprintf("kept: %s", choice.used);
	assert_string_equal(got, want);
}

static void the_kernels_order(void **state)
{
	struct board b;

	(void)state;
	make(&b, 0x10de, 0x2820, FLR_BUS, 2);
	chosen(&b, &b.all, GPU, RESET_AUTO, "kept: flr");
	chosen(&b, &b.all, GPU, RESET_FLR, "written 'flr': flr");
	chosen(&b, &b.all, GPU, RESET_PM,
	       "impossible: the kernel has no reset 'pm' for it, but: flr bus");
	unmake(&b);
	/* Of several on the bus none can reset it for itself. */
	make(&b, 0x10de, 0x2820, BUS, 1);
	chosen(&b, &b.all, GPU, RESET_AUTO, "kept: the whole bus");
	chosen(&b, &b.two, GPU, RESET_AUTO, "kept: nothing");
	chosen(&b, &b.all, ROOT_BUS, RESET_AUTO, "kept: bus");
	chosen(&b, &b.all, GPU, RESET_NONE, "kept: the whole bus");
	unmake(&b);
	make(&b, 0x10de, 0x2820, NULL, 0);
	chosen(&b, &b.all, ROOT_BUS, RESET_AUTO, "kept: nothing");
	chosen(&b, &b.all, GPU, RESET_FLR,
	       "impossible: the kernel has no reset 'flr' for it, but: none");
	b.f[GPU].can_reset = true;
	chosen(&b, &b.all, GPU, RESET_AUTO, "kept: the kernel's choice");
	unmake(&b);
}

static void the_bus(void **state)
{
	struct board b;

	(void)state;
	make(&b, 0x10de, 0x2820, FLR_BUS, 2);
	/* With others there: no way of its own, and VFIO takes all of the bus. */
	chosen(&b, &b.all, GPU, RESET_BUS, "written '': the whole bus");
	chosen(&b, &b.two, GPU, RESET_BUS,
	       "impossible: a reset of the bus would hit 0000:01:00.2, which is not handed over with it");
	chosen(&b, &b.two, GPU, RESET_NONE, "written '': nothing");
	chosen(&b, &b.all, ROOT_BUS, RESET_BUS,
	       "impossible: it sits on the root bus, which cannot be reset");
	b.list.n = 1;
	chosen(&b, &b.all, GPU, RESET_BUS, "written 'bus': bus");
	unmake(&b);
	make(&b, 0x10de, 0x2820, PM_DEVICE, 2);
	b.list.n = 1;
	chosen(&b, &b.all, GPU, RESET_BUS, "impossible: the kernel offers no reset of its bus");
	unmake(&b);
	make(&b, 0x10de, 0x2820, BUS, 1);
	b.list.n = 1;
	chosen(&b, &b.all, GPU, RESET_BUS, "kept: bus");
	unmake(&b);
}

static void what_is_known_of_cards(void **state)
{
	struct board b;

	(void)state;
	/* GB202: not by FLR. */
	make(&b, 0x10de, 0x2b85, FLR_BUS, 2);
	chosen(&b, &b.all, GPU, RESET_AUTO, "written '': the whole bus");
	/* The table is overruled, and is no reason to refuse. */
	chosen(&b, &b.all, GPU, RESET_FLR, "written 'flr': flr");
	chosen(&b, &b.two, GPU, RESET_AUTO, "kept: flr");
	assert_null(reset_known_bad(&b.f[GPU]));
	unmake(&b);
	/* GB203: by FLR, which is the first one already. */
	make(&b, 0x10de, 0x2c05, FLR_BUS, 2);
	chosen(&b, &b.all, GPU, RESET_AUTO, "kept: flr");
	unmake(&b);
	/* Vega 10: by vendor-reset where it is loaded, and else told. */
	make(&b, 0x1002, 0x687f, PM_DEVICE, 2);
	chosen(&b, &b.all, GPU, RESET_AUTO, "written 'device_specific': device_specific");
	assert_null(reset_known_bad(&b.f[GPU]));
	b.f[GPU].resets = 1;
	chosen(&b, &b.all, GPU, RESET_AUTO, "kept: pm");
	assert_non_null(strstr(reset_known_bad(&b.f[GPU]), "vendor-reset"));
	unmake(&b);
	/* Navi 48: nothing helps but sleep. */
	make(&b, 0x1002, 0x7550, FLR_BUS, 2);
	chosen(&b, &b.all, GPU, RESET_AUTO, "kept: flr");
	assert_non_null(strstr(reset_known_bad(&b.f[GPU]), "reset = sleep"));
	assert_null(reset_known_bad(&b.f[SOUND]));
	unmake(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_order),
		cmocka_unit_test(the_bus),
		cmocka_unit_test(what_is_known_of_cards),
	};

	return cmocka_run_group_tests_name("host_reset", tests, NULL, NULL);
}
