/* Whether a function of a running guest still answers. */
#include "host_tree.h"

#include "host/answers.h"

#define ONES                                                               \
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" \
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" \
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" \
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

/* Its configuration space is what this says, in this state. */
static void put_head(void **state, const char *address, const char *head, const char *power,
		     const char *runtime)
{
	put_pci(state, address, "10de", "2820", "030000");
	put_attribute(state, address, "config", head);
	put_attribute(state, address, "power_state", power);
	put_attribute(state, address, "power/runtime_status", runtime);
}

static void what_answers_and_what_does_not(void **state)
{
	/* A virtual function's first four bytes are ones though it is well. */
	char virtual[] = ONES;

	virtual[8] = 1;
	put_head(state, "0000:01:00.0", ONES, "D0\n", "active\n");
	put_head(state, "0000:01:00.1", virtual, "D0\n", "active\n");
	put_head(state, "0000:01:00.2", ONES, "D3cold\n", "suspended\n");
	put_head(state, "0000:01:00.3", ONES, "D0\n", "suspending\n");
	put_head(state, "0000:01:00.4", "short", "D0\n", "active\n");
	tree_root(root);
	assert_int_equal(pci_answer_of(&root, "0000:01:00.0"), PCI_SILENT);
	assert_int_equal(pci_answer_of(&root, "0000:01:00.1"), PCI_WELL);
	assert_int_equal(pci_answer_of(&root, "0000:01:00.2"), PCI_ASLEEP);
	assert_int_equal(pci_answer_of(&root, "0000:01:00.3"), PCI_ASLEEP);
	assert_int_equal(pci_answer_of(&root, "0000:01:00.4"), PCI_ASLEEP);
	assert_int_equal(pci_answer_of(&root, "0000:02:00.0"), PCI_GONE);
	assert_null(pci_answer_words(PCI_WELL));
	assert_non_null(strstr(pci_answer_words(PCI_SILENT), "fell off the bus"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(what_answers_and_what_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
