/* Which commands are asked about first, and which --read-only lets through. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/own.h"
#include "commands/session.h"

/* '!' asked about, '.' only looks, '-' neither. */
static char judge(const char *command, const char *arguments)
{
	own_json json_object *given = arguments ? json_tokener_parse(arguments) : NULL;
	own_error struct error *err = NULL;
	struct session session = {.read_only = true};
	bool looks = session_may(&session, command, given, &err);

	if (session_danger(command, given)) {
		assert_false(looks);
		return '!';
	}
	return looks ? '.' : '-';
}

static void test_names(void **state)
{
	static const struct {
		const char *names[16];
		char is;
	} rows[] = {
		{{"quit", "system_reset", "device_del", "blockdev-del", "object-del", "netdev_del",
		  "eject", "inject-nmi", "snapshot-load", "snapshot-delete", "block-commit",
		  "drive-mirror", "block_resize", "migrate", "blockdev-open-tray"},
		 '!'},
		{{"query-status", "query-yank", "x-query-irq", "qom-get", "qom-list",
		  "device-list-properties", "guest-get-osinfo", "guest-network-get-interfaces",
		  "guest-exec-status", "guest-ping", "qom-list-get"},
		 '.'},
		{{"cont", "stop", "device_add", "set_password", "client_migrate_info",
		  "migrate-set-parameters", "guest-exec", "getfd", "of-tomorrow"},
		 '-'},
		/* What a release of tomorrow may bring. */
		{{"block-tape-delete", "x-machine-reset"}, '!'},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t j = 0; j < 16 && rows[i].names[j]; j++)
			if (judge(rows[i].names[j], NULL) != rows[i].is)
				fail_msg("%s: %c", rows[i].names[j], judge(rows[i].names[j], NULL));
}

static void test_hmp(void **state)
{
	static const char *const rows[][2] = {
		{"q", "!"},	      {" quit", "!"},	{"device_del x", "!"},	{"nmi", "!"},
		{"o /b 0x80 1", "!"}, {"delvm a", "!"}, {"change ide0 x", "!"}, {"info pci", "."},
		{"info", "."},	      {"help", "."},	{"stop", "-"},		{"infos", "-"},
		{"o/b 0x80 1", "!"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		own_free char *arguments = xasprintf("{\"command-line\":\"%s\"}", rows[i][0]);

		if (judge("human-monitor-command", arguments) != *rows[i][1])
			fail_msg("%s", rows[i][0]);
	}
}

static void test_transactions(void **state)
{
	(void)state;
	assert_int_equal(judge("transaction",
			       "{\"actions\":[{\"type\":\"blockdev-snapshot\",\"data\":{}}]}"),
			 '-');
	assert_int_equal(judge("transaction", "{\"actions\":[{\"type\":\"abort\",\"data\":{}},"
					      "{\"type\":\"block-dirty-bitmap-clear\"}]}"),
			 '!');
	assert_int_equal(judge("transaction", "{\"actions\":[7,[],{\"type\":3}]}"), '-');
	assert_int_equal(judge("transaction", "{\"actions\":{}}"), '-');
}

/* A file that is not there is not written over; where a relative name leads is not known. */
static void test_writers(void **state)
{
	char name[] = "/tmp/vmlaunch-test.XXXXXX";
	int fd = mkstemp(name);
	own_free char *arguments = xasprintf("{\"filename\":\"%s\"}", name);
	own_free char *protocol = xasprintf("{\"protocol\":\"file:%s\"}", name);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(judge("screendump", arguments), '!');
	assert_int_equal(judge("dump-guest-memory", protocol), '!');
	assert_int_equal(unlink(name), 0);
	assert_int_equal(judge("screendump", arguments), '-');
	assert_int_equal(judge("dump-guest-memory", protocol), '-');
	assert_int_equal(judge("screendump", "{\"filename\":\"x.ppm\"}"), '!');
	assert_int_equal(judge("pmemsave", NULL), '!');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_hmp),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
