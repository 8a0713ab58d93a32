#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"

/* #syscalls(supervisor) ioctl:TCSETS ioctl:TCSETSW ioctl:TCSETSF ioctl:TCSETS2 ioctl:TCSETSW2
 * ioctl:TCSETSF2 ioctl:TIOCGPGRP recvfrom
 */

#define FINISH_MS 1000

static struct termios saved;
static int saved_fd = -1;

int output_open(void)
{
	int fd = -1;

	if (isatty(STDOUT_FILENO))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static bool is_ours(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}

void terminal_raw(int fd)
{
	struct termios now;

	if (!isatty(fd) || !is_ours(fd))
		return;
	if (saved_fd < 0 && tcgetattr(fd, &saved) == 0)
		saved_fd = fd;
	if (saved_fd != fd)
		return;
	now = saved;
	now.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON);
	now.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	tcsetattr(fd, TCSANOW, &now);
}

void terminal_restore(void)
{
	if (saved_fd >= 0 && is_ours(saved_fd))
		tcsetattr(saved_fd, TCSANOW, &saved);
	saved_fd = -1;
}

struct pollfd relay_poll(struct relay *relay)
{
	struct pollfd out = {.fd = relay->to, .events = POLLOUT};

	if (relay->start < relay->end && relay->lossy && poll(&out, 1, 0) == 0)
		relay->start = relay->end;
	out.revents = 0;
	if (relay->start < relay->end)
		return out;
	return (struct pollfd){.fd = relay->from, .events = POLLIN};
}

/* A pipe that is ready takes at least this much without waiting (PIPE_BUF, pipe(7)). */
static void write_some(struct relay *relay)
{
	ssize_t n = write(relay->to, relay->kept + relay->start, relay->end - relay->start);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* Nobody listens any more: the guest goes on without. */
	if (n < 0)
		relay->start = relay->end;
	else
		relay->start += (size_t)n;
}

static void read_some(struct relay *relay)
{
	ssize_t n = recv(relay->from, relay->kept, sizeof(relay->kept), MSG_DONTWAIT);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close_fd(&relay->from);
		return;
	}
	if (relay->sink) {
		relay->sink(relay->context, relay->kept, (size_t)n);
		return;
	}
	relay->start = 0;
	relay->end = relay->to < 0 ? 0 : (size_t)n;
}

void relay_go(struct relay *relay, short ready)
{
	if (!ready)
		return;
	if (relay->start < relay->end)
		write_some(relay);
	else if (relay->from >= 0)
		read_some(relay);
}

void relay_finish(struct relay *relay)
{
	int64_t end = now_ms() + FINISH_MS, left = FINISH_MS;

	/* However slowly the terminal takes the rest: our end must not hang on it. */
	while ((relay->from >= 0 || relay->start < relay->end) && left > 0) {
		struct pollfd p = relay_poll(relay);

		if (poll(&p, 1, (int)left) <= 0)
			break;
		relay_go(relay, p.revents);
		left = end - now_ms();
	}
	close_fd(&relay->from);
}
