/* A place with a made-up QEMU binary in it: a shell script that writes down its runs and answers
 * from a can.
 */
#ifndef TESTS_HOST_PLACE_H
#define TESTS_HOST_PLACE_H

#include "made_dir.h"

#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

#define GREETING                                                    \
	"printf '{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1," \
	" \"minor\": 2, \"major\": 9}, \"package\": \"\"}, \"capabilities\": []}}\\r\\n'\n"

/* Speaks well. An event comes between, and answers come out of order. */
#define CANNED_OBJECTS                                                         \
	"echo '{\"return\": [{\"name\": \"monitor-qmp\", \"parent\": \"x\"}]," \
	" \"id\": \"objects\"}';;\n"
#define CANNED_TYPES                                                                       \
	"echo '{\"event\": \"X\", \"data\": {}}'\n"                                        \
	"echo '{\"return\": [{\"name\": \"virtio-gpu\", \"parent\": \"x\"},"               \
	" {\"name\": \"ivshmem-plain\"}], \"id\": \"devices\"}'\n"                         \
	"echo '{\"return\": [{\"name\": \"pc-q35-9.2\", \"deprecated\": false},"           \
	" {\"name\": \"pc-q35-10.0\"}, {\"name\": \"none\"}, {\"name\": \"pc-q35-4.0.1\"," \
	" \"deprecated\": true}, {\"name\": \"pc-q35-rhel99.9.0\"},"                       \
	" {\"name\": \"pc-i440fx-11.0\"}], \"id\": \"machines\"}';;\n"
#define CANNED_OPTIONS                                                             \
	"echo '{\"return\": [{\"option\": \"spice\", \"parameters\": []},"         \
	" {\"option\": \"name\", \"parameters\": [{\"name\": \"guest\"},"          \
	" {\"name\": \"debug-threads\", \"help\": \"on(deprecated, always)\"}]}]," \
	" \"id\": \"options\"}';;\n"
#define CANNED_SCHEMA                                                      \
	"echo '{\"return\": [{\"name\": \"1\", \"meta-type\": \"object\"," \
	" \"members\": [{\"name\": \"native\", \"type\": \"2\"}]},"        \
	" {\"name\": \"2\", \"meta-type\": \"enum\", \"members\":"         \
	" [{\"name\": \"threads\"}, {\"name\": \"native\"}]}], \"id\": \"schema\"}';;\n"
#define CANNED_BLK                                                                    \
	"echo '{\"return\": [{\"name\": \"iothread\", \"type\": \"link<iothread>\"}," \
	" {\"name\": \"iothread-vq-mapping\"}], \"id\": \"blk\"}';;\n"
/* A build without it. */
#define CANNED_SCSI                                                           \
	"echo '{\"id\": \"scsi\", \"error\": {\"class\": \"DeviceNotFound\"," \
	" \"desc\": \"no such device\"}}';;\n"
/* As the path of the binary makes them ("/usr/bin/../share/qemu"). */
#define CANNED_DATA_DIRS                                                        \
	"case $* in *'-L help'*) dir=${0%/*}; echo \"$dir/../share/qemu\"\n"    \
	"echo \"$dir/.././lib//ipxe/../ipxe/qemu\"; echo /usr/share/seabios/\n" \
	"echo 'share/none'; exit 0;; esac\n"
#define CANNED_UNTIL_QUIT(end)                                                                \
	CANNED_DATA_DIRS GREETING                                                             \
		"while read -r line; do case $line in\n"                                      \
		"*qmp_capabilities*) echo '{\"return\": {}}';;\n"                             \
		"*query-machines*) :;;\n"                                                     \
		"*user-creatable*) " CANNED_OBJECTS "*qom-list-types*) " CANNED_TYPES         \
		"*query-command-line-options*) " CANNED_OPTIONS                               \
		"*query-qmp-schema*) " CANNED_SCHEMA "*virtio-blk-pci*) " CANNED_BLK          \
		"*virtio-scsi-pci*) " CANNED_SCSI                                             \
		"*query-version*) echo '{\"return\": {\"qemu\": {\"micro\": 1, \"minor\": 2," \
		" \"major\": 9}, \"package\": \"Test 9.2\"}, \"id\": \"version\"}';;\n"       \
		"*quit*) " end ";;\n"                                                         \
		"esac; done\n"
#define CANNED CANNED_UNTIL_QUIT("exit 0")

struct place {
	char *dir, *binary, *cache, *runs;
};

static inline int place_make(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));

	place->dir = made_dir_make();
	place->binary = xasprintf("%s/bin/qemu", place->dir);
	place->cache = xasprintf("%s/a cache/vmlaunch", place->dir);
	place->runs = xasprintf("%s/runs", place->dir);
	*state = place;
	return 0;
}

static inline int place_remove(void **state)
{
	struct place *place = *state;

	made_dir_remove(place->dir);
	free(place->binary);
	free(place->cache);
	free(place->runs);
	free(place);
	return 0;
}

/* Makes the binary: a script that notes its run and its arguments, then does what body says. */
static inline void install(struct place *place, const char *body)
{
	own_free char *text = xasprintf("#!/bin/sh\necho \"$*\" >>'%s'\n%s", place->runs, body);
	own_free char *dir = path_dir(place->binary);
	struct error *err = NULL;

	assert_true(dir_make(dir, 0755, &err));
	assert_true(file_write(place->binary, text, strlen(text), 0755, VOLATILE, &err));
}

/* How often it was asked over QMP. */
static inline size_t runs(struct place *place)
{
	own_free char *text = file_read(place->runs, 1 << 16, NULL);
	size_t n = 0;

	for (const char *at = text; at && (at = strstr(at, "-qmp")); at++)
		n++;
	return n;
}

static inline int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#define in_place(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)

#endif
