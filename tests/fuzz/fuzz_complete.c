/* Fuzzes completion: words of a command line, with a NUL between; behind two NULs stands the
 * profile that "x.ini" names. Besides memory errors this looks for words that do not go on as what
 * is typed, and for bytes that would end a line of the answer or order something of a terminal.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "whole.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *tmp = getenv("TMPDIR");
	own_free char *dir = xasprintf("%s/vmlaunch-fuzz.XXXXXX", tmp ? tmp : "/tmp");

	(void)argc, (void)argv;
	must(mkdtemp(dir) && chdir(dir) == 0);
	must(setenv("HOME", dir, 1) == 0 && setenv("XDG_RUNTIME_DIR", dir, 1) == 0);
	return 0;
}

static void put_profile(const char *data, size_t size)
{
	own_fd int fd = open("x.ini", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && fd_write_all(fd, data, size));
}

static void check_answer(char *said, const char *last)
{
	char *save, *tab;

	for (char *line = strtok_r(said, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		tab = strchr(line, '\t');
		must(tab && !strchr(tab + 1, '\t'));
		must(tab == line || text_starts(line, last));
		whole_is_lines(line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	own_free char *text = xmalloc(size + 1), *said = NULL;
	const char *words[WHOLE_WORDS] = {"complete", "--"};
	own_error struct error *err = NULL;
	size_t n = 2, at = 0;
	int status;

	memcpy(text, data, size);
	text[size] = '\0';
	while (at < size && n < WHOLE_WORDS && (text[at] || n == 2)) {
		words[n++] = text + at;
		at += strlen(text + at) + 1;
	}
	at = at < size ? at + 1 : size;
	put_profile(text + at, size - at);
	said = whole_said(words, n, &status, &err);
	must(status == 0 && !err);
	check_answer(said, n > 2 ? words[n - 1] : "");
	return 0;
}
