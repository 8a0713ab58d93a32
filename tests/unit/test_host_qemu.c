/* What a QEMU binary can do: asked once, remembered, asked again when it is another one. */
#include "test_host_place.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "host/facts.h"

static void ask(struct place *place, struct facts *facts)
{
	own_error struct error *err = NULL;

	if (!facts_qemu(facts, place->binary, place->cache, &err))
		fail_msg("%s", error_message(err, 0));
}

/* The path of the one file in the cache. */
static char *cache_file(struct place *place)
{
	struct root real = ROOT_REAL;
	size_t n;
	char **name = root_list(&real, &n, "%s", place->cache);
	char *file;

	assert_int_equal(n, 1);
	file = path_join(place->cache, name[0]);
	names_free(name, n);
	return file;
}

static void second_start_does_not_run_it(void **state)
{
	struct place *place = *state;
	own_facts struct facts first = {0}, second = {0};
	own_free char *file = NULL;
	struct stat st;

	install(place, CANNED);
	ask(place, &first);
	ask(place, &second);
	assert_int_equal(runs(place), 1);
	assert_string_equal(second.qemu.version, first.qemu.version);
	assert_string_equal(second.qemu.package, first.qemu.package);
	assert_string_equal(second.qemu.path, first.qemu.path);
	for (size_t kind = 0; kind < QEMU_DISPLAYS; kind++) {
		const struct qemu_names *was = &first.qemu.offers[kind];
		const struct qemu_names *is = &second.qemu.offers[kind];

		/* It has no such device. */
		if (kind != QEMU_SCSI)
			assert_int_not_equal(was->n, 0);
		assert_int_equal(is->n, was->n);
		for (size_t i = 0; i < was->n; i++)
			assert_string_equal(is->name[i], was->name[i]);
	}
	/* Facts that are there already are replaced. */
	ask(place, &second);
	file = cache_file(place);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(place->cache, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void replaced_binary_is_asked_again(void **state)
{
	struct place *place = *state;
	own_facts struct facts facts = {0};

	install(place, CANNED);
	ask(place, &facts);
	install(place, CANNED);
	ask(place, &facts);
	assert_int_equal(runs(place), 2);
	ask(place, &facts);
	assert_int_equal(runs(place), 2);
}

/* Another file of the same size and time, as unpacking an archive makes it. */
static void exchanged_binary_is_asked_again(void **state)
{
	struct place *place = *state;
	own_facts struct facts facts = {0};
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	for (size_t i = 1; i <= 2; i++) {
		install(place, CANNED);
		assert_int_equal(utimensat(AT_FDCWD, place->binary, times, 0), 0);
		ask(place, &facts);
		assert_int_equal(runs(place), i);
	}
}

static void touched_binary_is_asked_again(void **state)
{
	struct place *place = *state;
	own_facts struct facts facts = {0};
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1, .tv_nsec = 5}};

	install(place, CANNED);
	ask(place, &facts);
	assert_int_equal(utimensat(AT_FDCWD, place->binary, times, 0), 0);
	ask(place, &facts);
	assert_int_equal(runs(place), 2);
}

static void new_modules_are_asked_for(void **state)
{
	struct place *place = *state;
	own_facts struct facts facts = {0};
	own_free char *modules = xasprintf("%s/lib/qemu", place->dir);
	own_error struct error *err = NULL;

	install(place, CANNED);
	ask(place, &facts);
	assert_true(dir_make(modules, 0755, &err));
	ask(place, &facts);
	assert_int_equal(runs(place), 2);
}

/* Of the binary's own words, which hold no link. */
static void data_directories_are_remembered(void **state)
{
	struct place *place = *state;
	own_free char *share = xasprintf("%s/share/qemu", place->dir);
	own_free char *ipxe = xasprintf("%s/lib/ipxe/qemu", place->dir);

	install(place, CANNED);
	for (size_t i = 0; i < 2; i++) {
		own_facts struct facts facts = {0};

		ask(place, &facts);
		assert_int_equal(facts.qemu.data_dirs.n, 3);
		assert_string_equal(facts.qemu.data_dirs.name[0], share);
		assert_string_equal(facts.qemu.data_dirs.name[1], ipxe);
		assert_string_equal(facts.qemu.data_dirs.name[2], "/usr/share/seabios");
	}
	assert_int_equal(runs(place), 1);
}

