/* Stops its process right after the nth change of a journal on disk. Preloaded into vmlaunch, so
 *that the keeper that it forks has it too: then a test can kill whom it wants at exactly that
 *point.
 *
 *	POINT=n POINT_FILE=path LD_PRELOAD=point.so vmlaunch ...
 *
 * path is rewritten at each change with its number, so that a run with a large n counts them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int point, count;
static char file[256];

__attribute__((constructor)) static void remember(void)
{
	const char *n = getenv("POINT"), *path = getenv("POINT_FILE");

	point = n ? atoi(n) : 0;
	snprintf(file, sizeof(file), "%s", path ? path : "/dev/null");
}

static void changed(const char *path)
{
	size_t n = strlen(path);
	char text[16];
	int fd;

	if (n < 8 || strcmp(path + n - 8, ".journal") != 0)
		return;
	count++;
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	n = (size_t)snprintf(text, sizeof(text), "%d\n", count);
	if (fd >= 0 && write(fd, text, n) == (ssize_t)n)
		close(fd);
	if (count == point)
		raise(SIGSTOP);
}

int rename(const char *from, const char *to)
{
	int (*real)(const char *, const char *);
	int result;

	*(void **)&real = dlsym(RTLD_NEXT, "rename");
	result = real(from, to);
	if (result == 0)
		changed(to);
	return result;
}

int unlink(const char *path)
{
	int (*real)(const char *);
	int result;

	*(void **)&real = dlsym(RTLD_NEXT, "unlink");
	result = real(path);
	if (result == 0)
		changed(path);
	return result;
}
