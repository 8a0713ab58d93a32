/* One parser per kind: the whole token or nothing, and a sentence that says what would be right. */
#include "value_field.h"

static const char *const WORDS[] = {"auto", "kvm", "tcg", NULL};

static void number_is(const struct key *key, const char *text, uint64_t want)
{
	struct number field = {0};
	own_free char *problem = value_parse(key, text, "/", AT, &field);

	assert_null(problem);
	assert_true(field.v == want);
	assert_int_equal(field.at.line, 3);
}

static void texts(void **state)
{
	const struct key key = {.kind = KIND_TEXT};

	(void)state;
	text_is(&key, "root=/dev/vda quiet", "root=/dev/vda quiet");
	text_is(&key, "", "");
	text_is(&key, "auto", "auto"); /* where the key has no auto it is text */
	text_is(&key, "\xff\n", "\xff\n");
}

static void automatic(void **state)
{
	const struct key text = {.kind = KIND_NAME, .flags = KEY_AUTO};
	const struct key count = {.kind = KIND_COUNT, .flags = KEY_AUTO, .min = 1, .max = 9};
	struct text name = {0};
	struct number number = {.v = 7};

	(void)state;
	assert_null(value_parse(&text, "host", "/", AT, &name));
	assert_null(value_parse(&text, "auto", "/", AT, &name));
	assert_null(name.v);
	assert_true(name.automatic);
	assert_int_equal(name.at.line, 3);
	assert_null(value_parse(&text, "max", "/", AT, &name));
	assert_false(name.automatic);
	assert_string_equal(name.v, "max");
	value_clear(KIND_NAME, &name);
	assert_null(value_parse(&count, "auto", "/", AT, &number));
	assert_true(number.automatic);
	assert_null(value_parse(&count, "5", "/", AT, &number));
	assert_false(number.automatic);
	assert_int_equal(number.v, 5);
	bad(&count, "Auto", "'Auto' is not a whole number, or auto");
}

#define NAME_WORDS                                                                       \
	"' is not a name of 1 to 48 letters, digits, '.', '_' or '-', beginning with a " \
	"letter, a digit or '_'"

static void names(void **state)
{
	const struct key key = {.kind = KIND_NAME};
	char longest[50] = "";

	(void)state;
	text_is(&key, "win11", "win11");
	text_is(&key, "_a.B-9", "_a.B-9");
	bad(&key, "", "'" NAME_WORDS);
	bad(&key, ".a", "'.a" NAME_WORDS);
	bad(&key, "-a", "'-a" NAME_WORDS);
	bad(&key, "..", "'.." NAME_WORDS);
	bad(&key, "a/b", "'a/b" NAME_WORDS);
	bad(&key, "a b", "'a b" NAME_WORDS);
	bad(&key, "a,b", "'a,b" NAME_WORDS);
	bad(&key, "\xc3\xa4", "'\xc3\xa4" NAME_WORDS);
	bad(&key, "a\n", "'a\\x0a" NAME_WORDS);
	memset(longest, 'a', 48);
	text_is(&key, longest, longest);
	longest[48] = 'a';
	bad(&key, longest, "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..." NAME_WORDS);
}

static void paths(void **state)
{
	const struct key key = {.kind = KIND_PATH};

	(void)state;
	text_is(&key, "a.img", "/dir/sub/a.img");
	text_is(&key, "./a//b.img", "/dir/sub/a/b.img");
	text_is(&key, "../a.img", "/dir/sub/../a.img");
	text_is(&key, "/x/a.img", "/x/a.img");
	text_is(&key, "~/a.img", "/dir/sub/~/a.img");
	text_is(&key, "a, \"b\" \xc3\xa4\xff\n'", "/dir/sub/a, \"b\" \xc3\xa4\xff\n'");
	bad(&key, "", "'' is not a path");
}

static void programs(void **state)
{
	const struct key key = {.kind = KIND_PROGRAM};

	(void)state;
	text_is(&key, "qemu-system-x86_64", "qemu-system-x86_64"); /* for PATH */
	text_is(&key, "./qemu", "/dir/sub/qemu");
	text_is(&key, "bin/qemu", "/dir/sub/bin/qemu");
	text_is(&key, "/opt/qemu", "/opt/qemu");
	bad(&key, "", "'' is not a program's name or path");
}

