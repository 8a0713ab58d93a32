/* The lines of earlier shells, one file for each machine. A line that may hold a secret is never
 * kept, not even for the shell that it was typed into.
 */
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/dirs.h"
#include "base/file.h"
#include "base/text.h"
#include "shell_private.h"

#define HISTORY_LIMIT (1U << 20)

/* Where the history of this machine is kept; NULL: nowhere. */
static char *history_path(const struct shell *shell)
{
	own_dirs struct dirs dirs = {0};
	own_free char *dir = NULL;
	own_error struct error *unused = NULL;

	if (!shell->session->dir || !dirs_find(&dirs, &unused))
		return NULL;
	dir = path_join(dirs.state, shell->session->name);
	return access(dir, W_OK) == 0 ? path_join(dir, "qmp-history") : NULL;
}

void shell_history_read(struct shell *shell)
{
	own_free char *path = history_path(shell);
	own_free char *text = path ? file_read(path, HISTORY_LIMIT, NULL) : NULL;

	for (char *line = text, *end; line && *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (text_is_printable(line))
			editor_remember(shell->terminal.editor, line);
	}
}

void shell_history_write(struct shell *shell)
{
	own_free char *path = history_path(shell);
	own_error struct error *unused = NULL;
	own_buf struct buf text = {0};

	for (size_t i = 0; editor_history(shell->terminal.editor, i); i++)
		buf_addf(&text, "%s\n", editor_history(shell->terminal.editor, i));
	if (path && text.len)
		file_write(path, text.data, text.len, 0600, VOLATILE, &unused);
}

/* Whether a line may hold what nobody should find later. An object's secret is its property data;
 * an address may have a password in it.
 */
static bool is_secret(const char *line)
{
	static const char *const patterns[] = {
		"*passw*",
		"*secret*",
		"*passphrase*",
		"*token*",
		"*key=*",
		"*cookie*",
		"*qom-set*[!a-z]data[!a-z]*",
		"*://*:*@*",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		if (fnmatch(patterns[i], line, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

void shell_history_add(struct shell *shell, const char *line)
{
	own_free char *one = xstrdup(line);

	for (char *p = one; *p; p++)
		if (*p == '\n')
			*p = ' ';
	if (!is_secret(one))
		editor_remember(shell->terminal.editor, one);
}
