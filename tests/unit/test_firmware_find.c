/* Choosing among firmware descriptors of made-up trees. */
#include "firmware_tree.h"

static void choose_by_secure_boot(void **state)
{
	struct tree *tree = *state;
	own_error struct error *err = NULL;
	const struct firmware *fw;

	put_debian(tree);
	find(tree);
	assert_int_equal(tree->list.n, 3);
	assert_int_equal(tree->list.skips, 0);
	fw = choose(tree, false, &err);
	assert_string_equal(fw->descriptor, USR "60-edk2-x86_64.json");
	assert_string_equal(fw->code, "/f/CODE");
	assert_string_equal(fw->vars, "/f/VARS");
	assert_int_equal(fw->code_format, FIRMWARE_RAW);
	assert_int_equal(fw->vars_format, FIRMWARE_RAW);
	assert_true(fw->code_size == CODE_4M);
	assert_true(fw->vars_size == VARS_4M);
	assert_false(fw->secure_boot || fw->enrolled || fw->needs_smm);
	assert_ptr_equal(firmware_unenrolled(&tree->list, fw), fw);
	fw = choose(tree, true, &err);
	assert_string_equal(fw->code, "/f/CODE.ms");
	assert_true(fw->secure_boot && fw->enrolled && fw->needs_smm);
}

static void secure_boot_without_keys_is_second_choice(void **state)
{
	struct tree *tree = *state;
	own_error struct error *err = NULL;

	put_debian(tree);
	put(tree, ETC "40-edk2-x86_64-secure-enrolled.json", "");
	find(tree);
	assert_string_equal(choose(tree, true, &err)->code, "/f/CODE.secboot");
	/* Keys win over the order. */
	put_descriptor(tree, USR "99-late.json", "/f/CODE.ms", "/f/VARS.ms",
		       "\"secure-boot\", \"enrolled-keys\"");
	find(tree);
	assert_string_equal(choose(tree, true, &err)->code, "/f/CODE.ms");
}

static void unenrolled_template_fits(void **state)
{
	struct tree *tree = *state;
	own_error struct error *err = NULL;
	const struct firmware *like, *fw;
	struct firmware named = {.descriptor = (char[]){""},
				 .code = (char[]){"/home/me/CODE"},
				 .vars = (char[]){"/home/me/VARS"},
				 .code_size = CODE_4M,
				 .vars_size = VARS_4M};

	put_debian(tree);
	/* Unenrolled, earlier by name, but a 2 MiB one. */
	put_descriptor(tree, USR "10-small.json", "/f/CODE2", "/f/VARS2", "\"secure-boot\"");
	put_image(tree, "/f/CODE2", 1966080);
	put_image(tree, "/f/VARS2", 131072);
	find(tree);
	like = choose(tree, true, &err);
	fw = firmware_unenrolled(&tree->list, like);
	assert_string_equal(fw->code, "/f/CODE.secboot");
	assert_string_equal(fw->vars, "/f/VARS");
	/* Files that the profile named: by size. */
	assert_string_equal(firmware_unenrolled(&tree->list, &named)->vars, "/f/VARS");
	named.code_size = 7;
	assert_null(firmware_unenrolled(&tree->list, &named));
	named.code_size = 0;
	assert_null(firmware_unenrolled(&tree->list, &named));
	/* The same CODE file counts even where no size is known. */
	named.code = (char[]){"/f/CODE2"};
	assert_string_equal(firmware_unenrolled(&tree->list, &named)->vars, "/f/VARS2");
}