static void counts(void **state)
{
	const struct key key = {.kind = KIND_COUNT, .min = 1, .max = 512};

	(void)state;
	number_is(&key, "1", 1);
	number_is(&key, "512", 512);
	bad(&key, "0", "'0' is out of range; 1 to 512");
	bad(&key, "513", "'513' is out of range; 1 to 512");
	bad(&key, "18446744073709551617", "'18446744073709551617' is not a whole number");
	bad(&key, "-1", "'-1' is not a whole number");
	bad(&key, "4.5", "'4.5' is not a whole number");
	bad(&key, "four", "'four' is not a whole number");
	bad(&key, "0x4", "'0x4' is not a whole number");
	bad(&key, "", "'' is not a whole number");
}

static void sizes(void **state)
{
	const struct key key = {.kind = KIND_SIZE, .min = 16ULL << 20, .max = 16ULL << 40};

	(void)state;
	number_is(&key, "16G", 16ULL << 30);
	number_is(&key, "16g", 16ULL << 30);
	number_is(&key, "512M", 512ULL << 20);
	number_is(&key, "16384K", 16ULL << 20); /* the least */
	number_is(&key, "16T", 16ULL << 40);	/* the most */
	bad(&key, "16383K", "'16383K' is out of range; 16M to 16T");
	bad(&key, "16385G", "'16385G' is out of range; 16M to 16T");
	bad(&key, "17T", "'17T' is out of range; 16M to 16T");
	bad(&key, "0G", "'0G' is out of range; 16M to 16T");
	bad(&key, "18446744073709551615T", "'18446744073709551615T' is out of range; 16M to 16T");
	bad(&key, "16777216G",
	    "'16777216G' is out of range; 16M to 16T"); /* 2^54: wraps in 64 bits */
	bad(&key, "17179869185G", "'17179869185G' is out of range; 16M to 16T");
	bad(&key, "16", "'16' has no unit; write 16M or 16G");
#define SIZE_WORDS "' is not a size: a whole number with K, M, G or T, such as 16G"
	bad(&key, "", "'" SIZE_WORDS);
	bad(&key, "G", "'G" SIZE_WORDS);
	bad(&key, "16GB", "'16GB" SIZE_WORDS);
	bad(&key, "16 G", "'16 G" SIZE_WORDS);
	bad(&key, "1.5G", "'1.5G" SIZE_WORDS);
	bad(&key, "-1G", "'-1G" SIZE_WORDS);
	bad(&key, "16P", "'16P" SIZE_WORDS);
}

static void durations(void **state)
{
	const struct key key = {.kind = KIND_DURATION, .min = 1000, .max = 3600000};

	(void)state;
	number_is(&key, "30s", 30000);
	number_is(&key, "30", 30000);
	number_is(&key, "3m", 180000);
	number_is(&key, "1s", 1000);
	number_is(&key, "60m", 3600000);
	bad(&key, "0s", "'0s' is out of range; 1s to 3600s");
	bad(&key, "61m", "'61m' is out of range; 1s to 3600s");
	bad(&key, "3601", "'3601' is out of range; 1s to 3600s");
	bad(&key, "18446744073709551615m", "'18446744073709551615m' is out of range; 1s to 3600s");
#define TIME_WORDS "' is not a time in seconds or minutes, such as 30s or 3m"
	bad(&key, "", "'" TIME_WORDS);
	bad(&key, "s", "'s" TIME_WORDS);
	bad(&key, "30ms", "'30ms" TIME_WORDS);
	bad(&key, "1h", "'1h" TIME_WORDS);
	bad(&key, "1.5s", "'1.5s" TIME_WORDS);
}

