#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "command.h"

const char *argument_option(const struct arguments *args, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < args->options; i++)
		if (strcmp(args->option[i].name, name) == 0)
			value = args->option[i].value;
	return value;
}

char **argument_options(const struct arguments *args, const char *name, size_t *n)
{
	char **values = xcalloc(args->options + 1, sizeof(*values));

	*n = 0;
	for (size_t i = 0; i < args->options; i++)
		if (strcmp(args->option[i].name, name) == 0)
			values[(*n)++] = (char *)args->option[i].value;
	return values;
}

static const struct option_row *find_option(const struct option_row *table, const char *name,
					    size_t len)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == len && strncmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

const struct option_row *option_find(const struct command *command, const char *name, size_t len)
{
	const struct option_row *row = find_option(GLOBAL_OPTIONS, name, len);

	for (const struct command *c = COMMANDS; !row && c->name; c++)
		if (!command || c == command)
			row = find_option(c->option, name, len);
	return row;
}

const struct command *command_find(const char *name)
{
	for (const struct command *c = COMMANDS; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* Whether an option of any command takes a value that stands apart. */
static bool takes_value(const char *word)
{
	size_t len = strlen(word);
	const struct option_row *row = find_option(GLOBAL_OPTIONS, word, len);
	bool takes = row && row->value && !row->optional;

	for (const struct command *c = COMMANDS; c->name && !takes; c++) {
		row = find_option(c->option, word, len);
		takes = row && row->value && !row->optional;
	}
	return takes;
}

size_t command_at(char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text_starts(words[i], "--") && takes_value(words[i] + 2))
			i++;
		else if (words[i][0] != '-')
			return i;
	}
	return n;
}

static bool unknown_option(const struct command *command, const char *word, size_t len,
			   struct error **err)
{
	own_free char *name = xstrndup(word, len);
	const struct option_row *tables[] = {command->option, GLOBAL_OPTIONS};
	const char *names[32], *nearest;
	size_t n = 0;

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct option_row *row = tables[t]; row && row->name && n < 32; row++)
			names[n++] = row->name;
	nearest = text_nearest(name, names, n);
	error_add(err, ERROR_USAGE, "%s has no option --%s%s%s%s 'vmlaunch %s --help' lists all",
		  command->name, name, nearest ? "; did you mean --" : "", nearest ? nearest : "",
		  nearest ? "?" : ";", command->name);
	return false;
}

/* One option, which stands at words[*at]; moves *at over a value that stands apart. */
static bool take_option(struct arguments *args, const struct command *command, const char *option,
			char **words, size_t n, size_t *at, struct error **err)
{
	const char *word = option + 2;
	size_t len = strcspn(word, "=");
	const struct option_row *row = find_option(command->option, word, len);
	const char *value = word[len] ? word + len + 1 : NULL;

	if (!row)
		row = find_option(GLOBAL_OPTIONS, word, len);
	if (!row)
		return unknown_option(command, word, len, err);
	if (value && !row->value) {
		error_add(err, ERROR_USAGE, "--%s takes no value", row->name);
		return false;
	}
	if (!value && row->value && !row->optional) {
		if (*at + 1 >= n) {
			error_add(err, ERROR_USAGE, "--%s needs a value: %s", row->name,
				  row->value);
			return false;
		}
		value = words[++*at];
	}
	if (!row->many && argument_option(args, row->name)) {
		error_add(err, ERROR_USAGE, "--%s stands twice", row->name);
		return false;
	}
	*xappend(args->option, args->options) =
		(struct given){.name = row->name, .value = value ? value : ""};
	return true;
}

/* The one word too many behind a profile, if it looks like a variant's name. */
static const char *meant_variant(const struct command *command, const struct arguments *args)
{
	const char *word = args->words == 2 ? args->word[1] : NULL;

	return word && find_option(command->option, "variant", strlen("variant")) &&
			       !strchr(word, '/') && !text_ends(word, ".ini")
		       ? word
		       : NULL;
}

/* The long spelling of an option given by its letter, "--file", or NULL. */
static char *spelled_out(const struct command *command, const char *word)
{
	for (const struct option_row *row = command->option; row && row->name; row++)
		if (row->letter && word[1] == row->letter && !word[2])
			return xasprintf("--%s", row->name);
	return NULL;
}

bool arguments_parse(struct arguments *args, const struct command *command, char **words, size_t n,
		     struct error **err)
{
	bool options = true;

	for (size_t i = 0; i < n; i++) {
		own_free char *spelled = NULL;

		if (options && words[i][0] == '-' && (spelled = spelled_out(command, words[i]))) {
			if (!take_option(args, command, spelled, words, n, &i, err))
				return false;
		} else if (options && strcmp(words[i], "--") == 0) {
			options = false;
		} else if (options && strcmp(words[i], "-h") == 0) {
			*xappend(args->option, args->options) = (struct given){"help", ""};
		} else if (options && text_starts(words[i], "--")) {
			if (!take_option(args, command, words[i], words, n, &i, err))
				return false;
		} else if (options && words[i][0] == '-' && words[i][1]) {
			error_add(err, ERROR_USAGE, "unknown option %s; long options begin with --",
				  words[i]);
			return false;
		} else if (!options && command->tail && argument_option(args, command->tail)) {
			*xappend(args->tail, args->tails) = words[i];
		} else {
			*xappend(args->word, args->words) = words[i];
		}
	}
	if (argument_option(args, "help"))
		return true;
	if (command->this_host && argument_option(args, "host-root")) {
		error_add(err, ERROR_USAGE, "%s is about this host alone and takes no --host-root",
			  command->name);
		return false;
	}
	if (args->words < command->min_words || args->words > command->max_words) {
		const char *variant = meant_variant(command, args);

		error_add(err, ERROR_USAGE, "usage: vmlaunch %s%s%s%s%s%s", command->name,
			  *command->usage ? " " : "", command->usage,
			  variant ? "; did you mean --variant " : "", variant ? variant : "",
			  variant ? "?" : "");
		return false;
	}
	return true;
}

void arguments_free(struct arguments *args)
{
	free(args->word);
	free(args->option);
	free(args->tail);
	*args = (struct arguments){0};
}

static bool is_among(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

char **arguments_again(const struct arguments *args, const char *const *head,
		       const char *const *without)
{
	size_t n = 0;
	char **words = NULL;

	for (; *head; head++)
		*xappend(words, n) = xstrdup(*head);
	for (size_t i = 0; i < args->options; i++) {
		const struct given *given = &args->option[i];

		if (!is_among(given->name, without))
			*xappend(words, n) = xasprintf("--%s%s%s", given->name,
						       *given->value ? "=" : "", given->value);
	}
	*xappend(words, n) = xstrdup("--");
	*xappend(words, n) = xstrdup(args->word[0]);
	*xappend(words, n) = NULL;
	return words;
}

void arguments_again_free(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}
