/* lab-hold [--map | --alone] NODE...
 *
 * Opens device nodes and keeps them open in the background until it is killed; prints the pid that
 * holds them. With --map it maps a page of each and closes the descriptor, so that only
 * /proc/PID/maps tells; with --alone it asks for exclusive use. It goes by the name that it was
 * started under:
 *
 *   pid=$(exec -a compositor lab-hold /dev/dri/card0)
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static void hold(const char *node, bool map, int flags)
{
	int fd = open(node, O_RDWR | flags);

	if (fd < 0)
		fd = open(node, O_RDONLY | flags);
	if (fd < 0)
		err(1, "%s", node);
	if (!map)
		return;
	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		err(1, "mapping %s", node);
	close(fd);
}

int main(int argc, char **argv)
{
	bool map = argc > 1 && strcmp(argv[1], "--map") == 0;
	bool alone = argc > 1 && strcmp(argv[1], "--alone") == 0;
	int ready[2], options = map || alone;
	char byte;
	pid_t pid;

	if (argc < 2 + options)
		errx(2, "usage: lab-hold [--map | --alone] NODE...");
	if (pipe(ready) != 0 || (pid = fork()) < 0)
		err(1, "fork");
	if (pid != 0) {
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1)
			return 1;
		printf("%d\n", (int)pid);
		return 0;
	}
	prctl(PR_SET_NAME, basename(argv[0]));
	setsid();
	for (int i = 1 + options; i < argc; i++)
		hold(argv[i], map, alone ? O_EXCL : 0);
	/* The pid is read through a command substitution, which waits for its pipe to close. */
	if (write(ready[1], "", 1) != 1)
		return 1;
	close(ready[0]);
	close(ready[1]);
	close(0);
	close(1);
	close(2);
	for (;;)
		pause();
}
