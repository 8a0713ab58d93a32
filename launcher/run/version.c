#include "version.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/plan.h"

#define RECORD_LIMIT 64
#define HISTORY_LIMIT (1U << 20)

char *version_recorded(const char *state_dir, bool *odd)
{
	own_free char *path = path_join(state_dir, MACHINE_RECORD);
	own_free char *text = file_read(path, RECORD_LIMIT, NULL);

	*odd = !text && errno != ENOENT && errno != ENOTDIR;
	if (!text)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	*odd = !text_starts(text, "pc-q35-") || text[strspn(text, "pcq-.0123456789")];
	return *odd ? NULL : steal(&text);
}

bool version_record(const char *path, const char *version, struct error **err)
{
	own_free char *line = xasprintf("%s\n", version);

	return file_write(path, line, strlen(line), 0600, DURABLE, err);
}

bool version_replace(const char *state_dir, const char *version, char **history, struct error **err)
{
	own_free char *path = path_join(state_dir, MACHINE_RECORD);
	own_free char *old_path = xasprintf("%s.old", path), *lines = NULL, *more = NULL;
	bool odd;
	own_free char *old = version_recorded(state_dir, &odd);
	time_t now = time(NULL);
	struct tm day;
	char date[32];

	lines = file_read(old_path, HISTORY_LIMIT, NULL);
	if (!lines && errno != ENOENT) {
		error_errno(err, ERROR_HOST, errno, "cannot read %s", old_path);
		return false;
	}
	localtime_r(&now, &day);
	strftime(date, sizeof(date), "%Y-%m-%d", &day);
	more = xasprintf("%s%s until %s\n", lines ? lines : "", old ? old : "none", date);
	/* First the history: where only that can be written, nothing is lost. */
	if (!file_write(old_path, more, strlen(more), 0600, DURABLE, err) ||
	    !version_record(path, version, err))
		return false;
	*history = steal(&old_path);
	return true;
}
