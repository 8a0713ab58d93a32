/* All that is sent and comes, as JSON lines in a file of the person's. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/text.h"
#include "qmp/format.h"
#include "shell_private.h"

void shell_transcript_add(struct shell *shell, const char *direction, json_object *message)
{
	own_free char *line = NULL;
	struct timespec now;

	if (!shell->transcript)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	line = qmp_json_line(message);
	fprintf(shell->transcript, "{\"time\": %lld.%06ld, \"%s\": %s}\n", (long long)now.tv_sec,
		now.tv_nsec / 1000, direction, line);
	if (fflush(shell->transcript) == 0 && !ferror(shell->transcript))
		return;
	shell_say(shell, "the transcript ends here: %s", strerror(errno));
	fclose(steal(&shell->transcript));
}

void shell_transcript_set(struct shell *shell, const char *rest)
{
	/* Behind what Tab completed there is a blank. */
	size_t len = strlen(rest) && text_ends(rest, " ") ? strlen(rest) - 1 : strlen(rest);
	own_free char *path = xstrndup(rest, len), *shown = text_word(path);
	FILE *file = NULL;

	shell->failed = !*path;
	if (shell->failed) {
		shell_say(shell, "transcript FILE, or transcript off");
		return;
	}
	if (strcmp(path, "off") != 0) {
		/* A pipe that nobody reads is not waited for. */
		int fd = open(path,
			      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
			      0600);

		file = fd < 0 ? NULL : fdopen(fd, "a");
		shell->failed = !file;
	}
	if (shell->failed) {
		shell_say(shell, "%s: %s", shown, strerror(errno));
		return;
	}
	if (shell->transcript)
		fclose(shell->transcript);
	shell->transcript = file;
}
