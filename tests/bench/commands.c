/* commands SOCKET N - sends query-status N times over one QMP connection, each when the answer to
 * the one before is there, in the bytes that vmlaunch sends; prints wall and processor time in
 * milliseconds. What QEMU takes for that is the limit: no client can be faster.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Reads to the end of a line that begins with what; other lines (events) are passed over. */
static void await_line(int fd, const char *what)
{
	static char buffer[65536];
	static size_t len;

	for (;;) {
		char *end = memchr(buffer, '\n', len);
		ssize_t n;

		if (end) {
			int it = strncmp(buffer, what, strlen(what)) == 0;

			len -= (size_t)(end + 1 - buffer);
			memmove(buffer, end + 1, len);
			if (it)
				return;
			continue;
		}
		n = read(fd, buffer + len, sizeof(buffer) - len);
		if (n <= 0)
			die("QEMU's monitor");
		len += (size_t)n;
	}
}

static void say(int fd, const char *command, long id)
{
	char line[200];
	int n = snprintf(line, sizeof(line), "{\"execute\":\"%s\",\"id\":%ld}\r\n", command, id);

	if (write(fd, line, (size_t)n) != n)
		die("QEMU's monitor");
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	long n = argc == 3 ? atol(argv[2]) : 0;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct timespec begin, end;
	struct rusage usage;

	if (n <= 0 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die(argv[1]);
	await_line(fd, "{\"QMP\"");
	say(fd, "qmp_capabilities", 1);
	await_line(fd, "{\"return\"");
	for (long i = 0; i < n; i++) {
		say(fd, "query-status", i + 2);
		await_line(fd, "{\"return\"");
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	getrusage(RUSAGE_SELF, &usage);
	printf("%.3f %.3f\n",
	       (double)(end.tv_sec - begin.tv_sec) * 1e3 +
		       (double)(end.tv_nsec - begin.tv_nsec) / 1e6,
	       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3);
	return 0;
}
