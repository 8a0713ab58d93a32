/* netload PORT - the guest's end of the bench of networks: listens, and does for each connection
 * what its first eight bytes say, one after the other: a letter and seven digits.
 *
 *   d N   takes N MiB, then answers by one byte
 *   u N   sends N MiB
 *   e N   gives back N blocks of 64 bytes, each as soon as it is there
 */
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK 64

static char room[256 << 10];

static bool take(int fd, size_t n)
{
	while (n) {
		ssize_t got = read(fd, room, n < sizeof(room) ? n : sizeof(room));

		if (got <= 0)
			return false;
		n -= (size_t)got;
	}
	return true;
}

static bool give(int fd, size_t n)
{
	while (n) {
		ssize_t put = write(fd, room, n < sizeof(room) ? n : sizeof(room));

		if (put <= 0)
			return false;
		n -= (size_t)put;
	}
	return true;
}

static void serve(int fd)
{
	char order[9] = "";
	size_t n, at = 0;

	while (at < 8) {
		ssize_t got = read(fd, order + at, 8 - at);

		if (got <= 0)
			return;
		at += (size_t)got;
	}
	n = strtoul(order + 1, NULL, 10);
	if (*order == 'd' && take(fd, n << 20))
		give(fd, 1);
	else if (*order == 'u')
		give(fd, n << 20);
	for (size_t i = 0; *order == 'e' && i < n; i++)
		if (!take(fd, BLOCK) || !give(fd, BLOCK))
			return;
}

int main(int argc, char *argv[])
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, fd;

	if (argc != 2)
		errx(2, "usage: netload PORT");
	any.sin_port = htons((uint16_t)atoi(argv[1]));
	signal(SIGPIPE, SIG_IGN);
	if (bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(listener, 8) < 0)
		err(1, "cannot listen");
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		serve(fd);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	err(1, "cannot accept");
}
