/* Where firmware descriptors are looked for, and what is told of those that are no good. */
#include "firmware_tree.h"

static void directories_are_merged_by_name(void **state)
{
	struct tree *tree = *state;
	own_error struct error *err = NULL;

	put_descriptor(tree, USR "60-a.json", "/usr/a", "/v", "");
	put_descriptor(tree, USR "50-b.json", "/usr/b", "/v", "");
	put_descriptor(tree, USR "40-c.json", "/usr/c", "/v", "");
	put_descriptor(tree, ETC "60-a.json", "/etc/a", "/v", "");
	put_descriptor(tree, ETC "50-b.json", "/etc/b", "/v", "");
	put(tree, ETC "40-c.json", "");
	put_descriptor(tree, ETC "50-b.json.rpmsave", "/etc/no", "/v", "");
	find(tree);
	assert_int_equal(tree->list.n, 2);
	assert_string_equal(tree->list.item[0].code, "/etc/b");
	assert_string_equal(tree->list.item[0].descriptor, ETC "50-b.json");
	assert_string_equal(tree->list.item[1].code, "/etc/a");
	assert_int_equal(tree->list.skips, 3);
	assert_string_equal(tree->list.skipped[0], USR "40-c.json: hidden by " ETC "40-c.json");
	assert_true(tree->list.item[0].code_size == 0);
	assert_string_equal(choose(tree, false, &err)->code, "/etc/b");
}

static void user_comes_first(void **state)
{
	struct tree *tree = *state;
	own_error struct error *err = NULL;
	own_free char *code = xasprintf("%s/home/CODE, mine", tree->dir);
	own_free char *vars = xasprintf("%s/home/VARS", tree->dir);
	const struct firmware *fw;

	put_debian(tree);
	put_descriptor(tree, "/home/.config/qemu/firmware/60-edk2-x86_64.json", code, vars, "");
	find(tree);
	/* The user's files are this machine's own: they must be there. */
	assert_int_equal(tree->list.n, 2);
	assert_int_equal(tree->list.skips, 2);
	assert_non_null(
		strstr(tree->list.skipped[1], "/home/CODE, mine cannot be read: No such file"));
	put_image(tree, "/home/CODE, mine", 1000);
	put_image(tree, "/home/VARS", 24);
	find(tree);
	fw = choose(tree, false, &err);
	assert_string_equal(fw->code, code);
	assert_true(fw->code_size == 1000 && fw->vars_size == 24);
	firmware_list_free(&tree->list);
	firmware_find(&tree->list, &(struct firmware_places){.root = &tree->root});
	assert_string_equal(choose(tree, false, &err)->code, "/f/CODE");
}

/* A QEMU built by hand, in /usr/local, of NixOS' profile, and what a user's environment names; the
 * more specific directory's file of a name is the one that counts.
 */
static void every_place_is_looked_in(void **state)
{
	static const char *const dir[] = {"/etc/qemu/firmware",
					  "/opt/qemu/share/qemu/firmware",
					  "/usr/local/share/qemu/firmware",
					  "/usr/share/qemu/firmware",
					  "/run/current-system/sw/share/qemu/firmware",
					  "/home/guix/share/qemu/firmware",
					  "/nix/me/share/qemu/firmware"};
	char *const qemu_dir[] = {(char[]){"/opt/qemu/share/qemu"}, (char[]){"/usr/share/seabios"}};
	struct tree *tree = *state;
	const struct firmware_places places = {
		.root = &tree->root,
		.qemu_dir = qemu_dir,
		.qemu_dirs = ARRAY_SIZE(qemu_dir),
		.data_dirs = "relative:/home/guix/share::/nix/me/share:/usr/share",
	};

	for (size_t i = 0; i < ARRAY_SIZE(dir); i++) {
		own_free char *all = xasprintf("%s/60-all.json", dir[i]);
		own_free char *own = xasprintf("%s/7%zu-own.json", dir[i], i);

		put_descriptor(tree, all, dir[i], "/v", "");
		put_descriptor(tree, own, dir[i], "/v", "");
	}
	for (size_t first = 0; first < ARRAY_SIZE(dir); first++) {
		own_free char *file = xasprintf("%s%s/60-all.json", tree->dir, dir[first]);

		firmware_list_free(&tree->list);
		firmware_find(&tree->list, &places);
		assert_int_equal(tree->list.n, ARRAY_SIZE(dir) + 1);
		assert_int_equal(tree->list.skips, ARRAY_SIZE(dir) - 1 - first);
		assert_string_equal(tree->list.item[0].code, dir[first]);
		for (size_t i = 0; i < ARRAY_SIZE(dir); i++)
			assert_string_equal(tree->list.item[i + 1].code, dir[i]);
		assert_int_equal(unlink(file), 0);
	}
}

/* A directory that is named twice, or through a link, hides nothing of itself. */
static void one_directory_by_two_names(void **state)
{
	char *const qemu_dir[] = {(char[]){"/usr/share//qemu/."}, (char[]){"/opt/link"}};
	struct tree *tree = *state;
	const struct firmware_places places = {
		.root = &tree->root,
		.qemu_dir = qemu_dir,
		.qemu_dirs = ARRAY_SIZE(qemu_dir),
		.data_dirs = "/usr/share",
	};
	own_free char *link = xasprintf("%s/opt/link", tree->dir);

	put_debian(tree);
	put(tree, "/opt/x", "");
	assert_int_equal(symlink("/usr/share/qemu", link), 0);
	firmware_find(&tree->list, &places);
	assert_int_equal(tree->list.n, 3);
	assert_int_equal(tree->list.skips, 0);
	assert_string_equal(path_base(tree->list.item[0].descriptor),
			    "40-edk2-x86_64-secure-enrolled.json");
}

