/* How a command line could go on, for the completion of bash, zsh and fish, whose files do nothing
 * but ask: so that all of it comes from the tables of commands, options and keys, and none of it is
 * a copy.
 *
 * The words behind "vmlaunch" come as arguments, the last of them as far as it is typed. Each line
 * of the answer is a word, a tab, and what it is; a line that begins with the tab asks for files:
 * "ini" for profiles, "file" for any. Nothing is changed, no guest is asked, and what cannot be
 * read offers nothing.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "common.h"
#include "profile/ini.h"
#include "profile/keys.h"

#define PROFILE_LIMIT (1U << 20) /* bytes of one that is looked into */

struct completion {
	char *const *word; /* those before the last */
	size_t n;
	const char *last;
	const struct command *command; /* NULL: it is what is typed */
	size_t at;		       /* of the command's word */
};

/* Offers before and candidate as one word, if that goes on as what is typed. Bytes that could end
 * the line or order something of a terminal are not offered.
 */
static void offer_word(const struct completion *c, const char *before, const char *candidate,
		       const char *what)
{
	own_free char *word = xasprintf("%s%s", before, candidate);

	if (text_starts(word, c->last) && text_is_printable(word))
		printf("%s\t%s\n", word, what);
}

static void offer_files(const char *kind)
{
	printf("\t%s\n", kind);
}

/* ------------------------------------------------------------------ what a profile has */

/* The word that a command takes for its profile: its first, or the one in a command's place. */
static const char *profile_of(const struct completion *c)
{
	bool implied = strcmp(c->word[c->at], c->command->name) != 0;
	size_t from = implied ? c->at : c->at + 1, found;

	found = from + command_at(c->word + from, c->n - from);
	return found < c->n ? c->word[found] : NULL;
}

/* Whatever can be understood of it. */
static void read_profile(const struct completion *c, struct ini *ini)
{
	const char *path = profile_of(c);
	struct error *unused = NULL;
	own_free char *text = NULL;
	size_t len;

	*ini = (struct ini){0};
	text = path ? file_read(path, PROFILE_LIMIT, &len) : NULL;
	if (text)
		ini_parse(ini, path, text, len, &unused);
	error_free(unused);
}

static bool is_header(const struct ini_entry *e, const char *section)
{
	return !e->key && strcmp(e->section, section) == 0;
}

static void offer_variants(const struct completion *c, const char *before)
{
	own_ini struct ini ini = {0};

	read_profile(c, &ini);
	for (size_t i = 0; i < ini.n; i++)
		if (is_header(&ini.entry[i], "variant"))
			offer_word(c, before, ini.entry[i].name, "variant of the profile");
}

/* The words that a key can have; none where they are no list. */
static void offer_key_values(const struct completion *c, const char *before, const struct key *key)
{
	for (size_t i = 0; key->choice && key->choice[i]; i++)
		offer_word(c, before, key->choice[i], "");
	if (key->flags & KEY_AUTO)
		offer_word(c, before, "auto", "");
	if (key->kind == KIND_FLAG) {
		offer_word(c, before, "yes", "");
		offer_word(c, before, "no", "");
	}
}

/* "section/name.key=", and behind that its values. */
static void offer_keys_of(const struct completion *c, const char *before, const char *left,
			  const struct section_keys *section)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct key *key = &section->key[i];
		own_free char *word = xasprintf("%s.%s=", left, key->name);
		own_free char *whole = xasprintf("%s%s", before, word);

		if (text_starts(c->last, whole))
			offer_key_values(c, whole, key);
		else
			offer_word(c, before, word, key->help);
	}
}

static void offer_keys(const struct completion *c, const char *before)
{
	own_ini struct ini ini = {0};
	size_t n;
	const struct section_keys *table = section_table(&n);

	read_profile(c, &ini);
	for (size_t i = 0; i < n; i++) {
		bool named = false;

		for (size_t k = 0; table[i].items && k < ini.n; k++) {
			const struct ini_entry *e = &ini.entry[k];
			own_free char *left = xasprintf("%s/%s", e->section, e->name);

			if (!is_header(e, table[i].name) || !*e->name)
				continue;
			named = true;
			offer_keys_of(c, before, left, &table[i]);
		}
		if (!named)
			offer_keys_of(c, before, table[i].name, &table[i]);
	}
}

/* ------------------------------------------------------------------ words by their kind */

static void offer_names_in(const struct completion *c, char **names, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		offer_word(c, "", names[i], what);
	names_free(names, n);
}

/* Machines that run; and where those that ran are meant as well, these. */
static void offer_machines(const struct completion *c)
{
	struct root real = ROOT_REAL;
	struct error *unused = NULL;
	own_dirs struct dirs dirs = {0};
	own_free char *dir = NULL;
	size_t n;
	char **names = instances(&n, &dir, &unused);

	offer_names_in(c, names, n, "machine");
	if (strstr(c->command->usage, "PROFILE") && dirs_find(&dirs, &unused)) {
		names = root_list(&real, &n, "%s", dirs.state);
		for (size_t i = 0; i < n; i++) {
			own_free char *path = path_join(dirs.state, names[i]);
			struct stat st;

			if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
				offer_word(c, "", names[i], "machine that was started once");
		}
		names_free(names, n);
	}
	error_free(unused);
}

