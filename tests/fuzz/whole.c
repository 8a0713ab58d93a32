#include "whole.h"

int vmlaunch_main(int argc, char **argv);

#define main vmlaunch_main
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../launcher/main.c"
#undef main

#include <stdlib.h>

static void must(bool promise)
{
	if (!promise)
		abort();
}

char *whole_said(const char *const *words, size_t n, int *status, struct error **err)
{
	/* run() moves them about, and none of them is written to. */
	char *argv[WHOLE_WORDS + 2] = {(char[]){"vmlaunch"}}, *said = NULL;
	FILE *real = stdout;
	size_t len;

	must(n <= WHOLE_WORDS);
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	stdout = open_memstream(&said, &len);
	must(stdout);
	*status = run((int)n + 1, argv, err);
	must(fclose(stdout) == 0);
	stdout = real;
	must(strlen(said) == len);
	return said;
}

void whole_is_lines(const char *text)
{
	own_free char *copy = xstrdup(text);

	for (char *c = copy; *c; c++)
		*c = *c == '\n' || *c == '\t' ? ' ' : *c;
	must(text_is_printable(copy));
}
