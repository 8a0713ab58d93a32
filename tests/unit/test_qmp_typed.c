/* Words that the schema types, lines taken apart, and what is printed of answers. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/own.h"
#include "qmp/format.h"
#include "qmp/line.h"
#include "qmp/schema.h"
#include "qmp/typed.h"

/* One entry on each line, with the shapes that QEMU's own has. */
static const char SCHEMA[] =
	"{\"name\":\"resize\",\"meta-type\":\"command\",\"arg-type\":\"1\",\"ret-type\":\"0\"}\n"
	"{\"name\":\"1\",\"meta-type\":\"object\",\"members\":[{\"name\":\"node\",\"type\":\"str\"},"
	"{\"name\":\"size\",\"type\":\"int\"},{\"name\":\"force\",\"default\":null,\"type\":\"bool\"},"
	"{\"name\":\"rate\",\"default\":null,\"type\":\"number\"},"
	"{\"name\":\"more\",\"default\":null,\"type\":\"any\"}]}\n"
	"{\"name\":\"add\",\"meta-type\":\"command\",\"arg-type\":\"2\",\"ret-type\":\"0\",\"allow-oob\":true}\n"
	"{\"name\":\"2\",\"meta-type\":\"object\",\"tag\":\"driver\",\"members\":[{\"name\":\"driver\",\"type\":\"3\"}],"
	"\"variants\":[{\"case\":\"file\",\"type\":\"4\"},{\"case\":\"qcow2\",\"type\":\"5\"}]}\n"
	"{\"name\":\"3\",\"meta-type\":\"enum\",\"members\":[{\"name\":\"file\"},{\"name\":\"qcow2\",\"features\":[\"unstable\"]},"
	"{\"name\":\"null-co\"}]}\n"
	"{\"name\":\"4\",\"meta-type\":\"object\",\"members\":[{\"name\":\"filename\",\"type\":\"str\"}]}\n"
	"{\"name\":\"5\",\"meta-type\":\"object\",\"members\":[{\"name\":\"file\",\"type\":\"6\"},"
	"{\"name\":\"backing\",\"default\":null,\"type\":\"7\"},{\"name\":\"keys\",\"default\":null,\"type\":\"[3]\"}]}\n"
	"{\"name\":\"6\",\"meta-type\":\"alternate\",\"members\":[{\"type\":\"2\"},{\"type\":\"str\"}]}\n"
	"{\"name\":\"7\",\"meta-type\":\"alternate\",\"members\":[{\"type\":\"2\"},{\"type\":\"str\"},{\"type\":\"null\"}]}\n"
	"{\"name\":\"[3]\",\"meta-type\":\"array\",\"element-type\":\"3\"}\n"
	"{\"name\":\"device_add\",\"meta-type\":\"command\",\"arg-type\":\"8\",\"ret-type\":\"0\"}\n"
	"{\"name\":\"8\",\"meta-type\":\"object\",\"members\":[{\"name\":\"driver\",\"type\":\"str\"},"
	"{\"name\":\"id\",\"default\":null,\"type\":\"str\"}]}\n"
	"{\"name\":\"GONE\",\"meta-type\":\"event\",\"arg-type\":\"1\"}\n"
	"{\"name\":\"str\",\"meta-type\":\"builtin\",\"json-type\":\"string\"}\n"
	"{\"name\":\"int\",\"meta-type\":\"builtin\",\"json-type\":\"int\"}\n"
	"{\"name\":\"bool\",\"meta-type\":\"builtin\",\"json-type\":\"boolean\"}\n"
	"{\"name\":\"number\",\"meta-type\":\"builtin\",\"json-type\":\"number\"}\n"
	"{\"name\":\"any\",\"meta-type\":\"builtin\",\"json-type\":\"value\"}\n"
	"{\"name\":\"null\",\"meta-type\":\"builtin\",\"json-type\":\"null\"}\n"
	"{\"name\":7}\n[]\nnonsense\n{\"name\":\"odd\",\"meta-type\":\"of tomorrow\"}\n";

static const char PROPERTIES[] =
	"[{\"name\":\"addr\",\"type\":\"int32\",\"description\":\"Slot and optional function number\"},"
	"{\"name\":\"port\",\"type\":\"str\"},{\"name\":\"vectors\",\"type\":\"uint32\"},"
	"{\"name\":\"write-cache\",\"type\":\"OnOffAuto\"},{\"name\":\"rombar\",\"type\":\"bool\"}]";

