/* What --help prints: usage, summary and options by the table of commands, the rest by help.txt. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "command.h"

/* help.txt as it is, with a NUL behind it. */
__asm__(".pushsection .rodata\n"
	".globl help_text\n"
	".hidden help_text\n"
	".type help_text, @object\n"
	"help_text:\n"
	".incbin \"launcher/commands/help.txt\"\n"
	".byte 0\n"
	".size help_text, . - help_text\n"
	".popsection\n");
extern const char help_text[] __attribute__((visibility("hidden")));

/* Prints what stands below [NAME] in help.txt, behind what comes before it; nothing where there is
 * no such part. An empty line ends a part where a header follows it.
 */
static void print_text(const char *before, const char *name)
{
	own_free char *header = xasprintf("\n[%s]\n", name);
	const char *part = strstr(help_text, header), *end;

	if (!part)
		return;
	part += strlen(header);
	end = strstr(part, "\n\n[");
	printf("%s%.*s", before, end ? (int)(end + 1 - part) : (int)strlen(part), part);
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
		char letter[] = {'-', row->letter, ',', ' ', '\0'};
		const char *between = row->optional ? "[=" : row->value ? " " : "";
		own_free char *left =
			xasprintf("%s--%s%s%s%s", row->letter ? letter : "", row->name, between,
				  row->value ? row->value : "", row->optional ? "]" : "");

		print_left(left);
		printf("%s%s\n", row->help, row->many ? " (as often as wanted)" : "");
	}
}

void command_help(const struct command *command)
{
	printf("vmlaunch %s%s%s\n\n%c%s.\n", command->name, *command->usage ? " " : "",
	       command->usage, toupper((unsigned char)*command->summary), command->summary + 1);
	print_text("\n", command->name);
	printf("\nOptions:\n");
	print_options(command->option, false);
	print_options(GLOBAL_OPTIONS, command->this_host);
}

void general_help(void)
{
	printf("vmlaunch PROFILE [OPTION...]\nvmlaunch COMMAND ...\n");
	print_text("\n", "vmlaunch");
	printf("\nCommands ('vmlaunch COMMAND --help' tells more):\n");
	for (const struct command *c = COMMANDS; c->name; c++) {
		own_free char *left = xasprintf("%s %s", c->name, c->usage);

		print_left(left);
		printf("%s\n", c->summary);
	}
	printf("\nOptions of every command (--host-root: of those that look at the host):\n");
	print_options(GLOBAL_OPTIONS, false);
	print_left("--version");
	printf("alone: print the version\n");
	print_text("\n", "exit-status");
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
