#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "command.h"
#include "profile/keys.h"

/* The section of that name, as the table has it; a profile's header is taken as well. */
static const char *find_section(const char *word, struct error **err)
{
	size_t n, len = strcspn(word, " ]");
	const struct section_keys *table = section_table(&n);
	const char **names = xcalloc(n, sizeof(*names)), *found = NULL, *nearest;
	own_free char *name = *word == '[' ? xstrndup(word + 1, len - 1) : xstrdup(word);

	for (size_t i = 0; i < n; i++) {
		names[i] = table[i].name;
		if (strcmp(names[i], name) == 0)
			found = names[i];
	}
	nearest = found ? NULL : text_nearest(name, names, n);
	if (!found)
		error_add(err, ERROR_USAGE, "there is no section '%s'%s%s%s", name,
			  nearest ? "; did you mean " : "", nearest ? nearest : "",
			  nearest ? "?" : "");
	free(names);
	return found;
}

static int print_sections(const struct arguments *args, struct error **err)
{
	for (size_t i = 0; i < args->words; i++) {
		const char *section = find_section(args->word[i], err);
		own_free char *text = section ? reference_text(section) : NULL;

		if (text)
			printf("%s%s", i ? "\n" : "", text);
	}
	return *err ? ERROR_USAGE : 0;
}

int command_keys(const struct arguments *args, struct error **err)
{
	const char *format = argument_option(args, "format");
	own_free char *text = NULL;

	if (argument_option(args, "json"))
		format = "json";
	if (args->words && format && strcmp(format, "text") != 0) {
		error_add(err, ERROR_USAGE, "only --format text is for some sections alone");
		return ERROR_USAGE;
	}
	if (args->words)
		return print_sections(args, err);
	if (!format || strcmp(format, "text") == 0)
		text = reference_text(NULL);
	else if (strcmp(format, "markdown") == 0)
		text = reference_markdown();
	else if (strcmp(format, "json") == 0)
		text = reference_json();
	else if (strcmp(format, "man") == 0)
		text = reference_man();
	if (!text) {
		error_add(err, ERROR_USAGE, "--format is text, markdown, json or man, not '%s'",
			  format);
		return ERROR_USAGE;
	}
	fputs(text, stdout);
	return 0;
}
