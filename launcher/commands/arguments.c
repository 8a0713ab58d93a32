#include <ctype.h>
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

static const struct option_row *find(const struct option_row *table, const char *name, size_t len)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == len && strncmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

static bool unknown(const struct command *command, const char *word, size_t len, struct error **err)
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

/* One option at words[*at]; moves *at over a value that stands apart. */
static bool take_option(struct arguments *args, const struct command *command, char **words,
			size_t n, size_t *at, struct error **err)
{
	const char *word = words[*at] + 2;
	size_t len = strcspn(word, "=");
	const struct option_row *row = find(command->option, word, len);
	const char *value = word[len] ? word + len + 1 : NULL;

	if (!row)
		row = find(GLOBAL_OPTIONS, word, len);
	if (!row)
		return unknown(command, word, len, err);
	if (value && !row->value) {
		error_add(err, ERROR_USAGE, "--%s takes no value", row->name);
		return false;
	}
	if (!value && row->value) {
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

	return word && find(command->option, "variant", strlen("variant")) && !strchr(word, '/') &&
			       !text_ends(word, ".ini")
		       ? word
		       : NULL;
}

bool arguments_parse(struct arguments *args, const struct command *command, char **words, size_t n,
		     struct error **err)
{
	bool options = true;

	for (size_t i = 0; i < n; i++) {
		if (options && strcmp(words[i], "--") == 0) {
			options = false;
		} else if (options && strcmp(words[i], "-h") == 0) {
			*xappend(args->option, args->options) = (struct given){"help", ""};
		} else if (options && text_starts(words[i], "--")) {
			if (!take_option(args, command, words, n, &i, err))
				return false;
		} else if (options && words[i][0] == '-' && words[i][1]) {
			error_add(err, ERROR_USAGE, "unknown option %s; long options begin with --",
				  words[i]);
			return false;
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
	*args = (struct arguments){0};
}

/* What stands left of the words, which begin below it where it is too long. */
#define LEFT 34
static void print_left(const char *left)
{
	if (strlen(left) <= LEFT)
		printf("  %-*s ", LEFT, left);
	else
		printf("  %s\n  %-*s ", left, LEFT, "");
}

static void print_options(const struct option_row *row, bool this_host)
{
	for (; row && row->name; row++) {
		if (this_host && strcmp(row->name, "host-root") == 0)
			continue;
		own_free char *left = xasprintf("--%s%s%s", row->name, row->value ? " " : "",
						row->value ? row->value : "");

		print_left(left);
		printf("%s%s\n", row->help, row->many ? " (as often as wanted)" : "");
	}
}

void command_help(const struct command *command)
{
	printf("vmlaunch %s%s%s\n\n%c%s.\n", command->name, *command->usage ? " " : "",
	       command->usage, toupper((unsigned char)*command->summary), command->summary + 1);
	if (command->details)
		printf("\n%s", command->details);
	printf("\nOptions:\n");
	print_options(command->option, false);
	print_options(GLOBAL_OPTIONS, command->this_host);
}

void general_help(void)
{
	printf("vmlaunch PROFILE [OPTION...]\nvmlaunch COMMAND ...\n\n"
	       "Starts the machine that an INI profile describes, watches over it, and puts the host back\nas it was.\n\nCommands ('vmlaunch COMMAND --help' tells more):\n");
	for (const struct command *c = COMMANDS; c->name; c++) {
		own_free char *left = xasprintf("%s %s", c->name, c->usage);

		print_left(left);
		printf("%s\n", c->summary);
	}
	printf("\nOptions of every command (--host-root: of those that look at the host):\n");
	print_options(GLOBAL_OPTIONS, false);
	print_left("--version");
	printf("alone: print the version\n");
	printf("\nExit status: 0 done, or the guest ended by itself or was stopped; 1 QEMU or the guest failed;\n2 wrong usage or profile; 3 this host cannot do it, and is as it was; 4 something of the host\ncould not be put back.\n");
}

int command_help_on(const struct arguments *args, struct error **err)
{
	const char *names[COMMANDS_MAX], *nearest;
	size_t n = 0;

	if (!args->words) {
		general_help();
		return 0;
	}
	for (const struct command *c = COMMANDS; c->name && n < COMMANDS_MAX; c++) {
		names[n++] = c->name;
		if (strcmp(c->name, args->word[0]) == 0) {
			command_help(c);
			return 0;
		}
	}
	nearest = text_nearest(args->word[0], names, n);
	error_add(err, ERROR_USAGE, "there is no command '%s'%s%s%s", args->word[0],
		  nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
	return ERROR_USAGE;
}
