#include <stdio.h>
#include <string.h>

#include "common.h"

int command_plan(const struct arguments *args, struct error **err)
{
	own_gathered struct gathered g = GATHERED_NONE;
	const char *format = argument_option(args, "format");
	own_free char *text = NULL;
	size_t len = 0;

	format = format ? format : "text";
	if (strcmp(format, "text") != 0 && strcmp(format, "argv") != 0 &&
	    strcmp(format, "argv0") != 0 && strcmp(format, "json") != 0) {
		error_add(err, ERROR_USAGE, "--format is text, argv, argv0 or json, not '%s'",
			  format);
		return ERROR_USAGE;
	}
	if (!gather(&g, args, &(struct gather_for){.purpose = PURPOSE_RUN}, err))
		return ERROR_FAILED;
	/* An argument vector has no place for them. */
	if (strncmp(format, "argv", 4) == 0)
		tell_notes(g.plan);
	if (strcmp(format, "argv") == 0)
		text = plan_lines(g.plan, '\n', &len);
	else if (strcmp(format, "argv0") == 0)
		text = plan_lines(g.plan, '\0', &len);
	else
		text = strcmp(format, "json") == 0 ? plan_json(g.plan) : plan_text(g.plan);
	fwrite(text, 1, len ? len : strlen(text), stdout);
	return 0;
}