static void flags(void **state)
{
	const struct key key = {.kind = KIND_FLAG};
	static const char *const wrong[] = {"", "true", "on", "1", "Yes", "NO", "y", "yes ", "off"};
	struct flag field = {0};

	(void)state;
	assert_null(value_parse(&key, "yes", "/", AT, &field));
	assert_true(field.v);
	assert_int_equal(field.at.line, 3);
	assert_null(value_parse(&key, "no", "/", AT, &field));
	assert_false(field.v);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		own_free char *want = xasprintf("'%s' is not yes or no", wrong[i]);

		bad(&key, wrong[i], want);
	}
}

static void choices(void **state)
{
	const struct key key = {.kind = KIND_CHOICE, .choice = WORDS};
	struct choice field = {0};

	(void)state;
	for (int i = 0; WORDS[i]; i++) {
		assert_null(value_parse(&key, WORDS[i], "/", AT, &field));
		assert_int_equal(field.v, i);
	}
	assert_int_equal(field.at.line, 3);
	bad(&key, "kmv", "'kmv' is none of auto | kvm | tcg; did you mean kvm?");
	bad(&key, "xen", "'xen' is none of auto | kvm | tcg");
	bad(&key, "", "'' is none of auto | kvm | tcg");
	bad(&key, "KVM", "'KVM' is none of auto | kvm | tcg; did you mean kvm?");
}

static void targets(void **state)
{
	const struct key key = {.kind = KIND_TARGET};
	struct target field = {0};

	(void)state;
	assert_null(value_parse(&key, "log/a,b", "/dir", AT, &field));
	assert_int_equal(field.kind, TARGET_FILE);
	assert_string_equal(field.path, "/dir/log/a,b");
	assert_null(value_parse(&key, "/x", "/dir", AT, &field));
	assert_string_equal(field.path, "/x");
	assert_null(value_parse(&key, "./none", "/dir", AT, &field)); /* a file of that name */
	assert_string_equal(field.path, "/dir/none");
	assert_null(value_parse(&key, "terminal", "/dir", AT, &field));
	assert_int_equal(field.kind, TARGET_TERMINAL);
	assert_null(field.path);
	assert_null(value_parse(&key, "none", "/dir", AT, &field));
	assert_int_equal(field.kind, TARGET_NONE);
	assert_null(value_parse(&key, "socket", "/dir", AT, &field));
	assert_int_equal(field.kind, TARGET_SOCKET);
	assert_null(field.path);
	assert_int_equal(field.at.line, 3);
	bad(&key, "", "'' is not terminal, socket, none or a file");
}

static void lists_append(void **state)
{
	const struct key key = {.kind = KIND_STRINGS};
	struct strings field = {0};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		own_free char *text = xasprintf("-arg%u", i);

		assert_null(value_parse(&key, text, "/", (struct origin){ORIGIN_FILE, i + 1, 7},
					&field));
	}
	assert_int_equal(field.n, 5);
	assert_string_equal(field.v[0], "-arg0");
	assert_string_equal(field.v[4], "-arg4");
	assert_int_equal(field.at[0].line, 1);
	assert_int_equal(field.at[4].line, 5);
	value_clear(KIND_STRINGS, &field);
	assert_int_equal(field.n, 0);
}

static void an_order_replaces(void **state)
{
	const struct key key = {.kind = KIND_ORDER, .flags = KEY_AUTO};
	static const char *const want[] = {"disk/a", "disk", "network/c"};
	struct boot_order field = {0};

	(void)state;
	assert_null(value_parse(&key, " disk/a\tdisk, network/c ,", "/", AT, &field));
	assert_int_equal(field.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < field.n; i++) {
		own_free char *found = boot_device_text(&field.v[i]);

		assert_string_equal(found, want[i]);
		assert_int_equal(field.v[i].kind, i == 2 ? BOOT_NETWORK : BOOT_DISK);
	}
	assert_int_equal(field.at.column, 4);
	assert_null(value_parse(&key, "disk/z", "/", AT, &field));
	assert_int_equal(field.n, 1);
	assert_null(value_parse(&key, "auto", "/", AT, &field));
	assert_int_equal(field.n, 0);
	bad(&key, "disk/a floppy/b",
	    "'floppy/b' is none of disk/NAME, network/NAME, pci/NAME and usb/NAME");
	bad(&key, "disks/a", "'disks/a' is none of disk/NAME, network/NAME, pci/NAME and usb/NAME");
}

