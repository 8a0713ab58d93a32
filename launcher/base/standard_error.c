#include "standard_error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "own.h"
#include "text.h"

#define PATIENCE_MS 200 /* how long a line waits for its reader */

static int to = STDERR_FILENO;
static bool stalled; /* nobody has read what was there before */
static bool torn;    /* a line was cut short */

/* A pipe that is ready takes PIPE_BUF bytes without a wait (pipe(7)). A terminal that is ready may
 * take less, and makes a writer wait for the rest: so it is opened anew, to be asked without
 * waiting. Where that is forbidden, as another user's is, it stays as it is.
 */
void standard_error_open(void)
{
	int fd = isatty(STDERR_FILENO)
			 ? open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
			 : -1;

	if (fd >= 0)
		to = fd;
}

int standard_error_fd(void)
{
	return to;
}

static void write_patiently(const char *text, size_t len)
{
	while (len) {
		struct pollfd p = {.fd = to, .events = POLLOUT};
		int ready = poll(&p, 1, stalled ? 0 : PATIENCE_MS);
		ssize_t n;

		stalled = ready == 0;
		if (stalled)
			return;
		n = write(to, text, len < PIPE_BUF ? len : PIPE_BUF);
		if (n < 0 && errno == EINTR)
			continue;
		stalled = n < 0 && errno == EAGAIN;
		if (n < 0)
			return;
		text += n;
		len -= (size_t)n;
		torn = len > 0;
	}
}

void standard_error_tell(const char *before, const char *line, const char *after)
{
	own_free char *safe = text_lines(line);
	own_free char *text = xasprintf("%s%s%s%s\n", torn ? "\n" : "", before, safe, after);

	write_patiently(text, strlen(text));
}
