/* Fuzzes the profile: the INI grammar, the table, the layers, and the plan that comes of it. The
 * input is a profile as it stands, so that any profile is a seed; its length says whether a variant
 * or --set comes on top. Besides memory errors this looks for a refusal without a reason, for
 * messages without a place, and for bytes that a terminal could take for an order.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "plan/plan.h"
#include "profile/profile.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

/* A directory that has just one file, so that some paths are right. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *tmp = getenv("TMPDIR");
	own_free char *dir = xasprintf("%s/vmlaunch-fuzz.XXXXXX", tmp ? tmp : "/tmp");
	int fd;

	(void)argc, (void)argv;
	must(mkdtemp(dir) && chdir(dir) == 0);
	fd = open("x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && close(fd) == 0);
	return 0;
}

static void check_messages(const struct error *err, enum error_kind kind)
{
	must(error_count(err) > 0);
	must(error_kind(err) == kind || error_kind(err) == ERROR_USAGE);
	for (size_t i = 0; i < error_count(err); i++)
		must(*error_message(err, i) && text_is_printable(error_message(err, i)));
}

static void check_places(const struct error *err)
{
	for (size_t i = 0; i < error_count(err); i++)
		must(text_starts(error_message(err, i), "f.ini:") ||
		     text_starts(error_message(err, i), "--set "));
}

static void print(const struct plan *plan)
{
	own_free char *text = plan_text(plan), *json = plan_json(plan), *lines = NULL;
	size_t len;

	lines = plan_lines(plan, '\0', &len);
	must(len > 0 && lines[len - 1] == '\0' && *json == '{');
	for (char *c = text; *c; c++)
		*c = *c == '\n' ? ' ' : *c;
	must(text_is_printable(text));
}

static void compose(const struct profile *p)
{
	char id[] = "0123456789abcdef0123456789abcdef", path[] = "/bin/qemu", version[] = "7.2",
	     code[] = "/code", vars[] = "/vars", home[] = "/home/f", machine[] = "pc-q35-7.2";
	char none[] = "", *machines[] = {machine};
	struct firmware fw = {.code = code, .vars = vars};
	const struct firmware_list firmware = {.item = &fw, .n = 1};
	const struct dirs dirs = {home, home, home, home, home};
	const struct facts facts = {
		.cpu = {.vendor = none, .model = none, .online = 4},
		.machine_id = id,
		.boot_id = id,
		.qemu = {.path = path, .version = version, .offers[QEMU_MACHINES] = {machines, 1}}};
	const struct plan_input in = {
		.profile = p, .facts = &facts, .firmware = &firmware, .dirs = &dirs};
	own_error struct error *err = NULL;
	own_plan struct plan *plan = plan_compose(&in, &err);

	must(!plan == !!err);
	if (plan)
		print(plan);
	else
		check_messages(err, ERROR_HOST);
}

/* The last line without its end, for --set. */
static char *last_line(const char *text, size_t size)
{
	const char *begin = text + size;

	while (begin > text && begin[-1] != '\n')
		begin--;
	return xstrndup(begin, (size_t)(text + size - begin));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	own_free char *text = xmalloc(size), *word = NULL;
	own_error struct error *err = NULL;
	own_profile struct profile *p = NULL;
	size_t sets = size % 3 == 1;

	memcpy(text, data, size);
	word = last_line(text, size);
	p = profile_parse("f.ini", text, size, size % 3 == 2 ? "a" : NULL, &word, sets, &err);
	must(!p == !!err);
	if (p) {
		compose(p);
	} else {
		check_messages(err, ERROR_USAGE);
		check_places(err);
	}
	return 0;
}