/* What the guest's machine type is called decides, not what any QEMU has. */
static void targets_are_matched_with_the_machine(void **state)
{
	static const struct {
		const char *glob, *machine;
		bool fits;
	} row[] = {
		{"pc-q35-*", "pc-q35-13.1", true},
		{"pc-q35-11.*", "pc-q35-11.1", true},
		{"pc-q35-11.*", "pc-q35-7.2", false},
		{"pc-q35-7.2", "pc-q35-7.2", true},
		{"q35", "pc-q35-10.0", true},
		{"pc-q35-rhel*", "pc-q35-rhel9.2.0", true},
		{"pc-q35-rhel*", "pc-q35-9.2", false},
		{"microvm", "pc-q35-9.2", false},
		{"*", "pc-q35-9.2", true},
		{"pc-q35-1[01].*", "pc-q35-10.0", true},
	};
	own_free char *good = descriptor("/f/C", "/f/V", "raw", "");
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *text = edited(good, "pc-q35-*", row[i].glob);
		own_error struct error *err = NULL;
		const struct firmware *fw;

		put(tree, USR "10-x.json", text);
		find(tree);
		assert_int_equal(tree->list.n, 1);
		fw = firmware_choose(&tree->list, row[i].machine, false, &err);
		if (!!fw != row[i].fits)
			fail_msg("%s and %s", row[i].glob, row[i].machine);
		if (!fw)
			assert_non_null(strstr(error_message(err, 0), row[i].machine));
	}
}

static void raw_4m_among_equals(void **state)
{
	struct tree *tree = *state;
	own_error struct error *err = NULL;

	put_debian(tree);
	put_descriptor(tree, USR "60-a.json", "/f/CODE2", "/f/VARS2", "");
	put_image(tree, "/f/CODE2", 1966080);
	put_image(tree, "/f/VARS2", 131072);
	find(tree);
	assert_string_equal(tree->list.item[2].code, "/f/CODE2");
	assert_string_equal(choose(tree, false, &err)->code, "/f/CODE");
	/* A lower number, or a file of the administrator's, is not equal but first. */
	put_descriptor(tree, USR "59-a.json", "/f/CODE2", "/f/VARS2", "");
	find(tree);
	assert_string_equal(choose(tree, false, &err)->code, "/f/CODE2");
	put(tree, USR "59-a.json", "");
	put_descriptor(tree, USR "6-a.json", "/f/CODE2", "/f/VARS2", "");
	put(tree, USR "60-a.json", "");
	put_descriptor(tree, USR "600-a.json", "/f/CODE", "/f/VARS", "");
	find(tree);
	assert_string_equal(choose(tree, false, &err)->descriptor, USR "6-a.json");
	put(tree, USR "6-a.json", "");
	put_descriptor(tree, ETC "60-a.json", "/f/CODE2", "/f/VARS2", "");
	find(tree);
	assert_string_equal(choose(tree, false, &err)->code, "/f/CODE2");
}

static void qcow2_has_the_size_that_a_guest_sees(void **state)
{
	struct tree *tree = *state;
	own_free char *text = descriptor("/f/CODE.qcow2", "/f/VARS.qcow2", "qcow2", "");
	own_error struct error *err = NULL;
	const struct firmware *fw;
	unsigned char head[104] = {'Q', 'F', 'I', 0xfb, 0, 0, 0, 3};

	put(tree, USR "30-fedora.json", text);
	head[29] = 0x37; /* 0x37c000 and 0x084000 */
	head[30] = 0xc0;
	put_bytes(tree, "/f/CODE.qcow2", head, sizeof(head));
	head[29] = 0x08;
	head[30] = 0x40;
	put_bytes(tree, "/f/VARS.qcow2", head, sizeof(head));
	find(tree);
	fw = choose(tree, false, &err);
	assert_int_equal(fw->code_format, FIRMWARE_QCOW2);
	assert_int_equal(fw->vars_format, FIRMWARE_QCOW2);
	assert_true(fw->code_size == CODE_4M);
	assert_true(fw->vars_size == VARS_4M);
}