static void offer_commands(const struct completion *c)
{
	for (const struct command *k = COMMANDS; k->name; k++)
		if (!k->hidden)
			offer_word(c, "", k->name, k->summary);
}

static void offer_sections(const struct completion *c)
{
	size_t n;
	const struct section_keys *table = section_table(&n);

	for (size_t i = 0; i < n; i++)
		offer_word(c, "", table[i].name, table[i].help);
}

/* What one word of a usage line stands for: a word in capitals is a kind, another one itself. */
static void offer_kind(const struct completion *c, const char *before, const char *kind)
{
	if (!isupper((unsigned char)*kind))
		offer_word(c, before, kind, "");
	else if (strcmp(kind, "PROFILE") == 0)
		offer_files("ini");
	else if (c->command && strcmp(kind, "NAME") == 0)
		offer_machines(c);
	else if (c->command && strcmp(kind, "COMMAND") == 0 && c->command->run == command_help_on)
		offer_commands(c);
	else if (strcmp(kind, "SECTION") == 0)
		offer_sections(c);
	else if (strcmp(kind, "FILE") == 0 || strcmp(kind, "DIR") == 0 ||
		 strcmp(kind, "PATH") == 0 || strcmp(kind, "WORD") == 0)
		offer_files("file");
}

/* "[NAME|PROFILE...]": each alternative. */
static void offer_alternatives(const struct completion *c, const char *before, const char *words,
			       size_t len)
{
	own_free char *copy = xstrndup(words, len);
	char *save;

	for (char *word = strtok_r(copy, "|[].", &save); word; word = strtok_r(NULL, "|[].", &save))
		offer_kind(c, before, word);
}

/* The how-manieth word of the command, by its usage line; the last one's kind goes on where it may
 * stand often.
 */
static void offer_words(const struct completion *c, size_t number)
{
	const char *usage = c->command->usage;

	for (;;) {
		size_t len = strcspn(usage, " ");

		if (!number || (!usage[len] && text_ends(usage, "...")) ||
		    (!usage[len] && text_ends(usage, "...]"))) {
			offer_alternatives(c, "", usage, len);
			return;
		}
		if (!usage[len])
			return;
		usage += len + 1;
		number--;
	}
}

/* ------------------------------------------------------------------ options */

static void offer_value(const struct completion *c, const char *before,
			const struct option_row *row)
{
	if (c->command && strcmp(row->name, "variant") == 0)
		offer_variants(c, before);
	else if (c->command && strcmp(row->name, "set") == 0)
		offer_keys(c, before);
	else if (row->value && strcmp(row->value, "NAME") != 0)
		offer_alternatives(c, before, row->value, strlen(row->value));
}

static void offer_options_of(const struct completion *c, const struct option_row *row,
			     bool this_host)
{
	for (; row && row->name; row++) {
		own_free char *word = xasprintf("--%s", row->name);

		if (!this_host || strcmp(row->name, "host-root") != 0)
			offer_word(c, "", word, row->help);
	}
}

/* An option, or what stands behind the = of one. */
static void offer_options(const struct completion *c)
{
	size_t len = strcspn(c->last, "=");
	const struct option_row *row = NULL;

	if (!c->last[len]) {
		if (c->command)
			offer_options_of(c, c->command->option, false);
		offer_options_of(c, GLOBAL_OPTIONS, c->command && c->command->this_host);
		return;
	}
	if (len > 2)
		row = option_find(c->command, c->last + 2, len - 2);
	if (row) {
		own_free char *before = xstrndup(c->last, len + 1);

		offer_value(c, before, row);
	}
}

/* The option whose value is what is typed, or NULL. */
static const struct option_row *open_option(const struct completion *c)
{
	const struct option_row *row = NULL;

	if (c->n && text_starts(c->word[c->n - 1], "--"))
		row = option_find(c->command, c->word[c->n - 1] + 2, strlen(c->word[c->n - 1] + 2));
	return row && row->value && !row->optional ? row : NULL;
}

/* How many words of the command stand before the last. */
static size_t words_before(const struct completion *c)
{
	size_t number = strcmp(c->word[c->at], c->command->name) == 0 ? 0 : 1, i = c->at + 1;

	while (i < c->n) {
		size_t found = command_at(c->word + i, c->n - i);

		if (i + found >= c->n)
			break;
		number++;
		i += found + 1;
	}
	return number;
}

static void complete_word(struct completion *c)
{
	const struct option_row *open;

	c->at = command_at(c->word, c->n);
	if (c->at < c->n) {
		c->command = command_find(c->word[c->at]);
		if (!c->command)
			c->command = command_find("run");
	}
	open = open_option(c);
	if (open)
		offer_value(c, "", open);
	else if (*c->last == '-')
		offer_options(c);
	else if (c->command)
		offer_words(c, words_before(c));
	else {
		offer_commands(c);
		offer_files("ini");
	}
}

int command_complete(const struct arguments *args, struct error **err)
{
	struct completion c = {.word = (char *const *)args->word, .last = ""};

	(void)err;
	if (args->words) {
		c.n = args->words - 1;
		c.last = args->word[c.n];
	}
	complete_word(&c);
	return 0;
}
