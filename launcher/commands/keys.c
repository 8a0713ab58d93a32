#include <stdio.h>
#include <string.h>

#include "command.h"
#include "profile/keys.h"

int command_keys(const struct arguments *args, struct error **err)
{
	const char *format = argument_option(args, "format");
	own_free char *text = NULL;

	if (argument_option(args, "json"))
		format = "json";
	if (!format || strcmp(format, "text") == 0)
		text = reference_text();
	else if (strcmp(format, "markdown") == 0)
		text = reference_markdown();
	else if (strcmp(format, "json") == 0)
		text = reference_json();
	if (!text) {
		error_add(err, ERROR_USAGE, "--format is text, markdown or json, not '%s'", format);
		return ERROR_USAGE;
	}
	fputs(text, stdout);
	return 0;
}
