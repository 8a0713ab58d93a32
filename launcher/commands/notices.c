#include "notices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/dirs.h"
#include "base/file.h"
#include "base/text.h"
#include "base/uri.h"

#define PRINTED_LIMIT 3000 /* bytes that are shown of what a command printed */

static bool take_standard_streams(struct notices_of_command *notices, struct error **err)
{
	own_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	notices->output = memfd_create("vmlaunch-output", MFD_CLOEXEC);
	if (null >= 0 && notices->output >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	    dup2(notices->output, STDOUT_FILENO) >= 0)
		return true;
	error_errno(err, ERROR_HOST, errno, "cannot prepare what is told to the desktop");
	return false;
}

/* What stands above each notification: the profile's file name without its ending. */
static char *title_of(const struct arguments *args)
{
	const char *base = args->words ? path_base(args->word[0]) : "vmlaunch";
	size_t len = strlen(base);

	return xstrndup(base, len > 4 && text_ends(base, ".ini") ? len - 4 : len);
}

bool notices_open(struct notices_of_command *notices, struct arguments *args, struct error **err)
{
	own_dirs struct dirs dirs = {0};
	own_free char *log = NULL, *title = NULL;

	if (!argument_option(args, "notify"))
		return true;
	notices->profile = args->words ? uri_path(args->word[0]) : NULL;
	if (notices->profile)
		args->word[0] = notices->profile;
	if (!dirs_find(&dirs, err))
		return false;
	log = path_join(dirs.state, "desktop.log");
	title = title_of(args);
	return notifier_open(&notices->notifier, title, log, err) &&
	       take_standard_streams(notices, err);
}

void notices_close(struct notices_of_command *notices, const struct error *err)
{
	char printed[PRINTED_LIMIT + 1];
	ssize_t len = notices->output < 0 ? 0 : pread(notices->output, printed, PRINTED_LIMIT, 0);

	printed[len > 0 ? len : 0] = '\0';
	if (*printed)
		notifier_tell(&notices->notifier, NOTICE_RESULT, printed);
	for (size_t i = 0; i < error_count(err); i++)
		notifier_tell(&notices->notifier, NOTICE_ERROR, error_message(err, i));
	notifier_close(&notices->notifier);
	close_fd(&notices->output);
	free(steal(&notices->profile));
}
