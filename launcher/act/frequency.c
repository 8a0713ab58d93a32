/* Governor and energy preference of frequency policies (admin-guide/pm/cpufreq.rst,
 * intel_pstate.rst, amd-pstate.rst). A policy is touched only when all of its processors are the
 * guest's. Policies that had the same word share a record.
 *
 * The preference comes before the governor and goes back after it: under the governor
 * "performance" intel_pstate and amd-pstate take no preference but "performance". They set that by
 * themselves, and not all put the former one back: so it is written down even if nobody asked for
 * another.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "host/quiet.h"
#include "state.h"
#include "sysfs.h"

#define CPUFREQ "/sys/devices/system/cpu/cpufreq"
#define WRITE_MS 20000
#define PERFORMANCE "performance"

static const char *file_of(enum change_kind kind)
{
	return kind == CHANGE_GOVERNOR ? "scaling_governor" : "energy_performance_preference";
}

static char *word_now(const struct keeper *k, enum change_kind kind, int policy)
{
	return root_line(&k->root, CPUFREQ "/policy%d/%s", policy, file_of(kind));
}

/* Writes word to all policies of the set. */
static bool write_word(struct keeper *k, enum change_kind kind, const struct cpu_set *policies,
		       const char *word, struct error **err)
{
	struct sysfs_value *values = NULL;
	size_t n = 0;
	bool good;

	for (int p = cpu_set_next(policies, 0); p >= 0; p = cpu_set_next(policies, p + 1u)) {
		struct sysfs_value *value = xappend(values, n);

		value->path = xasprintf(CPUFREQ "/policy%d/%s", p, file_of(kind));
		value->value = xstrdup(word);
	}
	good = sysfs_write_each(&k->root, values, n, WRITE_MS, err);
	sysfs_values_free(values, n);
	return good;
}

/* The policies of the set that have the word now. */
static struct cpu_set with_word(const struct keeper *k, enum change_kind kind,
				const struct cpu_set *policies, const char *word)
{
	struct cpu_set found = {0};

	for (int p = cpu_set_next(policies, 0); p >= 0; p = cpu_set_next(policies, p + 1u)) {
		own_free char *now = word_now(k, kind, p);

		if (now && strcmp(now, word) == 0)
			cpu_set_add(&found, (unsigned)p);
	}
	return found;
}

/* ------------------------------------------------------------------ setting */

/* A word of an intent: whole, of the alphabet of governors, or empty. */
static bool is_word(const char word[STEP_WORD])
{
	size_t len = strnlen(word, STEP_WORD);

	return len < STEP_WORD && strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len &&
	       *word != '-';
}

/* Whether a policy offers what is wanted. */
static bool policy_offers(const struct frequency_policy *p, const struct intent *intent,
			  struct error **err)
{
	const char *governor = intent->frequency.governor;
	const char *preference = intent->frequency.preference;
	bool governs = !*governor || quiet_offers(p->governors, governor);
	own_free char *list = cpu_set_text(&p->cpus);

	if (governs && (!*preference || quiet_offers(p->preferences, preference)))
		return true;
	error_add(err, ERROR_HOST, "the processors %s have no %s \"%s\"; there are: %s", list,
		  governs ? "energy preference" : "governor", governs ? preference : governor,
		  governs ? p->preferences : p->governors);
	return false;
}

/* The guest's own policies; all of them offer what is wanted, or it is refused. */
static bool choose_policy(struct keeper *k, const struct intent *intent,
			  const struct frequency_policy *policy, size_t n, struct cpu_set *chosen,
			  struct error **err)
{
	const struct cpu_set *cpus = &intent->frequency.cpus;

	for (size_t i = 0; i < n; i++) {
		const struct frequency_policy *p = &policy[i];
		own_free char *list = cpu_set_text(&p->cpus);

		if (!cpu_set_meets(&p->cpus, cpus))
			continue;
		if (!cpu_set_within(&p->cpus, cpus)) {
			keeper_report(
				k, REPORT_PROGRESS, 0,
				"frequency policy %u stays: it steers all of the processors %s",
				p->number, list);
			continue;
		}
		if (!policy_offers(p, intent, err))
			return false;
		cpu_set_add(chosen, p->number);
	}
	if (!cpu_set_is_empty(chosen))
		return true;
	error_add(err, ERROR_HOST, "none of the processors has a frequency policy of its own");
	return false;
}

/* Whether all of them have the word that is wanted, if one is. */
static bool have_word(const struct keeper *k, enum change_kind kind, const struct cpu_set *policies,
		      const char *word, struct error **err)
{
	struct cpu_set others;
	own_free char *list = NULL;

	if (!*word)
		return true;
	others = with_word(k, kind, policies, word);
	others = cpu_set_less(policies, &others);
	if (cpu_set_is_empty(&others))
		return true;
	list = cpu_set_text(&others);
	error_add(
		err, ERROR_HOST,
		"the frequency policies %s are looked after by another machine, which wants no %s \"%s\"",
		list, kind == CHANGE_GOVERNOR ? "governor" : "energy preference", word);
	return false;
}

/* Takes out the policies that another machine looks after: two that give the same back would end in
 * the wrong order some day. They must have what is wanted here too.
 */
