/* What main knows of a subcommand: a row with its name, its line of --help (more of that stands in
 * help.txt), its options and one function. The options of each command are a table too: parsing,
 * --help and completion loop over it.
 */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct option_row {
	const char *name;  /* without the two dashes */
	const char *value; /* what it takes, in capitals; NULL: nothing */
	const char *help;
	bool many;     /* may stand several times */
	bool optional; /* its value may be left out, and stands behind "=" alone */
	char letter;   /* -f for --file; 0: none */
};

/* The command line of one command, taken apart. */
struct arguments {
	const char **word; /* what is no option */
	size_t words;
	struct given {
		const char *name; /* of the option */
		const char *value;
	} * option;
	size_t options;
	const char **tail; /* words behind --, of another program */
	size_t tails;
};

/* Exit status when no error is set. */
typedef int command_fn(const struct arguments *args, struct error **err);

struct command {
	const char *name;
	const char *usage; /* the words behind the name */
	const char *summary;
	const struct option_row *option; /* ended by a row without a name */
	size_t min_words, max_words;
	command_fn *run;
	bool this_host; /* of no other machine's tree: takes no --host-root */
	bool watches;	/* over a machine that runs: what is missed meanwhile is looked at again */
	bool hidden;	/* no person types it */
	const char *tail; /* the option with which what stands behind -- is another program's */
};

#define COMMANDS_MAX 64

/* All commands, in the order of --help, ended by a row without a name. */
extern const struct command COMMANDS[];
/* The options that each command takes. */
extern const struct option_row GLOBAL_OPTIONS[];

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);
/* Which of n words is the command, or the profile in its place: the first that is neither an option
 * nor the value of one that may stand before it; n: there is none.
 */
size_t command_at(char *const *words, size_t n);
/* The option of this name (len bytes) that the command, or any (NULL), takes; or NULL. */
const struct option_row *option_find(const struct command *command, const char *name, size_t len);

/* Words of a line that is completed, at most. */
#define COMPLETED_WORDS 1024

/* The option's value ("" for one that takes none), or NULL when it was not given; the last counts.
 */
const char *argument_option(const struct arguments *args, const char *name);
/* All values of an option that may stand several times; the caller owns the array, *n says how
 * many. */
char **argument_options(const struct arguments *args, const char *name, size_t *n);

/* The words for another process of ours: head, then the options but those named without (each ends
 * with NULL), then the first word. The caller gives them to arguments_again_free().
 */
char **arguments_again(const struct arguments *args, const char *const *head,
		       const char *const *without);
void arguments_again_free(char **words);

/* Takes words apart by the table (and the global one). "--" ends the options. */
bool arguments_parse(struct arguments *args, const struct command *command, char **words, size_t n,
		     struct error **err);
void arguments_free(struct arguments *args);
#define own_arguments own_with(arguments_free)

/* Prints a value as JSON to standard output. */
struct json_object;
void print_document(struct json_object *value);

void command_help(const struct command *command);
void general_help(void);

command_fn command_run, command_plan, command_probe, command_keys, command_list, command_status,
	command_stop, command_kill, command_pause, command_resume, command_reset, command_attach,
	command_log, command_qmp, command_recover, command_devices, command_rom, command_acpi,
	command_cpus, command_help_on, command_firmware, command_machine, command_desktop,
	command_new, command_complete, command_import;

command_fn command_snapshot, command_screenshot, command_top, command_usb, command_winapps;
command_fn command_doctor, command_report;

#endif
