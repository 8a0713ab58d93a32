/* Values that name hardware have parts: the whole token or nothing. */
#include "value_field.h"

#define UUID_WORDS "' is not a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8"

static void uuids(void **state)
{
	const struct key key = {.kind = KIND_UUID};
	struct uuid field = {0};

	(void)state;
	assert_null(value_parse(&key, "6BA7B810-9dad-11d1-80B4-00c04fd430c8", "/", AT, &field));
	assert_true(field.given);
	assert_int_equal(field.v[0], 0x6b);
	assert_int_equal(field.v[15], 0xc8);
	assert_int_equal(field.at.line, 3);
	bad(&key, "", "'" UUID_WORDS);
	bad(&key, "6ba7b8109dad11d180b400c04fd430c8",
	    "'6ba7b8109dad11d180b400c04fd430c8" UUID_WORDS);
	bad(&key, "6ba7b810-9dad-11d1-80b4-00c04fd430c",
	    "'6ba7b810-9dad-11d1-80b4-00c04fd430c" UUID_WORDS);
	bad(&key, "6ba7b810-9dad-11d1-80b4-00c04fd430c8 ",
	    "'6ba7b810-9dad-11d1-80b4-00c04fd430c8 " UUID_WORDS);
	bad(&key, "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
	    "'6ba7b810-9dad-11d1-80b4-00c04fd430cg" UUID_WORDS);
}

static void mac_is(const struct key *key, const char *text, const char *want)
{
	struct mac field = {0};
	own_free char *problem = value_parse(key, text, "/dir", AT, &field);
	char found[MAC_TEXT];

	assert_null(problem);
	assert_true(field.given);
	assert_string_equal(mac_format(field.v, found), want);
	assert_int_equal(field.at.line, 3);
	value_clear(key->kind, &field);
	assert_false(field.given);
}

static void macs(void **state)
{
	const struct key key = {.kind = KIND_MAC, .flags = KEY_AUTO};

	(void)state;
	mac_is(&key, "52:54:00:AB:cd:ef", "52:54:00:ab:cd:ef");
	bad(&key, "52-54-00-12-34-56",
	    "'52-54-00-12-34-56' is not a MAC address such as 52:54:00:12:34:56, or auto");
	bad(&key, "52:54:00:12:34",
	    "'52:54:00:12:34' is not a MAC address such as 52:54:00:12:34:56, or auto");
	bad(&key, "52:54:00:12:34:56:78",
	    "'52:54:00:12:34:56:78' is not a MAC address such as 52:54:00:12:34:56, or auto");
	for (const char *odd = "13579bBdDfF"; *odd; odd++) {
		char mac[] = "5x:54:00:12:34:56";
		own_free char *want = NULL;

		mac[1] = *odd;
		want = xasprintf("'%s' is not an address of one card: its second digit must be "
				 "even, or auto",
				 mac);
		bad(&key, mac, want);
	}
	mac_is(&key, "0e:00:00:00:00:00", "0e:00:00:00:00:00");
}

static void machine_is(const struct key *key, const char *text, unsigned major, unsigned minor)
{
	struct machine_version field = {0};
	own_free char *problem = value_parse(key, text, "/dir", AT, &field);

	assert_null(problem);
	assert_true(field.given);
	assert_int_equal(field.v.major, major);
	assert_int_equal(field.v.minor, minor);
	assert_string_equal(field.name, text);
}

static void machines(void **state)
{
	const struct key key = {.kind = KIND_MACHINE};
	static const char *const nonsense[] = {
		"",	      "q35",	     "pc-q35-",	      "pc-q35-7",     "pc-q35-7.",
		"pc-q35-.2",  "pc-q35-7.x",  "pc-i440fx-7.2", "pc-q35-7.2.1", "PC-Q35-7.2",
		"pc-q35-0.1", "pc-q35-7.2 ", "pc-q35-7.10000"};
	static const char *const old[] = {"pc-q35-6.0", "pc-q35-2.12", "pc-q35-5.2"};

	(void)state;
	machine_is(&key, "pc-q35-6.1", 6, 1);
	machine_is(&key, "pc-q35-10.0", 10, 0);
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		own_free char *want = xasprintf(
			"'%s' is not a versioned q35 machine such as pc-q35-7.2", nonsense[i]);

		bad(&key, nonsense[i], want);
	}
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		own_free char *want = xasprintf(
			"'%s' is not pc-q35-6.1 or newer: older ones lack the ACPI nodes that a "
			"GPU's tables hang on",
			old[i]);

		bad(&key, old[i], want);
	}
}

static void processors(void **state)
{
	static const char *const PLACES[] = {"performance", "any", NULL};
	const struct key list = {.kind = KIND_CPUS, .flags = KEY_AUTO};
	const struct key either = {.kind = KIND_CPUS, .flags = KEY_AUTO, .choice = PLACES};
	struct cpus field = {0};

	(void)state;
	assert_null(value_parse(&list, "0-7,16", "/", AT, &field));
	assert_true(field.given);
	assert_int_equal(field.word, CPUS_LISTED);
	assert_int_equal(cpu_set_count(&field.v), 9);
	assert_true(cpu_set_has(&field.v, 16));
	assert_null(value_parse(&either, "1023", "/", AT, &field));
	assert_true(cpu_set_has(&field.v, 1023));
	assert_null(value_parse(&either, "any", "/", AT, &field));
	assert_int_equal(field.word, 1);
	assert_true(cpu_set_is_empty(&field.v));
	assert_null(value_parse(&either, "auto", "/", AT, &field));
	assert_false(field.given);
	bad(&list, "any",
	    "'any' is not a list of processors from 0 to 1023 such as 0-7,16, or auto");
	bad(&list, "", "'' is not a list of processors from 0 to 1023 such as 0-7,16, or auto");
	bad(&list, "0-3\n",
	    "'0-3\\x0a' is not a list of processors from 0 to 1023 such as 0-7,16, or auto");
	bad(&list, "3-0",
	    "'3-0' is not a list of processors from 0 to 1023 such as 0-7,16, or auto");
	bad(&either, "1024",
	    "'1024' is none of performance | any | auto, and not a list of processors from 0 to "
	    "1023 such as 0-7,16");
	bad(&either, "perfomance",
	    "'perfomance' is none of performance | any | auto, and not a list of processors from 0 "
	    "to 1023 such as 0-7,16; did you mean performance?");
}