static struct schema *schema(void)
{
	struct schema *made = schema_from_lines(SCHEMA, sizeof(SCHEMA) - 1);

	assert_non_null(made);
	return made;
}

/* Types a line's words; the JSON, or the fault with its word. */
static char *typed(const char *text, bool properties)
{
	own_schema struct schema *known = schema();
	own_qmp_line struct qmp_line line = {0};
	own_qmp_fault struct qmp_fault fault = {0};
	own_free char **words = NULL;
	own_json json_object *got = NULL, *more = NULL;
	struct typing typing = {known, NULL};

	if (properties)
		typing.properties = more = json_tokener_parse(PROPERTIES);
	qmp_split(text, &line);
	assert_null(line.open);
	words = qmp_line_words(&line);
	got = qmp_typed_arguments(&typing, schema_command(known, line.word[0].text), words,
				  line.words - 1, &fault);
	return got ? xstrdup(json_object_to_json_string_ext(
			     got, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE))
		   : xasprintf("%zu%s: %s", fault.word, fault.value ? "=" : "", fault.text);
}

static void check(const char *text, const char *want)
{
	own_free char *got = typed(text, true);

	assert_string_equal(got, want);
}

static void test_scalars(void **state)
{
	(void)state;
	check("resize node=7 size=80G", "{\"node\":\"7\",\"size\":85899345920}");
	check("resize node=\"\" size=-0x10 force=on",
	      "{\"node\":\"\",\"size\":-16,\"force\":true}");
	check("resize size=18446744073709551615 node=true force=no",
	      "{\"size\":18446744073709551615,\"node\":\"true\",\"force\":false}");
	check("resize size=-9223372036854775808 node='\"a b\"' rate=1.5 more=[1]",
	      "{\"size\":-9223372036854775808,\"node\":\"a b\",\"rate\":1.5,\"more\":[1]}");
	check("resize node=x size=1KiB more.a=3 more.b.0=y",
	      "{\"node\":\"x\",\"size\":1024,\"more\":{\"a\":3,\"b\":[\"y\"]}}");
}

static void test_faults(void **state)
{
	(void)state;
	check("resize node=x size=1Q", "1=: size wants integer such as 512 or 80G, not \"1Q\"");
	check("resize node=x size=16E", "1=: size wants integer such as 512 or 80G, not \"16E\"");
	check("resize node=x size=-9223372036854775809",
	      "1=: size wants integer such as 512 or 80G, not \"-9223372036854775809\"");
	check("resize node=x size=", "1=: size wants integer such as 512 or 80G, not \"\"");
	check("resize node=x", "1: resize needs size=integer");
	check("resize nod=x size=1", "0: resize has no nod; did you mean node?");
	check("resize node=x size=1 zzzzz=1",
	      "2: resize has no zzzzz; it takes node, size, force, rate, more");
	check("resize node=x size=1 force=maybe", "2=: force wants on | off, not \"maybe\"");
	check("resize node.a=x size=1", "0: node is string, and has no members of its own");
	check("resize node=x size=1 rate=fast", "2=: rate wants number, not \"fast\"");
	check("resize node=x node=y", "1: \"node=y\": the same key as in \"node=x\"");
}

static void test_unions(void **state)
{
	(void)state;
	check("add driver=qcow2 file=n0 backing=null keys.0=file keys.1=qcow2",
	      "{\"driver\":\"qcow2\",\"file\":\"n0\",\"backing\":null,\"keys\":[\"file\",\"qcow2\"]}");
	check("add file.driver=file file.filename=/x driver=qcow2",
	      "{\"file\":{\"driver\":\"file\",\"filename\":\"/x\"},\"driver\":\"qcow2\"}");
	check("add driver=qcow2 file={\"driver\":\"null-co\"} keys=[\"file\"]",
	      "{\"driver\":\"qcow2\",\"file\":{\"driver\":\"null-co\"},\"keys\":[\"file\"]}");
	check("add driver=null-co", "{\"driver\":\"null-co\"}");
	check("add driver=qcow3", "0=: driver is never \"qcow3\"; did you mean qcow2?");
	check("add driver=file file=x", "1: add has no file; it takes driver, filename");
	check("add driver=qcow2 file.driver=file file.filenam=x",
	      "2: file has no filenam; did you mean filename?");
	check("add driver=qcow2 file.driver=file", "2: file needs filename=string");
	check("add driver=qcow2 file=x keys=1",
	      "2=: keys is a list: give it as keys.0=..., or as JSON");
	check("add driver=qcow2 file=x keys=[1,]", "2=: keys: no good JSON at byte 4");
}

