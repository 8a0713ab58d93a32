/* Governors and energy preferences, as the keeper sets them, on plain files (which obey): what is
 * refused, what is written down, and that each is given back where it is still ours.
 */
#include "test_act_host.h"

#define POLICY "/sys/devices/system/cpu/cpufreq/policy"

static void put_policy(struct tree *tree, unsigned n, const char *cpus, const char *governor,
		       const char *preference)
{
	const char *const file[][2] = {{"affected_cpus", cpus},
				       {"scaling_governor", governor},
				       {"scaling_available_governors", "performance powersave \n"},
				       {"energy_performance_preference", preference},
				       {"energy_performance_available_preferences",
					"default performance balance_performance power\n"}};

	for (size_t i = 0; i < ARRAY_SIZE(file); i++) {
		own_free char *path = xasprintf(POLICY "%u/%s", n, file[i][0]);

		if (file[i][1])
			tree_put(tree, path, file[i][1]);
	}
}

static struct intent frequency(const char *list, const char *governor, const char *preference)
{
	struct intent intent = intent_of(STEP_FREQUENCY, list);

	strcpy(intent.frequency.governor, governor);
	strcpy(intent.frequency.preference, preference);
	return intent;
}

static void put_policies(struct tree *tree)
{
	put_policy(tree, 0, "0\n", "powersave\n", "power\n");
	put_policy(tree, 1, "1\n", "powersave\n", "power\n");
	put_policy(tree, 2, "2\n", "powersave\n", "balance_performance\n");
	put_policy(tree, 3, "3\n", "performance\n", "performance\n");
}

static void frequency_and_back(void **state)
{
	struct host *host = *state;
	struct intent intent = frequency("1-3", "performance", "");
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	/* Another machine's half would leave only one. */
	tree_put(host->tree, "/sys/devices/system/cpu/online", "0-7\n");
	put_policies(host->tree);
	assert_true(set_frequency(k, &intent, &err));
	tree_is(host->tree, POLICY "0/scaling_governor", "powersave\n");
	for (unsigned i = 1; i < 4; i++) {
		own_free char *path = xasprintf(POLICY "%u/scaling_governor", i);

		tree_is(host->tree, path, "performance\n");
	}
	journal_is_written(k);
	/* Two words of preference, one of the governor; 3 had it already. */
	assert_int_equal(k->journal->n, 3);
	/* What a driver does under this governor. */
	tree_put(host->tree, POLICY "1/energy_performance_preference", "performance\n");
	tree_put(host->tree, POLICY "2/energy_performance_preference", "performance\n");
	assert_false(set_frequency(k, &intent, &err));
	says(&err, "frequencies were set for the machine already");
	assert_true(restore_from(k, 0));
	for (unsigned i = 1; i < 3; i++) {
		own_free char *path = xasprintf(POLICY "%u/scaling_governor", i);

		tree_is(host->tree, path, "powersave\n");
	}
	tree_is(host->tree, POLICY "3/scaling_governor", "performance\n");
	tree_is(host->tree, POLICY "1/energy_performance_preference", "power\n");
	tree_is(host->tree, POLICY "2/energy_performance_preference", "balance_performance\n");
	assert_int_equal(k->journal->n, 0);
	no_children();
}

/* A governor that takes no other preference than its own, whatever was asked for before. */
static void preference_lost_to_the_governor(void **state)
{
	struct host *host = *state;
	struct intent intent = frequency("1-2", "performance", "default");
	struct error *err = NULL;

	needs_run(host);
	put_policies(host->tree);
	assert_true(set_frequency(&host->k, &intent, &err));
	tree_is(host->tree, POLICY "1/energy_performance_preference", "default\n");
	tree_put(host->tree, POLICY "1/energy_performance_preference", "performance\n");
	assert_true(restore_from(&host->k, 0));
	tree_is(host->tree, POLICY "1/energy_performance_preference", "power\n");
	tree_is(host->tree, POLICY "2/energy_performance_preference", "balance_performance\n");
	assert_int_equal(host->k.journal->n, 0);
}

static void frequency_of_somebody_else(void **state)
{
	struct host *host = *state;
	struct intent intent = frequency("1-2", "performance", "");
	struct error *err = NULL;

	needs_run(host);
	put_policies(host->tree);
	tree_put(host->tree, POLICY "2/scaling_available_governors", "performance schedutil\n");
	assert_true(set_frequency(&host->k, &intent, &err));
	tree_put(host->tree, POLICY "2/scaling_governor", "schedutil\n");
	assert_true(restore_from(&host->k, 0));
	tree_is(host->tree, POLICY "1/scaling_governor", "powersave\n");
	tree_is(host->tree, POLICY "2/scaling_governor", "schedutil\n");
	/* Again, and with a policy that is gone. */
	tree_put(host->tree, POLICY "2/scaling_governor", "powersave\n");
	assert_true(set_frequency(&host->k, &intent, &err));
	struct change again = *journal_find(host->k.journal, CHANGE_GOVERNOR);
	assert_true(restore_from(&host->k, 0));
	cpu_set_add(&again.cpus, 77);
	assert_true(undo_governor(&host->k, &again, &err));
	assert_true(undo_governor(&host->k, &again, &err));
	tree_is(host->tree, POLICY "1/scaling_governor", "powersave\n");
}