static void an_order_has_an_end(void **state)
{
	const struct key key = {.kind = KIND_ORDER};
	own_buf struct buf words = {0};

	(void)state;
	for (unsigned i = 0; i <= BOOT_KINDS * ITEMS_LIMIT; i++)
		buf_addf(&words, "disk/%u ", i);
	bad(&key, words.data, "more than 256 names");
}

static void features_of_processors(void **state)
{
	const struct key key = {.kind = KIND_FLAGS};
	struct cpu_flags field = {0};

	(void)state;
	assert_null(value_parse(&key, "+invtsc, -vmx", "/", AT, &field));
	assert_int_equal(field.n, 2);
	assert_string_equal(field.v[0].name, "invtsc");
	assert_true(field.v[0].is_on);
	assert_string_equal(field.v[1].name, "vmx");
	assert_false(field.v[1].is_on);
	assert_null(value_parse(&key, "-svm", "/", AT, &field));
	assert_int_equal(field.n, 1);
	value_clear(KIND_FLAGS, &field);
	assert_int_equal(field.n, 0);
}

static void environment(void **state)
{
	const struct key key = {.kind = KIND_ENV};
	struct strings field = {0};
	static const char *const wrong[] = {"", "A", "=x", "1A=x", "A B=x", "A-B=x", "\xc3\xa4=x"};

	(void)state;
	assert_null(value_parse(&key, "_A1=b=c d", "/", AT, &field));
	assert_null(value_parse(&key, "EMPTY=", "/", AT, &field));
	assert_int_equal(field.n, 2);
	assert_string_equal(field.v[0], "_A1=b=c d");
	value_clear(KIND_ENV, &field);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		own_free char *want = xasprintf(
			"'%s' is not an environment variable such as NAME=value", wrong[i]);

		bad(&key, wrong[i], want);
	}
}

static void each_kind_has_words(void **state)
{
	union field field;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		assert_non_null(kind_words((enum kind)kind));
		memset(&field, 0, sizeof(field));
		value_clear((enum kind)kind, &field); /* of an empty field */
	}
	assert_true(kind_is_list(KIND_STRINGS));
	assert_true(kind_is_list(KIND_ENV));
	assert_false(kind_is_list(KIND_ORDER));
	assert_false(kind_is_list(KIND_TEXT));
}

/* What stands in the profile, and what forward_text() makes of what was understood. */
static void forward_is(const char *text, const char *want)
{
	const struct key key = {.kind = KIND_FORWARDS};
	struct forwards field = {0};
	own_free char *problem = value_parse(&key, text, "/", AT, &field), *said = NULL;

	assert_null(problem);
	assert_int_equal(field.n, 1);
	assert_int_equal(field.v[0].at.line, 3);
	said = forward_text(&field.v[0]);
	assert_string_equal(said, want);
	value_clear(KIND_FORWARDS, &field);
	assert_null(field.v);
}

#define FORWARD_WORDS                                                             \
	"' is not none, or a protocol and a port such as tcp 3389, tcp 2222-22, " \
	"udp 5000..5009 or tcp 192.168.1.2:3389-3389"
#define NO_PORT "': a port is a number from 1 to 65535"
#define NO_ADDRESS "': before the port stands an IPv4 address of this host, or nothing"