/* One that was kept from answering is asked again, one that does not know the question is not. */
static void no_data_directories_are_no_error(void **state)
{
	static const struct {
		const char *body;
		size_t runs;
	} row[] = {
		{"case $* in *'-L help'*) echo unknown >&2; exit 1;; esac\n" CANNED, 1},
		{"case $* in *'-L help'*) echo /a; kill -KILL $$;; esac\n" CANNED, 2},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		install(place, row[i].body);
		unlink(place->runs);
		for (size_t k = 0; k < 2; k++) {
			own_facts struct facts facts = {0};

			ask(place, &facts);
			assert_int_equal(facts.qemu.data_dirs.n, 0);
			assert_string_equal(facts.qemu.version, "9.2.1");
		}
		assert_int_equal(runs(place), row[i].runs);
	}
}

static void bad_cache_is_ignored(void **state)
{
	struct place *place = *state;
	own_free char *file = NULL, *good = NULL, *elsewhere = NULL;
	own_error struct error *err = NULL;
	own_facts struct facts facts = {0};
	size_t run = 1;
	char *at;

	install(place, CANNED);
	ask(place, &facts);
	file = cache_file(place);
	good = file_read(file, 1 << 20, NULL);
	const char *const bad[] = {
		"", "{", "[]", "null", "{\"version\":1}", "{\"version\":1,\"binary\":7}"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(file_write(file, bad[i], strlen(bad[i]), 0600, VOLATILE, &err));
		ask(place, &facts);
		assert_int_equal(runs(place), ++run);
	}
	/* Cut off; of another version; with a list that is none. */
	assert_true(file_write(file, good, strlen(good) - 1, 0600, VOLATILE, &err));
	ask(place, &facts);
	assert_int_equal(runs(place), ++run);
	at = strstr(good, "\"version\":4");
	at[strlen("\"version\":")] = '1';
	assert_true(file_write(file, good, strlen(good), 0600, VOLATILE, &err));
	ask(place, &facts);
	assert_int_equal(runs(place), ++run);
	at[strlen("\"version\":")] = '4';
	at = strstr(good, "\"none\"");
	memcpy(at, "[\"on\"]", 6);
	assert_true(file_write(file, good, strlen(good), 0600, VOLATILE, &err));
	ask(place, &facts);
	assert_int_equal(runs(place), ++run);
	/* Writable by others; behind a link. */
	assert_int_equal(chmod(file, 0622), 0);
	ask(place, &facts);
	assert_int_equal(runs(place), ++run);
	elsewhere = xasprintf("%s/elsewhere", place->dir);
	assert_int_equal(rename(file, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, file), 0);
	ask(place, &facts);
	assert_int_equal(runs(place), ++run);
	ask(place, &facts);
	assert_int_equal(runs(place), run);
}

static void foreign_cache_is_ignored(void **state)
{
	struct place *place = *state;
	own_facts struct facts facts = {0};
	own_free char *file = NULL;

	if (geteuid() != 0)
		skip_test("only root can make files of others");
	install(place, CANNED);
	ask(place, &facts);
	file = cache_file(place);
	assert_int_equal(chown(file, 65534, 65534), 0);
	ask(place, &facts);
	assert_int_equal(runs(place), 2);
	/* And in a directory of somebody else root leaves nothing. */
	assert_int_equal(unlink(file), 0);
	assert_int_equal(chown(place->cache, 65534, 65534), 0);
	ask(place, &facts);
	assert_int_equal(runs(place), 3);
	assert_int_equal(access(file, F_OK), -1);
}

static void unwritable_cache_is_no_error(void **state)
{
	struct place *place = *state;
	own_facts struct facts facts = {0};
	own_error struct error *err = NULL;
	own_free char *under_file = xasprintf("%s/cache", place->binary);

	install(place, CANNED);
	assert_true(facts_qemu(&facts, place->binary, under_file, &err));
	assert_true(facts_qemu(&facts, place->binary, "/proc/nowhere", &err));
	assert_int_equal(runs(place), 2);
}

static void failure_leaves_facts_alone(void **state)
{
	struct place *place = *state;
	own_facts struct facts facts = {0};
	own_error struct error *err = NULL;

	install(place, CANNED);
	ask(place, &facts);
	install(place, "exit 1\n");
	assert_false(facts_qemu(&facts, place->binary, place->cache, &err));
	assert_string_equal(facts.qemu.version, "9.2.1");
}

