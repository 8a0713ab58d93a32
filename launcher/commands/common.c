#include "common.h"

#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "run/identity.h"

static void find_blocks(struct gathered *g)
{
	const struct items *disks = &g->profile->disk;
	struct stat st;

	for (size_t i = 0; i < disks->n; i++) {
		const struct disk *disk = (const struct disk *)disks->v[i];

		if (disk->path.v && stat(disk->path.v, &st) == 0 && S_ISBLK(st.st_mode))
			*xappend(g->block, g->blocks) = disk->path.v;
	}
}

/* The machine version of the first start. What does not look like one is as good as none. */
static void read_record(struct gathered *g)
{
	own_free char *dir = path_join(g->dirs.state, g->profile->vm.name.v);
	own_free char *path = path_join(dir, "machine");
	own_free char *text = file_read(path, 64, NULL);

	if (!text)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (text_starts(text, "pc-q35-") && text[strspn(text, "pcq-.0123456789")] == '\0')
		g->recorded_machine = steal(&text);
	else
		say(SAY_WARNING, "%s holds no machine version; it is ignored", path);
}

static bool gather_facts(struct gathered *g, const char *host_root, struct error **err)
{
	if (!dirs_find(&g->dirs, err) || !root_init(&g->root, host_root, err))
		return false;
	facts_collect(&g->facts, &g->root);
	firmware_find(&g->firmware, &g->root, g->dirs.config);
	for (size_t i = 0; i < g->firmware.skips; i++)
		say(SAY_DEBUG, "firmware: %s", g->firmware.skipped[i]);
	find_blocks(g);
	read_record(g);
	return facts_qemu(&g->facts, g->profile->qemu.binary.v, g->dirs.cache, err);
}

bool gather(struct gathered *g, const struct arguments *args, enum purpose purpose,
	    const char *probe_program, const char *probe_parameters, struct error **err)
{
	size_t sets;
	own_free char **set = argument_options(args, "set", &sets);

	if (!identity_of_caller(err))
		return false;
	g->profile = profile_load(args->word[0], argument_option(args, "variant"), set, sets, err);
	if (!g->profile || !identity_of_profile(g->profile->vm.user.v, false, err) ||
	    !gather_facts(g, argument_option(args, "host-root"), err))
		return false;
	struct plan_input in = {
		.profile = g->profile,
		.facts = &g->facts,
		.firmware = &g->firmware,
		.dirs = &g->dirs,
		.recorded_machine = g->recorded_machine,
		.block = g->block,
		.blocks = g->blocks,
		.purpose = purpose,
		.probe_program = probe_program,
		.probe_parameters = probe_parameters,
	};
	g->plan = plan_compose(&in, err);
	return g->plan;
}

void gathered_free(struct gathered *g)
{
	plan_free(g->plan);
	free(g->block);
	free(g->recorded_machine);
	firmware_list_free(&g->firmware);
	facts_free(&g->facts);
	dirs_free(&g->dirs);
	root_done(&g->root);
	profile_free(g->profile);
	*g = GATHERED_NONE;
}

char **instances(size_t *n, char **dir, struct error **err)
{
	struct root real = ROOT_REAL;
	own_dirs struct dirs dirs = {0};

	*n = 0;
	if (!identity_of_caller(err) || !dirs_find(&dirs, err))
		return NULL;
	*dir = xstrdup(dirs.runtime);
	return root_list(&real, n, "%s", dirs.runtime);
}

char *running(const char *name, struct run_record *record, struct error **err)
{
	own_free char *base = NULL, *dir = NULL;
	struct error *problem = NULL;
	const char *nearest;
	size_t n;
	char **names = instances(&n, &base, &problem);

	if (problem) {
		error_merge(err, &problem);
		return NULL;
	}
	dir = strchr(name, '/') || *name == '.' ? NULL : path_join(base, name);
	if (dir && run_record_read(dir, record)) {
		if (run_record_alive(record)) {
			names_free(names, n);
			return steal(&dir);
		}
		run_record_free(record);
	}
	nearest = text_nearest(name, (const char *const *)names, n);
	error_add(err, ERROR_FAILED, "no machine called %s is running%s%s%s", name,
		  nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
	names_free(names, n);
	return NULL;
}