static bool leave_to_others(struct keeper *k, const struct intent *intent, struct cpu_set *policies,
			    struct error **err)
{
	struct cpu_set theirs = {0};
	own_free char *list = NULL;
	size_t n;
	struct journal **others = journal_others(k->journal, &n);

	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < others[i]->n; c++) {
			const struct change *change = &others[i]->change[c];

			if (change->kind == CHANGE_GOVERNOR || change->kind == CHANGE_PREFERENCE)
				theirs = cpu_set_union(&theirs, &change->cpus);
		}
	journals_free(others, n);
	theirs = cpu_set_common(&theirs, policies);
	if (cpu_set_is_empty(&theirs))
		return true;
	if (!have_word(k, CHANGE_GOVERNOR, &theirs, intent->frequency.governor, err) ||
	    !have_word(k, CHANGE_PREFERENCE, &theirs, intent->frequency.preference, err))
		return false;
	*policies = cpu_set_less(policies, &theirs);
	list = cpu_set_text(&theirs);
	keeper_report(
		k, REPORT_PROGRESS, 0,
		"the frequency policies %s are as they should be by another machine, and go back with it",
		list);
	return true;
}

/* Writes down, in one record for each word, what the policies have now; those that have the wanted
 * word already are left out.
 */
static bool record_words(struct keeper *k, enum change_kind kind, const struct cpu_set *policies,
			 const char *word, struct error **err)
{
	struct cpu_set left = *policies;

	for (int p = cpu_set_next(&left, 0); p >= 0; p = cpu_set_next(&left, 0)) {
		own_free char *now = word_now(k, kind, p);
		struct change change = {.kind = kind};

		cpu_set_remove(&left, (unsigned)p);
		if (!now || strcmp(now, word) == 0)
			continue;
		change.cpus = with_word(k, kind, &left, now);
		left = cpu_set_less(&left, &change.cpus);
		cpu_set_add(&change.cpus, (unsigned)p);
		if (!change_name(&change, now) || !change_name(&change, word)) {
			error_add(err, ERROR_HOST, "frequency policy %d has a %s of a strange name",
				  p, kind == CHANGE_GOVERNOR ? "governor" : "preference");
			return false;
		}
		if (!journal_add(k->journal, &change, err))
			return false;
	}
	return true;
}

static bool set_words(struct keeper *k, enum change_kind kind, const struct cpu_set *policies,
		      const char *word, struct error **err)
{
	own_free char *names = frequency_policy_names(policies), *others = NULL;
	struct cpu_set done;

	if (!*word)
		return true;
	keeper_report(k, REPORT_PROGRESS, 0, "echo %s | tee %s/%s", word, names, file_of(kind));
	if (!record_words(k, kind, policies, word, err) ||
	    !write_word(k, kind, policies, word, err))
		return false;
	done = with_word(k, kind, policies, word);
	done = cpu_set_less(policies, &done);
	others = cpu_set_text(&done);
	if (!*others)
		return true;
	error_add(err, ERROR_HOST, "the frequency policies %s do not take \"%s\"%s", others, word,
		  kind == CHANGE_PREFERENCE ? " (under the governor performance no driver does)"
					    : "");
	return false;
}

/* What the driver will change by itself, even if another preference was asked for. */
static bool foresee_policy(struct keeper *k, const struct intent *intent,
			   const struct cpu_set *policies, struct error **err)
{
	return strcmp(intent->frequency.governor, PERFORMANCE) != 0 ||
	       record_words(k, CHANGE_PREFERENCE, policies, PERFORMANCE, err);
}

bool set_frequency(struct keeper *k, const struct intent *intent, struct error **err)
{
	size_t n;
	struct frequency_policy *policy;
	struct cpu_set chosen = {0}, rest;
	bool good;

	if (!is_word(intent->frequency.governor) || !is_word(intent->frequency.preference)) {
		error_add(err, ERROR_HOST, "that is no name of a governor or preference");
		return false;
	}
	if (journal_find(k->journal, CHANGE_GOVERNOR) ||
	    journal_find(k->journal, CHANGE_PREFERENCE)) {
		error_add(err, ERROR_HOST, "frequencies were set for the machine already");
		return false;
	}
	if (!cpus_are_free(k, &intent->frequency.cpus, &rest, err))
		return false;
	policy = frequency_policies(&k->root, &n);
	good = choose_policy(k, intent, policy, n, &chosen, err) &&
	       leave_to_others(k, intent, &chosen, err);
	frequency_policies_free(policy, n);
	if (!good || cpu_set_is_empty(&chosen))
		return good;
	return set_words(k, CHANGE_PREFERENCE, &chosen, intent->frequency.preference, err) &&
	       foresee_policy(k, intent, &chosen, err) &&
	       set_words(k, CHANGE_GOVERNOR, &chosen, intent->frequency.governor, err);
}

/* ------------------------------------------------------------------ giving back */

static bool undo_words(struct keeper *k, const struct change *change, struct error **err)
{
	struct cpu_set ours;
	own_free char *list = NULL, *names = NULL;

	if (change->names != 2)
		return true;
	ours = with_word(k, change->kind, &change->cpus, change->name[1]);
	list = cpu_set_text(&ours);
	if (!*list)
		return true;
	names = frequency_policy_names(&ours);
	keeper_report(k, REPORT_PROGRESS, 0, "echo %s | tee %s/%s", change->name[0], names,
		      file_of(change->kind));
	if (!write_word(k, change->kind, &ours, change->name[0], err))
		return false;
	free(list);
	ours = with_word(k, change->kind, &ours, change->name[1]);
	list = cpu_set_text(&ours);
	if (!*list)
		return true;
	error_add(err, ERROR_LEFT, "the frequency policies %s keep \"%s\" instead of \"%s\"", list,
		  change->name[1], change->name[0]);
	return false;
}

bool undo_governor(struct keeper *k, const struct change *change, struct error **err)
{
	return undo_words(k, change, err);
}

bool undo_preference(struct keeper *k, const struct change *change, struct error **err)
{
	return undo_words(k, change, err);
}