static void binary_is_looked_up(void **state)
{
	struct place *place = *state;
	own_facts struct facts facts = {0};
	own_error struct error *err = NULL;
	own_free char *saved = xstrdup(getenv("PATH"));
	own_free char *path =
		xasprintf("relative::%s/none:%s/bin:%s", place->dir, place->dir, saved);

	install(place, CANNED);
	setenv("PATH", path, 1);
	assert_true(facts_qemu(&facts, "qemu", place->cache, &err));
	assert_string_equal(facts.qemu.path, place->binary);
	/* A directory and a file without the execute bit are no programs. */
	assert_int_equal(chmod(place->binary, 0644), 0);
	assert_false(facts_qemu(&facts, "qemu", place->cache, &err));
	assert_non_null(strstr(error_message(err, 0), "qemu-system-x86"));
	assert_int_equal(error_kind(err), ERROR_HOST);
	setenv("PATH", saved, 1);
}

static void binary_by_path(void **state)
{
	struct place *place = *state;
	own_facts struct facts facts = {0};
	own_error struct error *err = NULL;
	own_free char *here = getcwd(NULL, 0);

	install(place, CANNED);
	assert_int_equal(chdir(place->dir), 0);
	assert_true(facts_qemu(&facts, "./bin//qemu", place->cache, &err));
	assert_string_equal(facts.qemu.path, place->binary);
	assert_false(facts_qemu(&facts, "./bin", place->cache, &err));
	assert_non_null(strstr(error_message(err, 0), "Is a directory"));
	assert_false(facts_qemu(&facts, "bin/none", place->cache, &err));
	assert_non_null(strstr(error_message(err, 1), "No such file"));
	assert_int_equal(chdir(here), 0);
	/* A script without its first line cannot be executed: told by exec itself. */
	assert_true(file_write(place->binary, "x\n", 2, 0755, VOLATILE, &err));
	assert_false(facts_qemu(&facts, place->binary, place->cache, &err));
	assert_non_null(strstr(error_message(err, 2), "Exec format error"));
}

static void real_binary(void **state)
{
	struct place *place = *state;
	own_facts struct facts facts = {0}, again = {0};
	own_error struct error *err = NULL;

	if (access("/usr/bin/qemu-system-x86_64", X_OK) < 0)
		skip_test("no /usr/bin/qemu-system-x86_64 (package qemu-system-x86)");
	if (!facts_qemu(&facts, "qemu-system-x86_64", place->cache, &err))
		fail_msg("%s", error_message(err, 0));
	assert_non_null(qemu_newest_q35(&facts.qemu));
	assert_true(qemu_offers(&facts.qemu, QEMU_DEVICES, "vfio-pci"));
	assert_true(qemu_offers(&facts.qemu, QEMU_DEVICES, "pcie-root-port"));
	assert_false(qemu_offers(&facts.qemu, QEMU_DEVICES, "pci-device"));
	assert_true(qemu_offers(&facts.qemu, QEMU_OBJECTS, "memory-backend-memfd"));
	assert_false(qemu_offers(&facts.qemu, QEMU_OBJECTS, "vfio-pci"));
	assert_true(qemu_offers(&facts.qemu, QEMU_OPTIONS, "name.guest"));
	assert_true(qemu_offers(&facts.qemu, QEMU_AIO, "threads"));
	assert_true(qemu_offers(&facts.qemu, QEMU_AIO, "native"));
	/* Every build has one, and all are absolute. */
	assert_int_not_equal(facts.qemu.data_dirs.n, 0);
	for (size_t i = 0; i < facts.qemu.data_dirs.n; i++) {
		assert_int_equal(*facts.qemu.data_dirs.name[i], '/');
		assert_null(strstr(facts.qemu.data_dirs.name[i], "/../"));
	}
	assert_true(facts_qemu(&again, "qemu-system-x86_64", place->cache, &err));
	assert_int_equal(again.qemu.offers[QEMU_DEVICES].n, facts.qemu.offers[QEMU_DEVICES].n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(second_start_does_not_run_it),
		in_place(replaced_binary_is_asked_again),
		in_place(exchanged_binary_is_asked_again),
		in_place(touched_binary_is_asked_again),
		in_place(new_modules_are_asked_for),
		in_place(data_directories_are_remembered),
		in_place(no_data_directories_are_no_error),
		in_place(bad_cache_is_ignored),
		in_place(foreign_cache_is_ignored),
		in_place(unwritable_cache_is_no_error),
		in_place(failure_leaves_facts_alone),
		in_place(binary_is_looked_up),
		in_place(binary_by_path),
		in_place(real_binary),
	};

	return cmocka_run_group_tests_name("host qemu", tests, NULL, NULL);
}
