#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "child.h"

#define SAID_LIMIT 65536	 /* bytes that are read */
#define WORDS_LIMIT 4096	 /* of those in a message */
#define OUTPUT_LIMIT (16U << 20) /* of what is printed */

/* Never returns. */
__attribute__((noreturn)) static void child(const char *const argv[], int fd, int input, int output,
					    int words)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* In our process group: Ctrl-C ends it. */
	child_reset_signals();
	/* Above the standard ones and 3, whatever their numbers are. */
	fd = fcntl(fd < 0 ? null : fd, F_DUPFD_CLOEXEC, 4);
	input = fcntl(input < 0 ? null : input, F_DUPFD_CLOEXEC, 4);
	output = fcntl(output, F_DUPFD_CLOEXEC, 4);
	words = fcntl(words, F_DUPFD_CLOEXEC, 4);
	if (null < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(words, 2) < 0 ||
	    dup2(fd, 3) < 0 || syscall(SYS_close_range, 4U, ~0U, 0) < 0)
		_exit(127);
	if (child_give_up_privilege())
		execv(argv[0], (char *const *)argv);
	dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Whether it ended well; *said is the start of what it said, which the caller owns. NULL with *err
 * where it could not be started.
 */
static bool run(const char *const argv[], int fd, int input, char **said, struct error **err)
{
	own_fd int ours = -1, theirs = -1;
	int ends[2], status = -1;
	pid_t pid;

	*said = NULL;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot make a pipe");
		return false;
	}
	ours = ends[0];
	theirs = ends[1];
	pid = fork();
	if (pid == 0)
		child(argv, fd, input, theirs, theirs);
	close_fd(&theirs);
	if (pid < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot fork");
		return false;
	}
	*said = fd_read_all(ours, SAID_LIMIT, NULL);
	if (!*said)
		*said = xstrdup("");
	close_fd(&ours);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
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
	own_fd int output = memfd_create("output", MFD_CLOEXEC);
	own_fd int words = memfd_create("words", MFD_CLOEXEC);
	pid_t pid = output < 0 || words < 0 ? -1 : fork();
	int status = -1;

	if (pid == 0)
		child(argv, -1, -1, output, words);
	if (pid < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot run %s", argv[0]);
		return NULL;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return content(output, OUTPUT_LIMIT);
	own_free char *said = content(words, OUTPUT_LIMIT);

	said[strcspn(said, "\n")] = '\0';
	own_free char *shown = text_quote(said, WORDS_LIMIT);

	error_add(err, ERROR_HOST, "%s", *shown ? shown : "qemu-img did not end well");
	return NULL;
}