/* What one machine looks after, another one does not touch. */
static void frequency_of_two_machines(void **state)
{
	struct host *host = *state;
	struct intent first = frequency("1-2", "performance", "");
	struct intent second = frequency("2-3", "performance", "");
	struct intent other = frequency("2-3", "powersave", "");
	struct intent prefers = frequency("2-3", "", "power");
	struct journal *mine = host->k.journal;
	own_journal struct journal *theirs = journal_new(getuid());
	struct error *err = NULL;

	needs_run(host);
	tree_put(host->tree, "/sys/devices/system/cpu/online", "0-7\n");
	put_policies(host->tree);
	put_policy(host->tree, 3, "3\n", "powersave\n", "balance_power\n");
	theirs->keeper = process_of(1);
	free(theirs->path);
	theirs->path = xstrdup(JOURNAL_DIR "/1.journal");
	assert_true(set_frequency(&host->k, &first, &err));
	host->k.journal = theirs;
	assert_false(set_frequency(&host->k, &other, &err));
	says(&err, "the frequency policies 2 are looked after by another machine, which wants no "
		   "governor \"powersave\"");
	assert_false(set_frequency(&host->k, &prefers, &err));
	says(&err, "which wants no energy preference \"power\"");
	assert_int_equal(theirs->n, 0);
	assert_true(set_frequency(&host->k, &second, &err));
	tree_is(host->tree, POLICY "3/scaling_governor", "performance\n");
	host->k.journal = mine;
	assert_true(restore_from(&host->k, 0));
	tree_is(host->tree, POLICY "1/scaling_governor", "powersave\n");
	tree_is(host->tree, POLICY "2/scaling_governor", "powersave\n");
	tree_is(host->tree, POLICY "3/scaling_governor", "performance\n");
	host->k.journal = theirs;
	assert_true(restore_from(&host->k, 0));
	tree_is(host->tree, POLICY "3/scaling_governor", "powersave\n");
	host->k.journal = mine;
}

static void frequency_refused(void **state)
{
	struct host *host = *state;
	struct error *err = NULL;
	static const struct {
		const char *cpus, *governor, *preference, *words;
	} bad[] = {
		{"1", "ondemand", "",
		 "the processors 1 have no governor \"ondemand\"; there are: performance "
		 "powersave"},
		{"1", "", "powers",
		 "have no energy preference \"powers\"; there are: default perf"},
		{"1", "power", "", "have no governor \"power\""},
		{"1", "../x", "", "that is no name of a governor or preference"},
		{"1", "Performance", "", "that is no name of a governor or preference"},
		{"1", "-x", "", "that is no name of a governor or preference"},
		{"1", "performance\n", "", "that is no name"},
		{"", "performance", "", "no processors were named"},
		{"1,9", "performance", "", "processors that are not online: 9"},
		{"0-2", "performance", "", "the host would have less than 2 left"},
	};

	needs_run(host);
	put_policies(host->tree);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct intent intent = frequency(bad[i].cpus, bad[i].governor, bad[i].preference);

		assert_false(set_frequency(&host->k, &intent, &err));
		says(&err, bad[i].words);
		assert_int_equal(host->k.journal->n, 0);
	}
	struct intent endless = frequency("1", "", "");
	memset(endless.frequency.governor, 'a', STEP_WORD);
	assert_false(set_frequency(&host->k, &endless, &err));
	says(&err, "that is no name of a governor or preference");
	/* One policy for a guest's and a host's processor. */
	put_policy(host->tree, 0, "0 1\n", "powersave\n", NULL);
	tree_put(host->tree, POLICY "1/affected_cpus", "\n");
	struct intent shared = frequency("1", "performance", "");
	assert_false(set_frequency(&host->k, &shared, &err));
	says(&err, "none of the processors has a frequency policy of its own");
	tree_is(host->tree, POLICY "0/scaling_governor", "powersave\n");
	tree_is(host->tree, POLICY "1/scaling_governor", "powersave\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_HOST(frequency_and_back),	     ON_HOST(preference_lost_to_the_governor),
		ON_HOST(frequency_of_somebody_else), ON_HOST(frequency_of_two_machines),
		ON_HOST(frequency_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
