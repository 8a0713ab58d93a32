/* `vmlaunch machine`: the version that a machine is for life, what the QEMU here makes of it, and
 * another one on purpose. By a profile it is that profile's QEMU which is asked; by a name alone,
 * which says nothing of a profile, the one in PATH. The answer says which.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"
#include "run/identity.h"
#include "run/version.h"

#define DEFAULT_BINARY "qemu-system-x86_64"

/* What is known of a machine. */
struct kept {
	struct dirs dirs;
	char *name;
	char *profile;	/* vm.machine of the profile; NULL: it says nothing, or there is none */
	char *binary;	/* NULL: of no profile */
	char *state;	/* the state directory */
	char *recorded; /* NULL: nothing yet */
	struct facts facts;
};

static void kept_free(struct kept *kept)
{
	dirs_free(&kept->dirs);
	free(kept->name);
	free(kept->profile);
	free(kept->binary);
	free(kept->state);
	free(kept->recorded);
	facts_free(&kept->facts);
}

static bool is_profile(const char *word)
{
	return strchr(word, '/') || text_ends(word, ".ini");
}

/* What the profile says; its files need not be there. */
static bool read_profile(struct kept *kept, const struct arguments *args, struct error **err)
{
	size_t sets;
	own_free char **set = argument_options(args, "set", &sets);
	own_profile struct profile *p = profile_load_unchecked(
		args->word[0], argument_option(args, "variant"), set, sets, err);

	if (!p || !identity_of_profile(p->vm.user.v, false, NULL, err))
		return false;
	kept->name = xstrdup(p->vm.name.v);
	kept->profile = p->vm.machine.given ? xstrdup(p->vm.machine.name) : NULL;
	kept->binary = xstrdup(p->qemu.binary.v);
	return true;
}

static bool find_kept(struct kept *kept, const struct arguments *args, struct error **err)
{
	const char *word = args->word[0];

	if (!identity_of_caller(NULL, err))
		return false;
	if (is_profile(word)) {
		if (!read_profile(kept, args, err))
			return false;
	} else if (argument_option(args, "set") || argument_option(args, "variant")) {
		error_add(err, ERROR_USAGE, "--set and --variant are about a profile, not a name");
		return false;
	} else if (!*word || *word == '.') {
		error_add(err, ERROR_USAGE, "'%s' is no name of a machine", word);
		return false;
	} else {
		kept->name = xstrdup(word);
	}
	if (!dirs_find(&kept->dirs, err))
		return false;
	kept->state = path_join(kept->dirs.state, kept->name);
	kept->recorded = recorded_version(kept->state);
	if (kept->recorded || kept->binary)
		return true;
	own_free char *shown = text_quote(word, 64);

	error_add(err, ERROR_FAILED, "nothing is recorded of a machine called %s in %s", shown,
		  kept->dirs.state);
	return false;
}

/* What the machine will be at its next start. */
static const char *version_of(const struct kept *kept)
{
	return kept->profile	? kept->profile
	       : kept->recorded ? kept->recorded
				: qemu_newest_q35(&kept->facts.qemu);
}

static const char *const STANDING[] = {
	[Q35_CURRENT] = "current", [Q35_DEPRECATED] = "deprecated", [Q35_GONE] = "gone",
	[Q35_TOO_NEW] = "too-new", [Q35_MISSING] = "missing",
};

static const char *standing_words(enum q35_standing standing)
{
	static const char *const words[] = {
		[Q35_CURRENT] = "this QEMU has it",
		[Q35_DEPRECATED] = "deprecated: this QEMU has it, and a later one will not",
		[Q35_GONE] = "gone: older than all that this QEMU has",
		[Q35_TOO_NEW] = "too new: QEMU was replaced by an older one",
		[Q35_MISSING] = "missing: this QEMU was built without it",
	};

	return words[standing];
}

static void print_json(const struct kept *kept)
{
	const struct qemu_facts *qemu = &kept->facts.qemu;
	const char *version = version_of(kept);
	json_object *o = json_object_new_object();

	json_add_number(o, "version", 1);
	json_add_text(o, "name", kept->name);
	json_add_text(o, "machine", version);
	json_add_text(o, "recorded", kept->recorded);
	json_add_text(o, "profile", kept->profile);
	json_add_text(o, "standing", version ? STANDING[qemu_q35_standing(qemu, version)] : NULL);
	json_add_text(o, "oldest", qemu_oldest_q35(qemu));
	json_add_text(o, "newest", qemu_newest_q35(qemu));
	json_add_text(o, "qemu", qemu->version);
	json_add_text(o, "binary", qemu->path);
	print_document(o);
	json_object_put(o);
}

