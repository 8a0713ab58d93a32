/* Looking up machines that run, by their names. */
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "common.h"
#include "run/identity.h"

char **instances(size_t *n, char **dir, struct error **err)
{
	struct root real = ROOT_REAL;
	own_dirs struct dirs dirs = {0};

	*n = 0;
	if (!identity_of_caller(NULL, err) || !dirs_find(&dirs, err))
		return NULL;
	*dir = xstrdup(dirs.runtime);
	return root_list(&real, n, "%s", dirs.runtime);
}

static void no_such_machine(const char *name, char **names, size_t n, struct error **err)
{
	const char *nearest = text_nearest(name, (const char *const *)names, n);
	own_free char *shown = text_quote(name, 64);
	own_free char *near = nearest ? text_quote(nearest, 64) : NULL;

	error_add(err, ERROR_FAILED, "no machine called %s is running%s%s%s", shown,
		  near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

char *instance(const char *name, struct run_record *record, struct error **err)
{
	own_free char *base = NULL, *dir = NULL;
	struct error *problem = NULL;
	size_t n;
	char **names = instances(&n, &base, &problem);
	bool found;

	if (problem) {
		error_merge(err, &problem);
		return NULL;
	}
	dir = !*name || strchr(name, '/') || *name == '.' ? NULL : path_join(base, name);
	found = dir && access(dir, F_OK) == 0 && lock_check_dir(dir, &problem) &&
		run_record_read(dir, record);
	if (problem)
		error_merge(err, &problem);
	else if (!found)
		no_such_machine(name, names, n, err);
	names_free(names, n);
	return found ? steal(&dir) : NULL;
}

char *running(const char *name, struct run_record *record, struct error **err)
{
	own_free char *dir = instance(name, record, err);

	if (!dir || run_record_alive(record))
		return steal(&dir);
	run_record_free(record);
	no_such_machine(name, NULL, 0, err);
	return NULL;
}