static void unsuited_ones_are_passed_over(void **state)
{
	static const struct {
		const char *from, *to, *why;
	} cases[] = {
		{"\"uefi\"", "\"bios\"", "it is not UEFI"},
		{"[\"uefi\"]", "\"uefi\"", "it is not UEFI"},
		{"x86_64", "i386", "it is for no x86_64 machine"},
		{"\"x86_64\"", "7", "it is for no x86_64 machine"},
		{"[\"pc-i440fx-*\", \"pc-q35-*\"]", "\"pc-q35-*\"", "it is for no x86_64 machine"},
		{"\"flash\"", "\"memory\"", "mapping.device is memory: it is loaded as memory"},
		{"\"flash\",", "\"memory\", \"mode\": \"stateless\",", "mapping.device is memory"},
		{"\"flash\",", "\"memory\", \"mode\": \"split\",",
		 "mapping.device is memory: it keeps its variables in QEMU's device uefi-vars"},
		{"\"flash\"", "\"igvm\"", "mapping.device is igvm: it is an IGVM file"},
		{"\"flash\"", "\"kernel\"", "mapping.device is kernel"},
		{"\"flash\"", "\"rocket\"", "mapping.device is rocket, not flash"},
		{"\"device\": \"flash\"", "\"device\": null", "mapping.device is missing"},
		{"\"flash\",", "\"flash\", \"mode\": \"stateless\",",
		 "mapping.mode is stateless: it keeps no variables"},
		{"\"flash\",", "\"flash\", \"mode\": \"combined\",",
		 "mapping.mode is combined: code and variables are one file"},
		{"\"flash\",", "\"flash\", \"mode\": 1,", "mapping.mode is no string"},
		{"\"raw\"", "\"vmdk\"", "mapping.executable.format is neither"},
		{"\"/f/V\", \"format\": \"raw\"", "\"/f/V\"",
		 "mapping.nvram-template.format is neither"},
		{"\"/f/C\"", "\"f/C\"", "mapping.executable.filename is no absolute path"},
		{"\"/f/C\"", "\"/f/C\\u0000x\"", "mapping.executable.filename is no absolute path"},
		{"nvram-template", "nvram", "mapping.nvram-template.filename is no absolute path"},
		{"\"mapping\": {", "\"mapping\": [], \"x\": {", "mapping.device is missing"},
	};
	own_free char *good = descriptor("/f/C", "/f/V", "raw", "");
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		own_free char *text = edited(good, cases[i].from, cases[i].to);

		put(tree, USR "10-x.json", text);
		find(tree);
		assert_int_equal(tree->list.n, 0);
		assert_int_equal(tree->list.skips, 1);
		assert_int_equal(strncmp(tree->list.skipped[0],
					 USR "10-x.json: ", strlen(USR "10-x.json: ")),
				 0);
		if (!strstr(tree->list.skipped[0], cases[i].why))
			fail_msg("'%s' is not in '%s'", cases[i].why, tree->list.skipped[0]);
	}
}

static void suited_ones_are_taken(void **state)
{
	static const char *const edit[][2] = {
		{"pc-q35-*", "*"},
		{"\"flash\",", "\"flash\", \"mode\": \"split\","},
		{"\"uefi\"", "\"bios\", \"uefi\""},
		{"\"features\": []",
		 "\"features\": [1, \"amd-sev-es\", \"amd-sev-snp\", \"verbose-static\"]"},
		{", \"tags\": []}\n", "}"},
	};
	own_free char *good = descriptor("/f/C", "/f/V", "raw", "");
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(edit); i++) {
		own_free char *text = edited(good, edit[i][0], edit[i][1]);

		put(tree, USR "10-x.json", text);
		find(tree);
		if (tree->list.n != 1)
			fail_msg("%s", tree->list.skips ? tree->list.skipped[0] : "no descriptor");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(choose_by_secure_boot),
		in_tree(secure_boot_without_keys_is_second_choice),
		in_tree(unenrolled_template_fits),
		in_tree(targets_are_matched_with_the_machine),
		in_tree(raw_4m_among_equals),
		in_tree(qcow2_has_the_size_that_a_guest_sees),
		in_tree(unsuited_ones_are_passed_over),
		in_tree(suited_ones_are_taken),
	};

	return cmocka_run_group_tests_name("firmware find", tests, NULL, NULL);
}
