/* QEMU's messages of a machine that runs, or of the last start of one that does not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"

#define LINE 4096 /* longer ones are broken */

/* The log of the name's last start, which the caller owns. */
static char *find_log(const char *name, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_error struct error *ignored = NULL;
	own_free char *dir = instance(name, &record, &ignored), *state = NULL;
	own_dirs struct dirs dirs = {0};

	if (dir)
		return steal(&record.log);
	if (!dirs_find(&dirs, err))
		return NULL;
	state = path_join(dirs.state, name);
	return path_join(state, "qemu.log");
}

/* What QEMU, or its guest by way of QEMU, wrote must not paint the terminal. */
static bool print_lines(FILE *f)
{
	char line[LINE];
	bool any = false;

	for (; fgets(line, sizeof(line), f); any = true) {
		own_free char *shown = NULL;

		line[strcspn(line, "\n")] = '\0';
		shown = text_quote(line, sizeof(line));
		puts(shown);
	}
	return any;
}

int command_log(const struct arguments *args, struct error **err)
{
	own_free char *name = machine_named(args, err);
	own_free char *path =
		!name || *name == '.' || strchr(name, '/') ? NULL : find_log(name, err);
	own_fd int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	struct stat st;
	FILE *f;

	if (!name)
		return ERROR_FAILED;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		own_free char *shown = text_quote(name, 64);

		error_add(err, ERROR_FAILED, "there is no log of a machine called %s", shown);
		return ERROR_FAILED;
	}
	f = fdopen(fd, "r");
	if (!f) {
		error_errno(err, ERROR_FAILED, errno, "%s", path);
		return ERROR_FAILED;
	}
	steal_fd(&fd);
	if (!print_lines(f))
		say(SAY_NOTE, "%s: QEMU has said nothing since its start", name);
	fclose(f);
	return 0;
}