static void forwards(void **state)
{
	const struct key key = {.kind = KIND_FORWARDS};

	(void)state;
	forward_is("tcp 3389", "tcp 127.0.0.1:3389-3389");
	forward_is("tcp 127.0.0.1:3389-3389", "tcp 127.0.0.1:3389-3389");
	forward_is("tcp 127.1.2.3:1", "tcp 127.1.2.3:1-1");
	forward_is("udp  2222-22", "udp 127.0.0.1:2222-22");
	forward_is("tcp 0.0.0.0:65535-65535", "tcp 0.0.0.0:65535-65535");
	forward_is("udp 5000..5009", "udp 127.0.0.1:5000..5009-5000..5009");
	forward_is("tcp 5000..5009-80", "tcp 127.0.0.1:5000..5009-80..89");
	forward_is("tcp 5000..5009-80..89", "tcp 127.0.0.1:5000..5009-80..89");
	forward_is("tcp 1000..1255", "tcp 127.0.0.1:1000..1255-1000..1255");
	bad(&key, "", "'" FORWARD_WORDS);
	bad(&key, "3389", "'3389" FORWARD_WORDS);
	bad(&key, "tcp", "'tcp" FORWARD_WORDS);
	bad(&key, "tcp ", "'tcp " FORWARD_WORDS);
	bad(&key, "TCP 3389", "'TCP 3389" FORWARD_WORDS);
	bad(&key, "sctp 3389", "'sctp 3389" FORWARD_WORDS);
	bad(&key, "tcp 3389-", "'tcp 3389-" FORWARD_WORDS);
	bad(&key, "tcp -3389", "'tcp -3389" FORWARD_WORDS);
	bad(&key, "tcp 1..", "'tcp 1.." FORWARD_WORDS);
	bad(&key, "tcp 1...3", "'tcp 1...3" FORWARD_WORDS);
	bad(&key, "tcp 3389 ", "'tcp 3389 " FORWARD_WORDS);
	bad(&key, "tcp 3389,hostfwd=tcp:1", "'tcp 3389,hostfwd=tcp:1" NO_ADDRESS);
	bad(&key, "tcp 3389-3389-1", "'tcp 3389-3389-1" FORWARD_WORDS);
	bad(&key, "tcp 0", "'tcp 0" NO_PORT);
	bad(&key, "tcp 65536", "'tcp 65536" NO_PORT);
	bad(&key, "tcp 80-0", "'tcp 80-0" NO_PORT);
	bad(&key, "tcp 80..81-65535", "'tcp 80..81-65535" NO_PORT);
	bad(&key, "tcp 18446744073709551615..2-1", "'tcp 18446744073709551615..2-1" NO_PORT);
	bad(&key, "tcp 81..80", "'tcp 81..80': a range begins with its lower port");
	bad(&key, "tcp 1000..1256", "'tcp 1000..1256': a range has no more than 256 ports");
	bad(&key, "tcp 80..81-80..82",
	    "'tcp 80..81-80..82': the host's ports and the guest's are not as many");
	bad(&key, "tcp :80", "'tcp :80" NO_ADDRESS);
	bad(&key, "tcp ::1:80", "'tcp ::1:80" NO_ADDRESS);
	bad(&key, "tcp localhost:80", "'tcp localhost:80" NO_ADDRESS);
	bad(&key, "tcp 127.0.0.1:80:80", "'tcp 127.0.0.1:80:80" NO_ADDRESS);
}

static void forwards_add_up(void **state)
{
	const struct key key = {.kind = KIND_FORWARDS};
	struct forwards field = {0};

	(void)state;
	assert_null(value_parse(&key, "tcp 1", "/", AT, &field));
	assert_null(value_parse(&key, "tcp 2", "/", AT, &field));
	assert_int_equal(field.n, 2);
	assert_int_equal(field.v[1].host, 2);
	assert_null(value_parse(&key, "none", "/", AT, &field));
	assert_int_equal(field.n, 0);
	assert_null(value_parse(&key, "udp 3", "/", AT, &field));
	assert_int_equal(field.n, 1);
	assert_int_equal(field.v[0].protocol, FORWARD_UDP);
	value_clear(KIND_FORWARDS, &field);
	assert_true(kind_is_list(KIND_FORWARDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(automatic),
		cmocka_unit_test(names),
		cmocka_unit_test(paths),
		cmocka_unit_test(programs),
		cmocka_unit_test(counts),
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(flags),
		cmocka_unit_test(choices),
		cmocka_unit_test(targets),
		cmocka_unit_test(lists_append),
		cmocka_unit_test(an_order_replaces),
		cmocka_unit_test(an_order_has_an_end),
		cmocka_unit_test(features_of_processors),
		cmocka_unit_test(environment),
		cmocka_unit_test(each_kind_has_words),
		cmocka_unit_test(forwards),
		cmocka_unit_test(forwards_add_up),
	};

	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
