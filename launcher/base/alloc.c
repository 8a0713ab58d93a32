#include "alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* #syscalls(all) write exit_group */

void no_memory(void)
{
	static const char words[] = "vmlaunch: error: no memory is left: Cannot allocate memory\n";
	ssize_t said = write(STDERR_FILENO, words, sizeof(words) - 1);

	(void)said;
	_exit(EXIT_FAILURE);
}

static void *checked_memory(void *p)
{
	if (!p)
		no_memory();
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return checked_memory(calloc(n ? n : 1, size ? size : 1));
}

void *xmalloc(size_t size)
{
	return checked_memory(malloc(size ? size : 1));
}

char *xstrdup(const char *s)
{
	return checked_memory(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
	return checked_memory(strndup(s, n));
}

char *xvasprintf(const char *fmt, va_list args)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, args) < 0)
		no_memory();
	return s;
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *s;

	va_start(args, fmt);
	s = xvasprintf(fmt, args);
	va_end(args);
	return s;
}

void *xgrow(void *array, size_t n, size_t size)
{
	/* Powers of two: the array is full exactly when n is one (or nothing was there yet). */
	if (n == 0 || (n & (n - 1)) == 0) {
		size_t room = n ? n * 2 : 1;

		if (room < n || room > SIZE_MAX / size)
			no_memory();
		array = checked_memory(realloc(array, room * size));
	}
	memset((char *)array + n * size, 0, size);
	return array;
}
