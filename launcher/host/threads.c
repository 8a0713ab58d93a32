#include "threads.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/process.h"
#include "base/text.h"

/* proc(5), stat: the fields that are read. */
enum { STAT_STATE = 3, STAT_USER = 14, STAT_KERNEL = 15, STAT_PROCESSOR = 39 };

/* proc(5), schedstat: nanoseconds that it waited for a processor. */
enum { SCHEDSTAT_WAITED = 1 };

static uint64_t stat_number(const char *stat, unsigned field)
{
	const char *at = process_stat_field(stat, field);

	return at ? strtoull(at, NULL, 10) : 0;
}

static uint64_t used_ms(const char *stat)
{
	long ticks = sysconf(_SC_CLK_TCK);

	return (stat_number(stat, STAT_USER) + stat_number(stat, STAT_KERNEL)) * 1000 /
	       (uint64_t)(ticks > 0 ? ticks : 100);
}

/* What stands behind NAME at the start of a line, without blanks; NULL where no line has it. The
 * caller owns it.
 */
static char *line_value(const char *text, const char *name)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!text_starts(line, name))
			continue;
		line += strlen(name);
		line += strspn(line, " \t");
		return xstrndup(line, strcspn(line, "\n"));
	}
	return NULL;
}

static char *thread_name(const char *stat)
{
	const char *begin = strchr(stat, '('), *end = strrchr(stat, ')');

	return begin && end && begin < end ? xstrndup(begin + 1, (size_t)(end - begin - 1))
					   : xstrdup("");
}

static int64_t waited_ms(const char *schedstat)
{
	const char *at = schedstat ? strchr(schedstat, ' ') : NULL;

	_Static_assert(SCHEDSTAT_WAITED == 1, "it is the second number");
	return at ? (int64_t)(strtoull(at, NULL, 10) / 1000000) : -1;
}

static void add_thread(struct thread_list *list, const struct root *root, pid_t pid,
		       const char *word)
{
	own_free char *stat = root_read(root, "/proc/%d/task/%s/stat", (int)pid, word);
	own_free char *status = root_read(root, "/proc/%d/task/%s/status", (int)pid, word);
	own_free char *schedstat = root_read(root, "/proc/%d/task/%s/schedstat", (int)pid, word);
	const char *state = stat ? process_stat_field(stat, STAT_STATE) : NULL;
	uint64_t id;
	char *may;

	/* It has ended meanwhile. */
	if (!state || !text_u64(word, 10, &id) || id > INT32_MAX)
		return;
	may = status ? line_value(status, "Cpus_allowed_list:") : NULL;
	*xappend(list->v, list->n) = (struct thread){
		.id = (pid_t)id,
		.name = thread_name(stat),
		.state = *state,
		.used_ms = used_ms(stat),
		.waited_ms = waited_ms(schedstat),
		.processor = (int)stat_number(stat, STAT_PROCESSOR),
		.may = may ? may : xstrdup(""),
	};
}

void threads_read(struct thread_list *list, const struct root *root, pid_t pid)
{
	size_t n;
	char **names = root_list(root, &n, "/proc/%d/task", (int)pid);

	*list = (struct thread_list){0};
	for (size_t i = 0; i < n; i++)
		add_thread(list, root, pid, names[i]);
	names_free(names, n);
}

void threads_free(struct thread_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].name);
		free(list->v[i].may);
	}
	free(list->v);
	*list = (struct thread_list){0};
}

const struct thread *threads_find(const struct thread_list *list, pid_t id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].id == id)
			return &list->v[i];
	return NULL;
}

/* KiB in a line of /proc/PID/status; 0 without it. */
static uint64_t status_kb(const char *status, const char *name)
{
	own_free char *value = line_value(status, name);

	return value ? strtoull(value, NULL, 10) : 0;
}

void process_use_read(struct process_use *use, const struct root *root, pid_t pid)
{
	own_free char *stat = root_read(root, "/proc/%d/stat", (int)pid);
	own_free char *status = root_read(root, "/proc/%d/status", (int)pid);

	*use = (struct process_use){0};
	if (!stat || !status)
		return;
	*use = (struct process_use){used_ms(stat), status_kb(status, "VmRSS:"),
				    status_kb(status, "HugetlbPages:"),
				    status_kb(status, "VmSwap:")};
}