static void selectors(void **state)
{
	const struct key pci = {.kind = KIND_DEVICE}, usb = {.kind = KIND_USB};
	union field field = {0};

	(void)state;
	assert_null(value_parse(&pci, "01:00.0=10DE:2820", "/", AT, &field));
	assert_true(field.pci.given && field.pci.v.has_address && field.pci.v.has_id);
	assert_int_equal(field.pci.v.device, 0x2820);
	assert_int_equal(field.pci.at.line, 3);
	value_clear(KIND_DEVICE, &field);
	assert_null(value_parse(&usb, "1-4.2=046D:c52b", "/", AT, &field));
	assert_true(field.usb.given);
	assert_int_equal(field.usb.v.vendor, 0x046d);
	assert_string_equal(field.usb.v.port, "4.2");
	bad(&pci, "01:00.8",
	    "'01:00.8' is not a PCI device such as 10de:2820, 10de:2820@1043:1e6c, 01:00.0 or 01:00.0=10de:2820");
	/* Its number is another one the next time. */
	bad(&usb, "001.004",
	    "'001.004' is not a USB device such as 046d:c52b, 1-4.2, 1-4.2=046d:c52b or 001.004=046d:c52b");
}

static void slots_are(const char *text, bool all, unsigned want)
{
	const struct key key = {.kind = KIND_SLOTS};
	struct slots field = {0};
	own_free char *again = NULL;

	assert_null(value_parse(&key, text, "/", AT, &field));
	assert_int_equal(field.all, all);
	assert_int_equal(field.v, want);
	again = slots_text(&field);
	assert_string_equal(again, text);
}

static void functions_of_a_slot(void **state)
{
	const struct key key = {.kind = KIND_SLOTS};
	static const char *const wrong[] = {"", "8", "0,", ",1", "0 1", "01", "all,0"};

	(void)state;
	slots_are("all", true, 0);
	slots_are("0", false, 1);
	slots_are("0,1,7", false, 0x83);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		own_free char *want =
			xasprintf("'%s' is not all, or function numbers such as 0,1", wrong[i]);

		bad(&key, wrong[i], want);
	}
}

static void ids_of_functions(void **state)
{
	const struct key key = {.kind = KIND_IDS};
	static const char *const wrong[] = {"", "10de:25a2", "host none", "10de:25a2:1d05:117g"};
	struct pci_ids field = {0};

	(void)state;
	assert_null(value_parse(&key, "10de:25A2:1d05:1178, 10de:2291:1d05:1179", "/", AT, &field));
	assert_int_equal(field.kind, IDS_GIVEN);
	assert_int_equal(field.n, 2);
	assert_int_equal(field.v[0][1], 0x25a2);
	assert_int_equal(field.v[1][3], 0x1179);
	assert_null(value_parse(&key, "none", "/", AT, &field));
	assert_int_equal(field.kind, IDS_NONE);
	assert_int_equal(field.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		own_free char *want = xasprintf(
			"'%s' is not host, none, or ids such as 10de:25a2:1d05:1178, separated by spaces",
			wrong[i]);

		bad(&key, wrong[i], want);
	}
}

static void places_and_screens(void **state)
{
	const struct key place = {.kind = KIND_PLACE, .flags = KEY_AUTO};
	const struct key screen = {.kind = KIND_RESOLUTION};
	union field field = {0};

	(void)state;
	assert_null(value_parse(&place, "1a:00", "/", AT, &field));
	assert_int_equal(field.guest_slot.bus, 0x1a);
	assert_null(value_parse(&place, "auto", "/", AT, &field));
	assert_int_equal(field.guest_slot.bus, 0);
	bad(&place, "01:01", "'01:01' is not a slot from 01:00 to 20:00 (hexadecimal), or auto");
	bad(&place, "21:00", "'21:00' is not a slot from 01:00 to 20:00 (hexadecimal), or auto");
	value_clear(KIND_PLACE, &field);
	assert_null(value_parse(&screen, "2560x1440", "/", AT, &field));
	assert_int_equal(field.resolution.width, 2560);
	assert_int_equal(field.resolution.height, 1440);
	assert_null(value_parse(&screen, "none", "/", AT, &field));
	assert_int_equal(field.resolution.width, 0);
	bad(&screen, "2560x", "'2560x' is not none or a resolution such as 2560x1440");
	bad(&screen, "319x200", "'319x200' is not none or a resolution such as 2560x1440");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuids),
		cmocka_unit_test(macs),
		cmocka_unit_test(machines),
		cmocka_unit_test(processors),
		cmocka_unit_test(selectors),
		cmocka_unit_test(functions_of_a_slot),
		cmocka_unit_test(ids_of_functions),
		cmocka_unit_test(places_and_screens),
	};

	return cmocka_run_group_tests_name("value hardware", tests, NULL, NULL);
}