static void broken_ones_are_told_with_their_line(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"{\n\"a\": 1,\n\"b\" 2\n}\n", USR "10-x.json:3: not JSON: "},
		{"{\n\"a\": [1,\n", "not JSON: it ends in the middle"},
		{"{} {}", USR "10-x.json:1: not JSON: "},
		{"[]\n", USR "10-x.json: it holds no JSON object"},
		{"null\n", "it holds no JSON object"},
		{"   \n", "not JSON: it ends in the middle"},
		{"{\"a\": \"\xff\"}", USR "10-x.json:1: not JSON: "},
		{"'single'", "not JSON"},
	};
	struct tree *tree = *state;
	own_error struct error *err = NULL;

	put_descriptor(tree, USR "90-good.json", "/f/C", "/f/V", "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put(tree, USR "10-x.json", cases[i].text);
		find(tree);
		assert_int_equal(tree->list.skips, 1);
		if (!strstr(tree->list.skipped[0], cases[i].why))
			fail_msg("'%s' is not in '%s'", cases[i].why, tree->list.skipped[0]);
		assert_string_equal(choose(tree, false, &err)->code, "/f/C");
	}
}

static void links_stay_in_the_tree(void **state)
{
	struct tree *tree = *state;
	own_error struct error *err = NULL;
	own_free char *link = xasprintf("%s%s", tree->dir, USR "20-link.json");
	own_free char *dangling = xasprintf("%s%s", tree->dir, USR "30-dangling.json");
	own_free char *image = xasprintf("%s/f/CODE", tree->dir);

	put_descriptor(tree, "/opt/edk2/real.json", "/f/CODE", "/f/VARS", "");
	put(tree, USR "unrelated", "");
	put_image(tree, "/f/REAL", CODE_4M);
	put_image(tree, "/f/VARS", VARS_4M);
	assert_int_equal(symlink("/opt/edk2/real.json", link), 0);
	assert_int_equal(symlink("/opt/edk2/none.json", dangling), 0);
	assert_int_equal(symlink("/f/REAL", image), 0);
	find(tree);
	assert_int_equal(tree->list.n, 1);
	assert_string_equal(tree->list.item[0].descriptor, USR "20-link.json");
	assert_true(tree->list.item[0].code_size == CODE_4M);
	assert_int_equal(tree->list.skips, 1);
	assert_string_equal(tree->list.skipped[0],
			    USR "30-dangling.json: No such file or directory");
	assert_non_null(choose(tree, false, &err));
}

static void nothing_found_is_told_with_the_package(void **state)
{
	struct tree *tree = *state;
	own_error struct error *err = NULL;
	const char *words;

	find(tree);
	assert_null(choose(tree, false, &err));
	assert_int_equal(error_kind(err), ERROR_HOST);
	words = error_message(err, 0);
	assert_non_null(strstr(words, "without Secure Boot"));
	assert_non_null(strstr(words, "install OVMF, the guests' UEFI firmware (ovmf on Debian"));
	put(tree, "/etc/os-release", "ID=ubuntu\nID_LIKE=debian\n");
	put_debian(tree);
	put(tree, USR "60-edk2-x86_64.json", "{");
	find(tree);
	assert_null(choose(tree, false, &err));
	words = error_message(err, 1);
	assert_non_null(strstr(words, "UEFI firmware (sudo apt install ovmf), or name"));
	assert_non_null(strstr(words, "50-edk2-x86_64-secure.json (with Secure Boot, needs SMM)"));
	assert_non_null(strstr(words, "passed over " USR "60-edk2-x86_64.json:1: not JSON"));
}

/* Whatever a distribution installed, a plain choice has no Secure Boot and its files are there. */
static void this_machine(void **state)
{
	own_firmware_list struct firmware_list list = {0};
	own_error struct error *err = NULL;
	const struct firmware *fw;

	(void)state;
	if (access("/usr/share/qemu/firmware/60-edk2-x86_64.json", R_OK) < 0)
		skip_test("no descriptors of Debian's kind here (package ovmf)");
	firmware_find(&list, &(struct firmware_places){.root = &ROOT_REAL});
	fw = firmware_choose(&list, "pc-q35-7.2", false, &err);
	if (!fw)
		fail_msg("%s", error_message(err, 0));
	assert_false(fw->secure_boot || fw->needs_smm || fw->enrolled);
	assert_true(fw->code_size + fw->vars_size == 4 << 20);
	assert_int_equal(access(fw->code, R_OK), 0);
	assert_int_equal(access(fw->vars, R_OK), 0);
	fw = firmware_choose(&list, "pc-q35-7.2", true, &err);
	if (!fw)
		fail_msg("%s", error_message(err, 0));
	assert_true(fw->secure_boot && fw->enrolled);
	fw = firmware_unenrolled(&list, fw);
	assert_non_null(fw);
	assert_false(fw->enrolled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(directories_are_merged_by_name),
		in_tree(user_comes_first),
		in_tree(every_place_is_looked_in),
		in_tree(one_directory_by_two_names),
		in_tree(broken_ones_are_told_with_their_line),
		in_tree(links_stay_in_the_tree),
		in_tree(nothing_found_is_told_with_the_package),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
