#include "tool.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "base/text.h"
#include "child.h"

#define SAID_LIMIT 65536	 /* bytes that are read */
#define WORDS_LIMIT 4096	 /* of those in a message */
#define OUTPUT_LIMIT (16U << 20) /* of what is printed */

static int give_up_rights(void *context)
{
	(void)context;
	return child_give_up_privilege();
}

/* In our process group: Ctrl-C ends it. False with words where it could not be started. */
static bool start(struct child *child, const char *const argv[], const struct child_fd fd[4],
		  struct error **err)
{
	int errnum = child_start(child, &(struct child_way){.argv = argv,
							    .function = give_up_rights,
							    .fd = fd,
							    .fds = 4,
							    .same_session = true});

	if (errnum)
		error_errno(err, ERROR_HOST, errnum, "cannot run %s", argv[0]);
	return !errnum;
}

static bool ended_well(struct child *child)
{
	int status = -1;

	return child_reap(child, &status) && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Whether it ended well; *said is the start of what it said, which the caller owns. NULL with *err
 * where it could not be started.
 */
static bool run(const char *const argv[], int file, int input, char **said, struct error **err)
{
	own_child struct child child = CHILD_NONE;
	own_fd int ours = -1, theirs = -1;

	*said = NULL;
	if (!child_pipe(&ours, &theirs)) {
		error_errno(err, ERROR_FAILED, errno, "cannot make a pipe");
		return false;
	}
	if (!start(&child, argv,
		   (struct child_fd[]){{input, 0}, {theirs, 1}, {theirs, 2}, {file, 3}}, err))
		return false;
	close_fd(&theirs);
	*said = fd_read_all(ours, SAID_LIMIT, NULL);
	if (!*said)
		*said = xstrdup("");
	close_fd(&ours);
	return ended_well(&child);
}

char *tool_fed(const char *const argv[], int fd, int input, struct error **err)
{
	own_free char *said = NULL;

	if (run(argv, fd, input, &said, err) || !said)
		return NULL;
	said[strcspn(said, "\n")] = '\0';
	return *said ? text_quote(said, WORDS_LIMIT) : xstrdup("it did not end well");
}

char *tool_run(const char *const argv[], int fd, struct error **err)
{
	return tool_fed(argv, fd, -1, err);
}

bool tool_said(const char *const argv[], char **said, struct error **err)
{
	return run(argv, -1, -1, said, err);
}

/* What a file of memory has; "" where it cannot be read. */
static char *content(int fd, size_t limit)
{
	char *text = lseek(fd, 0, SEEK_SET) == 0 ? fd_read_all(fd, limit, NULL) : NULL;

	return text ? text : xstrdup("");
}

/* It writes to files in memory: nobody need read while it runs. */
char *tool_output(const char *const argv[], struct error **err)
{
	own_child struct child child = CHILD_NONE;
	own_fd int output = memfd_create("output", MFD_CLOEXEC);
	own_fd int words = memfd_create("words", MFD_CLOEXEC);

	if (output < 0 || words < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot run %s", argv[0]);
		return NULL;
	}
	if (!start(&child, argv, (struct child_fd[]){{-1, 0}, {output, 1}, {words, 2}, {-1, 3}},
		   err))
		return NULL;
	if (ended_well(&child))
		return content(output, OUTPUT_LIMIT);
	own_free char *said = content(words, OUTPUT_LIMIT);

	said[strcspn(said, "\n")] = '\0';
	own_free char *shown = text_quote(said, WORDS_LIMIT);

	error_add(err, ERROR_HOST, "%s", *shown ? shown : "qemu-img did not end well");
	return NULL;
}