static void test_properties(void **state)
{
	own_free char *unknown = typed("device_add driver=x port=3 addr=8 a.b=1", false);

	(void)state;
	check("device_add driver=x addr=8 port=3 vectors=2 write-cache=on rombar=off",
	      "{\"driver\":\"x\",\"addr\":\"8\",\"port\":\"3\",\"vectors\":2,\"write-cache\":\"on\",\"rombar\":false}");
	check("device_add driver=x addr=0.0", "{\"driver\":\"x\",\"addr\":\"0.0\"}");
	check("device_add driver=x prot=1", "1: device_add has no prot; did you mean port?");
	assert_string_equal(unknown,
			    "{\"driver\":\"x\",\"port\":3,\"addr\":\"8\",\"a\":{\"b\":1}}");
}

static void test_schema(void **state)
{
	own_schema struct schema *known = schema();
	own_json json_object *none =
		json_tokener_parse("[{\"name\":\"x\",\"meta-type\":\"enum\"}]");
	own_free char *words = schema_words(known, "[3]");
	own_free char *either = schema_words(known, "7");
	own_free const char **names = NULL;
	size_t n;

	(void)state;
	assert_string_equal(words, "list of file | qcow2 | null-co");
	assert_string_equal(either, "object or string or null");
	names = schema_names(known, SCHEMA_COMMAND, &n);
	assert_int_equal(n, 3);
	assert_string_equal(names[0], "add");
	assert_true(schema_command(known, "add")->oob);
	assert_true(schema_find(known, "3")->member[1].unstable);
	assert_null(schema_command(known, "GONE"));
	assert_null(schema_find(known, "odd"));
	assert_null(schema_from_answer(none));
	assert_null(schema_from_answer(NULL));
}

static void test_lines(void **state)
{
	own_qmp_line struct qmp_line line = {0};
	static const char text[] = " add  a='x y' b=\"q\\\"\\\\\" c={\"k\": [1, \"} \"]} d={oops e";

	(void)state;
	qmp_split(text, &line);
	assert_int_equal(line.words, 6);
	assert_string_equal(line.word[1].text, "a=x y");
	assert_int_equal(line.word[1].at, 6);
	assert_int_equal(line.word[1].value_at, 8);
	assert_string_equal(line.word[2].text, "b=q\"\\");
	assert_string_equal(line.word[3].text, "c={\"k\": [1, \"} \"]}");
	assert_string_equal(line.word[4].text, "d={oops");
	assert_null(line.open);
	qmp_line_free(&line);
	qmp_split("add a={\"x\": ", &line);
	assert_string_equal(line.open, "JSON that does not end");
	assert_int_equal(line.open_at, 6);
	qmp_line_free(&line);
	qmp_split("add a='", &line);
	assert_string_equal(line.open, "a quote that is not closed");
}

static json_object *read_json(const char *text)
{
	json_object *value;

	assert_true(json_read(text, strlen(text), 16, &value, NULL));
	return value;
}

/* C1, DEL and what turns the direction of writing, in values and in names. */
static void test_unsafe(void **state)
{
	own_json json_object *value =
		read_json("{\"a\xc2\x9b\":\"\xc2\x9b[2J\x7f\xe2\x80\xae\xc3\xa4\\u001b\"}");
	own_free char *line = qmp_json_line(value), *pretty = qmp_json_pretty(value);
	own_free char *screen = qmp_screen("one\r\n\x1b[2Jtwo\xc2\x9b\n\nlast");
	own_json json_object *again = read_json(line);

	(void)state;
	assert_string_equal(line, "{\"a\\u009b\":\"\\u009b[2J\\u007f\\u202e\xc3\xa4\\u001b\"}");
	assert_true(json_object_equal(again, value));
	assert_non_null(strstr(pretty, "\\u009b[2J"));
	assert_string_equal(screen, "one\n\\x1b[2Jtwo\\xc2\\x9b\n\nlast\n");
}

