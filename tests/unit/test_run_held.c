/* What stands in QEMU's answers can be anything: QEMU is no friend once its guest has taken it
 * over. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "run/held.h"

static void words_are(const char *state, const char *event, const char *blocks, const char *want)
{
	own_held struct held held = {0};
	json_object *data = event ? json_tokener_parse(event) : NULL;
	json_object *list = blocks ? json_tokener_parse(blocks) : NULL;
	own_free char *got = NULL;

	snprintf(held.state, sizeof(held.state), "%s", state);
	if (event)
		held_add_event(&held, data);
	held_add_blocks(&held, list);
	got = held_words(&held, "m");
	json_object_put(data);
	json_object_put(list);
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void states(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < 2; i++)
		words_are(((const char *[]){"running", "of-a-later-qemu"})[i], NULL, NULL, NULL);
	words_are("prelaunch", NULL, NULL,
		  "it was reset while it was held: 'vmlaunch resume m' lets it go on");
	words_are("paused", NULL, NULL, "it was paused: 'vmlaunch resume m' lets it go on");
	assert_true(held_is("paused") && !held_is_trouble("paused"));
	assert_true(held_is("io-error") && held_is_trouble("io-error"));
	assert_false(held_is("running") || held_is_trouble("running") || held_is(""));
}

#define ON "an I/O error of the host on "
#define MEND                                                        \
	", of which its kernel's log (dmesg) tells more: mend it, " \
	"then 'vmlaunch resume m' lets it go on"

static void nonsense(void **unused)
{
	static const char *const odd[] = {"7", "{}", "[7, null, [], {}]", "[{\"io-status\": 7}]",
					  "[{\"inserted\": [], \"io-status\": \"ok\"}]"};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		words_are("io-error", NULL, odd[i], ON "a disk" MEND);
	words_are("io-error", "[]", NULL, ON "a disk" MEND);
	words_are("io-error", "{\"node-name\": 7, \"nospace\": \"yes\"}", NULL,
		  "no space is left on the host for a disk: free some, "
		  "then 'vmlaunch resume m' lets it go on");
	words_are("io-error", "{\"node-name\": \"disk-\\u001b[2J\"}", NULL,
		  ON "disk \\x1b[2J" MEND);
	words_are(
		"io-error", NULL,
		"[{\"io-status\": \"failed\", \"inserted\": {\"node-name\": \"disk-a\", \"file\": "
		"\"/a\\u001b\"}}]",
		ON "disk a ($'/a\\x1b')" MEND);
}

/* What an answer blames is blamed once, and too many are cut. */
static void many(void **unused)
{
	own_held struct held held = {0};
	json_object *list = json_object_new_array();

	(void)unused;
	for (int i = 0; i < 100; i++) {
		own_free char *text =
			xasprintf("{\"device\": \"d%d\", \"io-status\": \"failed\"}", i);

		json_object_array_add(list, json_tokener_parse(text));
	}
	held_add_blocks(&held, list);
	held_add_blocks(&held, list);
	assert_int_equal(held.disks, HELD_DISKS);
	json_object_put(list);
}

static void crashes(void **unused)
{
	static const char *const rows[][2] = {
		{"{}", "the guest's system crashed"},
		{"[]", "the guest's system crashed"},
		{"{\"info\": 7}", "the guest's system crashed"},
		{"{\"info\": {\"type\": \"s390\", \"arg1\": 1}}", "the guest's system crashed"},
		{"{\"info\": {\"type\": \"hyper-v\", \"arg1\": 239, \"arg2\": \"\\u001b\"}}",
		 "the guest's system crashed with the parameters 0xef, 0x0: Windows' CRITICAL_PROCESS_DIED (its own files, or its disk)"},
		{"{\"info\": {\"type\": \"hyper-v\", \"arg1\": 99, \"arg2\": 18446744073709551615}}",
		 "the guest's system crashed with the parameters 0x63, 0xffffffffffffffff: 0x63 is Windows' stop code"},
		/* Linux' id: 0x8100, its version. */
		{"{\"info\": {\"type\": \"hyper-v\", \"arg1\": 239, \"arg2\": 9295429630893096960}}",
		 "the guest's system crashed with the parameters 0xef, 0x8100000000060000"},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_object *data = json_tokener_parse(rows[i][0]);
		own_free char *words = held_crash_words(data);

		json_object_put(data);
		assert_string_equal(words, rows[i][1]);
	}
}

static void damaged_memory(void **unused)
{
	static const char *const rows[][3] = {
		{"MEMORY_FAILURE", "{\"recipient\": \"guest\", \"action\": \"inject\"}",
		 "the guest has its own: the guest was told, and does without it if it can; "},
		{"MEMORY_FAILURE", "{\"recipient\": \"guest\", \"action\": \"reset\"}",
		 "the guest has its own: the guest cannot be told, and is reset; "},
		{"MEMORY_FAILURE", "{\"recipient\": \"hypervisor\", \"action\": \"fatal\"}",
		 "QEMU has its own: QEMU cannot go on, and ends; "},
		{"MEMORY_FAILURE", "{\"recipient\": 7, \"action\": \"\\u001b[2J\"}",
		 "QEMU has its own: QEMU's action is '\\x1b[2J'; "},
		{"MEMORY_FAILURE", "[]", "QEMU has its own: QEMU's action is ''; "},
		{"GUEST_CRASHLOADED", "{\"action\": \"run\"}", ", and its kernel for crashes"},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_object *data = json_tokener_parse(rows[i][1]);
		own_free char *words = held_event_words(rows[i][0], data);

		json_object_put(data);
		if (!strstr(words, rows[i][2]))
			fail_msg("%s: not %s", words, rows[i][2]);
	}
	assert_null(held_event_words("STOP", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),  cmocka_unit_test(nonsense),	     cmocka_unit_test(many),
		cmocka_unit_test(crashes), cmocka_unit_test(damaged_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
