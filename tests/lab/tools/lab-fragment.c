/* lab-fragment MIB...
 *
 * Leaves memory in crumbs: fills so many MiB with pages that the kernel can't move (what stands in
 * pipes), and then empties 15 of 16 pipes, so that each 2 MiB of it hold some that stays. Prints
 * its pid and keeps them until it is killed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define PIECE 65536 /* what a pipe gets at a time */
#define PIPE (1 << 20)
#define KEPT 16 /* one pipe of so many keeps what it has */

static char piece[PIECE];

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct rlimit files = {2 * n + 16, 2 * n + 16};
	int(*pipes)[2] = calloc(n + 1, sizeof(*pipes));
	pid_t pid;

	if (!n || !pipes)
		errx(2, "usage: lab-fragment MIB");
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		err(1, "setrlimit");
	for (size_t i = 0; i < n; i++)
		if (pipe(pipes[i]) != 0 || fcntl(pipes[i][1], F_SETPIPE_SZ, PIPE) < PIPE)
			err(1, "pipe %zu", i);
	for (size_t turn = 0; turn < PIPE / PIECE; turn++)
		for (size_t i = 0; i < n; i++)
			if (write(pipes[i][1], piece, PIECE) != PIECE)
				err(1, "write");
	for (size_t i = 0; i < n; i++)
		if (i % KEPT) {
			close(pipes[i][0]);
			close(pipes[i][1]);
		}
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid) {
		printf("%d\n", (int)pid);
		return 0;
	}
	setsid();
	close(0);
	close(1);
	close(2);
	for (;;)
		pause();
}