static void test_table(void **state)
{
	own_json json_object *alike = read_json(
		"[{\"id\":1,\"name\":\"cpu\"},{\"id\":22,\"name\":\"\xc3\xa4\",\"more\":true}]");
	own_json json_object *deep = read_json("[{\"a\":{}},{\"a\":{}}]");
	own_json json_object *one = read_json("[{\"a\":1}]");
	own_free char *table = qmp_table(alike, 80);

	(void)state;
	assert_string_equal(table, "id  name  more\n1   cpu   -\n22  \xc3\xa4     true\n");
	assert_null(qmp_table(alike, 7));
	assert_null(qmp_table(deep, 0));
	assert_null(qmp_table(one, 80));
	assert_null(qmp_table(NULL, 80));
}

/* As query-cpus-fast answers, and by how much a table of it may differ with the screen. */
static void test_nested_table(void **state)
{
	own_json json_object *cpus = read_json(
		"[{\"thread-id\":10,\"props\":{\"core-id\":0,\"socket-id\":0},\"path\":\"/cpu[0]\",\"list\":[1,2]},"
		"{\"thread-id\":11,\"props\":{\"core-id\":1,\"socket-id\":0},\"path\":\"/cpu[1]\",\"list\":[1,2]}]");
	own_json json_object *unlike = read_json("[{\"a\":1,\"b\":1,\"c\":1},{\"d\":2},{\"e\":3}]");
	own_free char *wide = qmp_table(cpus, 80), *narrow = qmp_table(cpus, 40);
	own_free char *least = qmp_table(cpus, 18);

	(void)state;
	assert_string_equal(wide, "thread-id  props.core-id  props.socket-id  path     list\n"
				  "10         0              0                /cpu[0]  [1,2]\n"
				  "11         1              0                /cpu[1]  [1,2]\n");
	assert_string_equal(narrow, "thread-id  props.core-id  path\n"
				    "10         0              /cpu[0]\n"
				    "11         1              /cpu[1]\n"
				    "the same in all: list=[1,2], and 1 of 0, false or nothing\n");
	assert_string_equal(least, "thread-id  path\n10         /cpu[0]\n11         /cpu[1]\n"
				   "the same in all:\n  list=[1,2], and 1 of 0, false or nothing\n"
				   "too wide, 'json' shows them:\n  props.core-id\n");
	assert_null(qmp_table(cpus, 17));
	assert_null(qmp_table(unlike, 80));
}

static void test_pick(void **state)
{
	own_json json_object *value = read_json("{\"a\":[{\"b.c\":{\"d\":5}}],\"n\":null}");
	json_object *found;

	(void)state;
	assert_true(qmp_pick(value, "return.a.0.b.c.d", &found));
	assert_int_equal(json_object_get_int(found), 5);
	assert_true(qmp_pick(value, "a.0", &found));
	assert_true(qmp_pick(value, "n", &found));
	assert_null(found);
	assert_false(qmp_pick(value, "a.1", &found));
	assert_false(qmp_pick(value, "a.x", &found));
	assert_false(qmp_pick(value, "n.x", &found));
	assert_true(qmp_pick(value, "return", &found));
	assert_ptr_equal(found, value);
}

static void test_events(void **state)
{
	own_json json_object *data =
		read_json("{\"device\":\"d 0\",\"info\":{\"ok\":true},\"evil\":\"\\u001b]0;x\"}");
	struct qmp_message event = {.kind = QMP_EVENT, .name = "GONE", .data = data, .seconds = -1};
	own_free char *line = qmp_event_line(&event);

	(void)state;
	assert_string_equal(line, "--:--:--.000 GONE device=\"d 0\" info.ok=true evil=\\x1b]0;x");
	assert_true(qmp_event_matches(&event, ""));
	assert_true(qmp_event_matches(&event, "device=d 0,info.ok=true"));
	assert_false(qmp_event_matches(&event, "device=d1"));
	assert_false(qmp_event_matches(&event, "other=1"));
	assert_false(qmp_event_matches(&event, "device"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),	     cmocka_unit_test(test_faults),
		cmocka_unit_test(test_unions),	     cmocka_unit_test(test_properties),
		cmocka_unit_test(test_schema),	     cmocka_unit_test(test_lines),
		cmocka_unit_test(test_unsafe),	     cmocka_unit_test(test_table),
		cmocka_unit_test(test_nested_table), cmocka_unit_test(test_pick),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
