#include "tpm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/own.h"
#include "base/root.h"
#include "base/say.h"
#include "base/text.h"
#include "tool.h"

/* swtpm's own names, of a TPM 2.0 with the number 0 (swtpm, src/swtpm/swtpm_nvstore_dir.c). */
#define STATE "tpm2-00.permall"
#define LOCK ".lock"

/* Ours beside them: the version of swtpm that has used the state last, and on a second line which
 * file said so. To ask swtpm takes a run of it, which every start would wait for.
 */
#define USED_BY "swtpm-version"
#define USED_BY_LIMIT 4096

static bool file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A running swtpm locks this file with the whole TPM (fcntl(2)). */
static bool refuse_locked(const char *dir, struct error **err)
{
	own_free char *path = path_join(dir, LOCK);
	own_fd int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		return false;
	error_add(err, ERROR_HOST,
		  "the TPM's state in %s is in use by process %d: a TPM belongs to one machine",
		  dir, (int)lock.l_pid);
	return true;
}

/* "0.7.1" of "TPM emulator version 0.7.1, Copyright ...", which the caller owns; NULL: it says none
 * that makes sense, and "" none at all.
 */
static char *version_of(const char *swtpm)
{
	const char *const argv[] = {swtpm, "--version", NULL};
	own_error struct error *ignored = NULL;
	own_free char *said = NULL;
	const char *at;
	size_t len;

	if (!tool_said(argv, &said, &ignored))
		return NULL;
	at = strstr(said, "version ");
	at = at ? at + strlen("version ") : "";
	len = strspn(at, "0123456789.");
	return len && len < 32 ? xstrndup(at, len) : NULL;
}

/* What another swtpm in its place would not have. */
static char *identity_of(const char *swtpm)
{
	struct stat st;

	return stat(swtpm, &st) < 0
		       ? NULL
		       : xasprintf("%llu %llu %lld %lld.%09ld %s", (unsigned long long)st.st_dev,
				   (unsigned long long)st.st_ino, (long long)st.st_size,
				   (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, swtpm);
}

/* The version in a record that is of just this swtpm, which the caller owns; NULL: it is another's.
 */
static char *recorded_version(const char *record, const char *identity)
{
	const char *line = record ? strchr(record, '\n') : NULL;

	return line && identity && strcmp(line + 1, identity) == 0
		       ? xstrndup(record, (size_t)(line - record))
		       : NULL;
}

/* "default-v1" and what follows it are profiles of swtpm 0.10 and newer. */
static bool has_profiles(const char *version)
{
	unsigned major, minor;

	return version && sscanf(version, "%u.%u", &major, &minor) == 2 &&
	       (major > 0 || minor >= 10);
}

/* The files that swtpm and swtpm_setup make. */
static bool is_swtpms(const char *name)
{
	return strcmp(name, LOCK) == 0 || text_starts(name, "tpm2-00.") ||
	       text_starts(name, "TMP2-00.");
}

void tpm_remove(const char *dir)
{
	struct root real = ROOT_REAL;
	size_t n;
	char **name = root_list(&real, &n, "%s", dir);

	for (size_t i = 0; i < n; i++) {
		own_free char *path = path_join(dir, name[i]);

		if (is_swtpms(name[i]))
			unlink(path);
	}
	names_free(name, n);
	rmdir(dir);
}

/* Why it failed: the last of what swtpm_setup said, which ends with a good-bye in any case. */
static char *last_words(char *said)
{
	const char *last = "it did not end well";

	for (char *line; (line = strsep(&said, "\n"));)
		if (*line && !text_starts(line, "Ending vTPM"))
			last = line;
	return text_quote(last, 400);
}

/* Made in a directory of its own, and moved when it is whole: what was interrupted is no TPM. */
static bool make_state(const struct prepare *p, const char *state, const char *version,
		       struct error **err)
{
	own_free char *dir = xasprintf("%s.new", p->path), *made = path_join(dir, STATE);
	own_free char *said = NULL, *words = NULL;
	/* A profile of "null" is what older ones can read as well. */
	const char *const argv[] = {p->source,	  "--tpm2",
				    "--tpmstate", dir,
				    "--createek", "--pcr-banks",
				    "sha256",	  has_profiles(version) ? "--profile-name" : NULL,
				    "null",	  NULL};
	bool good;

	tpm_remove(dir);
	if (!dir_make(dir, 0700, err))
		return false;
	say(SAY_NOTE, "making a TPM in %s", p->path);
	good = tool_said(argv, &said, err);
	words = good || !said ? NULL : last_words(said);
	if (words)
		error_add(err, ERROR_HOST, "no TPM could be made: %s: %s", path_base(p->source),
			  words);
	else if (good && rename(made, state) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make %s", state);
		good = false;
	}
	tpm_remove(dir);
	return good;
}

/* A newer swtpm may write what the one that made it cannot read any more. */
static bool keep_old(const char *state, const char *record, const char *version, struct error **err)
{
	size_t len = record ? strspn(record, "0123456789.") : 0;
	own_free char *old = xstrndup(len ? record : "", len), *kept = NULL;

	if (!len || strcmp(old, version) == 0 || (record[len] && record[len] != '\n'))
		return true;
	kept = xasprintf("%s.%s", state, old);
	if (file_exists(kept))
		return true;
	if (!file_copy_new(state, kept, 0600, err))
		return false;
	say(SAY_NOTE, "the TPM's state as swtpm %s has left it is kept as %s", old, kept);
	return true;
}

bool tpm_prepare(const struct prepare *p, struct error **err)
{
	own_free char *state = path_join(p->path, STATE), *used_by = path_join(p->path, USED_BY);
	own_free char *record = file_read(used_by, USED_BY_LIMIT, NULL), *now = NULL;
	own_free char *identity = identity_of(p->program), *version = NULL;
	bool there;

	if (!dir_make(p->path, 0700, err) || refuse_locked(p->path, err))
		return false;
	there = file_exists(state);
	version = recorded_version(record, identity);
	if (!version)
		version = version_of(p->program);
	if (there && version && !keep_old(state, record, version, err))
		return false;
	if (!there && strcmp(p->source, p->program) != 0 && !make_state(p, state, version, err))
		return false;
	if (!version)
		return true;
	now = identity ? xasprintf("%s\n%s", version, identity) : xstrdup(version);
	return (record && strcmp(record, now) == 0) ||
	       file_write(used_by, now, strlen(now), 0600, DURABLE, err);
}

bool tpm_copy(const struct prepare *p, struct error **err)
{
	own_free char *from = path_join(p->source, STATE), *to = path_join(p->path, STATE);

	return dir_make(p->path, 0700, err) &&
	       (!file_exists(from) || file_copy_new(from, to, 0600, err));
}
