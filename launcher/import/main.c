/* vmlaunch-import: a libvirt domain in, a profile out. A program of its own, so that vmlaunch
 *itself neither links libxml2 nor parses what it parses.
 *
 *	vmlaunch-import HOST-ROOT FILE      an empty HOST-ROOT is this host, an empty FILE standard
 *input
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/standard_error.h"
#include "base/text.h"
#include "parts.h"

#define DOMAIN_LIMIT (4U << 20) /* bytes; a domain has some thousand */

static char *read_domain(const char *path, size_t *len, struct error **err)
{
	char *data = *path ? file_read(path, DOMAIN_LIMIT, len)
			   : fd_read_all(STDIN_FILENO, DOMAIN_LIMIT, len);

	if (!data && errno == EFBIG)
		error_add(err, ERROR_USAGE, "%s: larger than 4 MiB; that is no domain",
			  *path ? path : "standard input");
	else if (!data)
		error_errno(err, ERROR_USAGE, errno, "cannot read %s",
			    *path ? path : "standard input");
	return data;
}

static bool import_file(const struct root *root, const char *path, struct error **err)
{
	own_draft struct draft d = {0};
	own_free char *text = NULL, *data = NULL;
	size_t len;

	data = read_domain(path, &len, err);
	if (!data)
		return false;
	pci_list_read(&d.pci, root);
	if (!import_domain(&d, *path ? path : "standard input", data, len, err))
		return false;
	text = draft_text(&d, *path ? path_base(path) : "libvirt's XML");
	fputs(text, stdout);
	for (size_t i = 0; i < d.lefts; i++)
		standard_error_tell("vmlaunch: warning: not taken over: ", d.left[i], "");
	for (size_t i = 0; i < d.notes; i++)
		standard_error_tell("vmlaunch: ", d.note[i], "");
	return true;
}

int main(int argc, char **argv)
{
	own_error struct error *err = NULL;
	struct root root = ROOT_REAL;

	if (argc != 3) {
		fputs("usage: vmlaunch import [DOMAIN.xml]\n", stderr);
		return ERROR_USAGE;
	}
	if (root_init(&root, *argv[1] ? argv[1] : NULL, &err))
		import_file(&root, argv[2], &err);
	root_done(&root);
	if (!err && (fflush(stdout) != 0 || ferror(stdout)))
		error_add(&err, ERROR_FAILED, "cannot write to standard output");
	for (size_t i = 0; i < error_count(err); i++)
		standard_error_tell("vmlaunch: error: ", error_message(err, i), "");
	return err ? (int)error_kind(err) : 0;
}
