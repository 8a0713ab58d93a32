/* `vmlaunch import`: becomes the program that does it, which alone is linked with libxml2. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/program.h"
#include "command.h"
#include "run/identity.h"

#define PROGRAM "vmlaunch-import"

/* Beside this program as it was built, or where it was installed; the caller owns it. NULL:
 * nowhere. */
static char *find_program(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	own_free char *dir = NULL;
	char *place[4];
	char *found = NULL;

	if (n < 0)
		return NULL;
	self[n] = '\0';
	dir = path_dir(self);
	place[0] = path_join(dir, PROGRAM);
	place[1] = path_join(dir, "build/" PROGRAM);
	place[2] = path_join(dir, "../lib/vmlaunch/" PROGRAM);
	place[3] = xstrdup(VMLAUNCH_LIBDIR "/" PROGRAM);
	for (size_t i = 0; i < ARRAY_SIZE(place); i++) {
		if (!found && program_check(place[i]) == 0)
			found = steal(&place[i]);
		free(place[i]);
	}
	return found;
}

int command_import(const struct arguments *args, struct error **err)
{
	own_free char *program = NULL;
	const char *root = argument_option(args, "host-root");
	const char *file = args->words ? args->word[0] : NULL;
	const char *argv[] = {PROGRAM, root ? root : "", file ? file : "", NULL};

	if (!identity_of_caller(NULL, err))
		return ERROR_FAILED;
	if (file && !*file) {
		error_add(err, ERROR_USAGE,
			  "the name of a file is wanted, or none for standard input");
		return ERROR_USAGE;
	}
	if (!file && isatty(STDIN_FILENO)) {
		error_add(
			err, ERROR_USAGE,
			"usage: vmlaunch import DOMAIN.xml, or: virsh dumpxml NAME | vmlaunch import");
		return ERROR_USAGE;
	}
	program = find_program();
	if (!program) {
		error_add(err, ERROR_HOST,
			  "there is no " PROGRAM
			  " here: it is built and installed where libxml2 is there to build with");
		return ERROR_HOST;
	}
	execv(program, (char *const *)argv);
	error_errno(err, ERROR_FAILED, errno, "cannot run %s", program);
	return ERROR_FAILED;
}