static void print_text(const struct kept *kept)
{
	const struct qemu_facts *qemu = &kept->facts.qemu;
	const char *version = version_of(kept), *newest = qemu_newest_q35(qemu);
	own_free char *binary = text_word(qemu->path), *state = text_word(kept->state);
	own_free char *name = text_word(kept->name);

	printf("%s is %s\n", name, version ? version : "no pc-q35 machine");
	if (kept->recorded)
		printf("  recorded  %s, in %s/" MACHINE_RECORD "%s\n", kept->recorded, state,
		       kept->profile ? "; vm.machine of the profile counts instead" : "");
	else
		printf("  recorded  nothing yet: the first start does that\n");
	printf("  QEMU      %s (%s): %s to %s\n", qemu->version, binary,
	       newest ? qemu_oldest_q35(qemu) : "none", newest ? newest : "none");
	if (version)
		printf("  standing  %s\n", standing_words(qemu_q35_standing(qemu, version)));
	if (kept->recorded && newest && q35_compare(kept->recorded, newest) < 0)
		printf("            'vmlaunch machine %s --raise' makes it %s, on purpose\n", name,
		       newest);
}

/* The version wanted, "9.2" or "pc-q35-9.2", which the caller owns; NULL: it may not be. */
static char *wanted_version(const struct kept *kept, const char *word, struct error **err)
{
	const struct qemu_facts *qemu = &kept->facts.qemu;
	const char *newest = qemu_newest_q35(qemu);
	own_free char *version = NULL;
	struct q35_version parsed;

	if (!newest) {
		error_add(err, ERROR_HOST, "%s offers no pc-q35 machine", qemu->path);
		return NULL;
	}
	version = !word				 ? xstrdup(newest)
		  : text_starts(word, "pc-q35-") ? xstrdup(word)
						 : xasprintf("pc-q35-%s", word);
	if (!q35_version_parse(version, &parsed)) {
		own_free char *shown = text_quote(word, 64);

		error_add(err, ERROR_USAGE,
			  "'%s' is no machine version; right is pc-q35-9.2 or 9.2", shown);
		return NULL;
	}
	if (!qemu_offers(qemu, QEMU_MACHINES, version)) {
		error_add(err, ERROR_HOST, "QEMU %s (%s) has no %s; it offers %s to %s",
			  qemu->version, qemu->path, version, qemu_oldest_q35(qemu), newest);
		return NULL;
	}
	if (!word && q35_compare(version, kept->recorded) < 0) {
		error_add(
			err, ERROR_HOST,
			"the newest of QEMU %s is %s, which is older hardware than %s; if that is meant, name it: vmlaunch machine %s --raise %s",
			qemu->version, version, kept->recorded, kept->name, version);
		return NULL;
	}
	return steal(&version);
}

static bool raise_version(struct kept *kept, const char *word, struct error **err)
{
	own_free char *dir = path_join(kept->dirs.runtime, kept->name), *history = NULL;
	own_free char *wanted = NULL;
	struct lock lock = LOCK_NONE;
	bool good;

	if (!kept->recorded) {
		error_add(err, ERROR_FAILED,
			  "%s has no version yet: its first start takes the newest, or vm.machine",
			  kept->name);
		return false;
	}
	wanted = wanted_version(kept, word, err);
	if (!wanted)
		return false;
	if (strcmp(wanted, kept->recorded) == 0) {
		say(SAY_NOTE, "%s is %s already", kept->name, wanted);
		return true;
	}
	if (!lock_take(&lock, dir, err))
		return false;
	good = version_replace(kept->state, wanted, &history, err);
	lock_release(&lock);
	if (!good)
		return false;
	say(SAY_NOTE, "%s: from %s %s to %s, from the next start on", kept->name, kept->recorded,
	    q35_compare(wanted, kept->recorded) < 0 ? "down" : "up", wanted);
	say(SAY_NOTE,
	    "the guest finds a new board then: Windows looks for drivers, and may ask to be activated again; disks and variables stay as they are");
	say(SAY_NOTE, "the old version is kept in %s; 'vmlaunch machine %s --raise %s' goes back",
	    history, kept->name, kept->recorded);
	if (kept->profile)
		say(SAY_WARNING, "vm.machine = %s of the profile counts all the same",
		    kept->profile);
	return true;
}

int command_machine(const struct arguments *args, struct error **err)
{
	own_with(kept_free) struct kept kept = {0};
	bool raise = argument_option(args, "raise");

	if (args->words > 1 && !raise) {
		error_add(err, ERROR_USAGE,
			  "a version goes with --raise: vmlaunch machine %s --raise %s",
			  args->word[0], args->word[1]);
		return ERROR_USAGE;
	}
	if (!find_kept(&kept, args, err) ||
	    !facts_qemu(&kept.facts, kept.binary ? kept.binary : DEFAULT_BINARY, kept.dirs.cache,
			err))
		return ERROR_FAILED;
	if (raise)
		return raise_version(&kept, args->words > 1 ? args->word[1] : NULL, err)
			       ? 0
			       : ERROR_FAILED;
	if (argument_option(args, "json"))
		print_json(&kept);
	else
		print_text(&kept);
	return 0;
}
