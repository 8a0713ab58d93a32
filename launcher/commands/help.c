/* What --help prints: usage, summary and options by the table of commands, the rest by help.txt. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/roff.h"
#include "base/text.h"
#include "base/tongue.h"
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

/* What stands below [NAME] in help.txt, which the caller owns; "" where there is no such part. An
 * empty line ends a part where a header follows it.
 */
static char *part_of(const char *name)
{
	own_free char *header = xasprintf("\n[%s]\n", name);
	const char *part = strstr(help_text, header), *end;
	own_free char *text = NULL;

	if (!part)
		return xstrdup("");
	part += strlen(header);
	end = strstr(part, "\n\n[");
	text = end ? xstrndup(part, (size_t)(end + 1 - part)) : xstrdup(part);
	return xstrdup(tongue(text));
}

/* That, behind what comes before it; nothing where there is no such part. */
static void print_text(const char *before, const char *name)
{
	own_free char *part = part_of(name);

	if (*part)
		printf("%s%s", before, part);
}

/* What stands left of the words, which begin below it where it is too long. */
#define LEFT 34

static void print_left(const char *left)
{
	if (strlen(left) < LEFT)
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
		printf("%s%s\n", tongue(row->help), row->many ? _(" (as often as wanted)") : "");
	}
}

void command_help(const struct command *command)
{
	const char *summary = tongue(command->summary);

	printf("vmlaunch %s%s%s\n\n%c%s%s\n", command->name, *command->usage ? " " : "",
	       command->usage, toupper((unsigned char)*summary), summary + 1, _("."));
	print_text("\n", command->name);
	printf("\n%s\n", _("Options:"));
	print_options(command->option, false);
	print_options(GLOBAL_OPTIONS, command->this_host);
}

void general_help(void)
{
	puts(_("vmlaunch PROFILE [OPTION...]\nvmlaunch COMMAND ..."));
	print_text("\n", "vmlaunch");
	printf("\n%s\n", _("Commands ('vmlaunch COMMAND --help' tells more):"));
	for (const struct command *c = COMMANDS; c->name; c++) {
		if (c->hidden)
			continue;
		own_free char *left = xasprintf("%s %s", c->name, c->usage);

		print_left(left);
		puts(tongue(c->summary));
	}
	printf("\n%s\n",
	       _("Options of every command (--host-root: of those that look at the host):"));
	print_options(GLOBAL_OPTIONS, false);
	print_left("--version");
	puts(_("alone: print the version"));
	print_text("\n", "exit-status");
}

/* ------------------------------------------------------------------ as a part of vmlaunch(1) */

static void add_man_options(struct buf *out, const struct option_row *row)
{
	if (!row->name)
		return;
	buf_adds(out, ".Bl -tag -width Ds\n");
	for (; row->name; row++) {
		own_free char *name = xasprintf("-%s", row->name);
		own_free char *help =
			xasprintf("%s%s.", row->help, row->many ? " (as often as wanted)" : "");

		buf_adds(out, ".It ");
		if (row->letter)
			buf_addf(out, "Fl %c , ", row->letter);
		buf_adds(out, "Fl ");
		roff_words(out, name);
		if (row->value) {
			buf_adds(out, row->optional ? " Ns Op = Ns Ar " : " Ar ");
			roff_words(out, row->value);
		}
		buf_addc(out, '\n');
		roff_line(out, help);
	}
	buf_adds(out, ".El\n");
}

static void print_man(void)
{
	own_buf struct buf out = {0};

	buf_adds(&out, ".Sh COMMANDS\n");
	for (const struct command *c = COMMANDS; c->name; c++) {
		own_free char *summary =
			xasprintf("%c%s.", toupper((unsigned char)*c->summary), c->summary + 1);
		own_free char *usage = xasprintf("%s%s%s", c->name, *c->usage ? " " : "", c->usage);
		own_free char *part = part_of(c->name), *below = xasprintf("\n%s", part);

		if (c->hidden)
			continue;
		buf_adds(&out, ".Ss ");
		roff_words(&out, usage);
		buf_addc(&out, '\n');
		roff_line(&out, summary);
		roff_text(&out, below);
		add_man_options(&out, c->option);
	}
	buf_adds(&out, ".Ss Options of every command\n");
	add_man_options(&out, GLOBAL_OPTIONS);
	own_free char *status = part_of("exit-status");
	buf_adds(&out, ".Ss Exit status of every command\n");
	roff_text(&out, status);
	fputs(out.data, stdout);
}

int command_help_on(const struct arguments *args, struct error **err)
{
	const char *names[COMMANDS_MAX], *nearest;
	const char *format = argument_option(args, "format");
	size_t n = 0;

	if (format && strcmp(format, "man") == 0 && !args->words) {
		print_man();
		return 0;
	}
	if (format && strcmp(format, "text") != 0) {
		error_add(err, ERROR_USAGE, "--format is text or man, and man for all commands");
		return ERROR_USAGE;
	}
	if (!args->words) {
		general_help();
		return 0;
	}
	for (const struct command *c = COMMANDS; c->name && n < COMMANDS_MAX; c++) {
		if (!c->hidden)
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
