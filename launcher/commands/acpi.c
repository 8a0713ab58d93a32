/* ACPI tables told in words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "command.h"
#include "firmware/acpi/show.h"

static bool show(const char *path, enum acpi_detail detail, struct buf *out, struct error **err)
{
	own_free char *shown = text_quote(path, SIZE_MAX), *data = NULL;
	size_t len;

	data = file_read(path, ACPI_SHOW_MAX, &len);
	if (!data) {
		error_errno(err, ERROR_USAGE, errno, "cannot read %s", shown);
		return false;
	}
	return acpi_show(out, shown, data, len, detail, err);
}

/* Tells of every file that can be told of, and at the end of those that cannot. */
int command_acpi(const struct arguments *args, struct error **err)
{
	enum acpi_detail detail = argument_option(args, "names") ? ACPI_NAMES : ACPI_CODE;
	own_buf struct buf out = {0};

	if (strcmp(args->word[0], "show") != 0) {
		error_add(err, ERROR_USAGE, "acpi can show, not '%s': vmlaunch acpi show FILE...",
			  args->word[0]);
		return ERROR_USAGE;
	}
	for (size_t i = 1; i < args->words; i++)
		show(args->word[i], detail, &out, err);
	fwrite(out.data ? out.data : "", 1, out.len, stdout);
	return *err ? ERROR_USAGE : 0;
}
