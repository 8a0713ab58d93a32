/* The writer of option strings, and its way back through a parser of QEMU's rule: values end at a
 * comma that is not doubled (util/keyval.c, util/qemu-option.c).
 */
#include "scratch.h"

#include "plan/option.h"

struct pair {
	char *key; /* NULL: a word without one */
	char *value;
};

static char *take_until_comma(const char **at)
{
	struct buf value = {0};

	while (**at) {
		if (**at == ',') {
			if ((*at)[1] != ',')
				break;
			(*at)++;
		}
		buf_addc(&value, *(*at)++);
	}
	*at += **at == ',';
	return buf_steal(&value);
}

/* Takes a string apart as QEMU does; returns how many pairs there are. */
static size_t take_apart(const char *at, struct pair **pairs)
{
	size_t n = 0;

	*pairs = NULL;
	while (*at) {
		size_t len = strcspn(at, "=,");
		struct pair *pair = xappend(*pairs, n);

		if (at[len] == '=') {
			pair->key = xstrndup(at, len);
			at += len + 1;
		}
		pair->value = take_until_comma(&at);
	}
	return n;
}

static void pairs_free(struct pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	free(pairs);
}

static void shape(void **state)
{
	struct option o = option_new("virtio-blk-pci");
	own_free char *text = NULL;

	(void)state;
	option_text(&o, "id", "disk-system");
	option_number(&o, "bootindex", 1);
	option_on(&o, "read-only", true);
	option_on(&o, "menu", false);
	option_slot(&o, "addr", 2, 0);
	option_slot(&o, "addr", 0x1f, 7);
	text = option_done(&o);
	assert_string_equal(text, "virtio-blk-pci,id=disk-system,bootindex=1,read-only=on,menu=off,"
				  "addr=02.0,addr=1f.7");
}

static void without_a_first_word(void **state)
{
	struct option o = option_new(NULL), empty = option_new(NULL);
	own_free char *text = NULL, *nothing = option_done(&empty);

	(void)state;
	option_number(&o, "cpus", UINT64_MAX);
	text = option_done(&o);
	assert_string_equal(text, "cpus=18446744073709551615");
	assert_string_equal(nothing, "");
}

static void commas_are_doubled(void **state)
{
	struct option o = option_new("a,b");
	own_free char *text = NULL;

	(void)state;
	option_text(&o, "path", ",x,,y,");
	option_text(&o, "next", "1");
	text = option_done(&o);
	assert_string_equal(text, "a,,b,path=,,x,,,,y,,,next=1");
}

static void round_trip(const char *value)
{
	struct option o = option_new("driver");
	own_free char *text = NULL, *read = NULL, *driver = NULL;
	struct pair *pairs;
	size_t n;

	option_text(&o, "before", "1");
	option_text(&o, "file.filename", value);
	option_on(&o, "after", true);
	text = option_done(&o);
	n = take_apart(text, &pairs);
	assert_int_equal(n, 4);
	assert_null(pairs[0].key);
	assert_string_equal(pairs[0].value, "driver");
	assert_string_equal(pairs[2].key, "file.filename");
	assert_string_equal(pairs[2].value, value);
	read = option_read(text, "file.filename");
	assert_string_equal(read, value);
	driver = option_read(text, NULL);
	assert_string_equal(driver, "driver");
	assert_null(option_read(text, "filename"));
	assert_null(option_read("a=1,b=2", NULL));
	assert_string_equal(pairs[3].key, "after");
	assert_string_equal(pairs[3].value, "on");
	pairs_free(pairs, n);
}

static void each_byte_comes_back(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		char alone[] = {(char)c, '\0'}, twice[] = {(char)c, (char)c, '\0'};
		char inside[] = {'a', (char)c, 'b', '\0'}, last[] = {'a', (char)c, '\0'};

		round_trip(alone);
		round_trip(twice);
		round_trip(inside);
		round_trip(last);
	}
}

static void whatever_somebody_calls_a_file(void **state)
{
	(void)state;
	round_trip("");
	round_trip("/home/me/Windows 11, Gaming/c.qcow2");
	round_trip("/x,read-only=off,if=none");
	round_trip(",,,");
	round_trip("\"quoted\" 'and' \\ $HOME `id` %s");
	round_trip("\xc3\xa4\xe2\x82\xac\xff\n\t");
	round_trip("{\"driver\":\"null-co\"}");
	round_trip("json:{}");
	round_trip("=");
}

/* The other spelling, for what only it can say. */
static void json(void **state)
{
	static char one[] = "io,1", two[] = "io2";
	char *const threads[] = {one, two};
	struct option o = option_new_json("d");
	own_free char *text = NULL, *driver = NULL, *id = NULL, *none = NULL, *bad = NULL;

	(void)state;
	option_text(&o, "id", "a,\"/");
	option_number(&o, "n", 18446744073709551615U);
	option_on(&o, "on", true);
	option_slot(&o, "addr", 2, 1);
	option_list(&o, "list", "thread", threads, 2);
	text = option_done(&o);
	assert_string_equal(text, "{\"driver\":\"d\",\"id\":\"a,\\\"/\",\"n\":18446744073709551615,"
				  "\"on\":true,\"addr\":\"02.1\",\"list\":[{\"thread\":\"io,1\"},"
				  "{\"thread\":\"io2\"}]}");
	driver = option_read(text, NULL);
	id = option_read(text, "id");
	none = option_read(text, "n");
	bad = option_read("{\"driver\":", NULL);
	assert_string_equal(driver, "d");
	assert_string_equal(id, "a,\"/");
	assert_null(none);
	assert_null(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shape),
		cmocka_unit_test(without_a_first_word),
		cmocka_unit_test(commas_are_doubled),
		cmocka_unit_test(each_byte_comes_back),
		cmocka_unit_test(json),
		cmocka_unit_test(whatever_somebody_calls_a_file),
	};

	return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
