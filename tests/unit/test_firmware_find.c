/* Firmware descriptors from made-up trees, and the system's own where there are some. */
#include "unit.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "firmware/find.h"

#define USR "/usr/share/qemu/firmware/"
#define ETC "/etc/qemu/firmware/"
#define CODE_4M 3653632
#define VARS_4M 540672

struct tree {
	char *dir;    /* of the root */
	char *config; /* the user's XDG_CONFIG_HOME */
	struct root root;
	struct firmware_list list;
};

static int tree_make(void **state)
{
	struct tree *tree = xcalloc(1, sizeof(*tree));
	struct error *err = NULL;

	tree->dir = xstrdup("/tmp/vmlaunch-firmware-XXXXXX");
	assert_non_null(mkdtemp(tree->dir));
	tree->config = xasprintf("%s/home/.config", tree->dir);
	assert_true(root_init(&tree->root, tree->dir, &err));
	*state = tree;
	return 0;
}

static int tree_remove(void **state)
{
	struct tree *tree = *state;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", "--", tree->dir, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	firmware_list_free(&tree->list);
	root_done(&tree->root);
	free(tree->dir);
	free(tree->config);
	free(tree);
	return 0;
}

/* Makes a file below the tree's directory, parents included. */
static void put_bytes(struct tree *tree, const char *path, const void *data, size_t len)
{
	own_free char *file = xasprintf("%s%s", tree->dir, path);
	own_free char *dir = path_dir(file);
	struct error *err = NULL;

	assert_true(dir_make(dir, 0755, &err));
	assert_true(file_write(file, data, len, 0644, VOLATILE, &err));
}

static void put(struct tree *tree, const char *path, const char *text)
{
	put_bytes(tree, path, text, strlen(text));
}

/* An image of that many bytes, holes all of them. */
static void put_image(struct tree *tree, const char *path, off_t size)
{
	own_free char *file = xasprintf("%s%s", tree->dir, path);

	put(tree, path, "");
	assert_int_equal(truncate(file, size), 0);
}

/* A good descriptor. Features are JSON without the brackets. */
static char *descriptor(const char *code, const char *vars, const char *format,
			const char *features)
{
	return xasprintf(
		"{\"description\": \"x\", \"interface-types\": [\"uefi\"],\n"
		"\"mapping\": {\"device\": \"flash\",\n"
		"\"executable\": {\"filename\": \"%s\", \"format\": \"%s\"},\n"
		"\"nvram-template\": {\"filename\": \"%s\", \"format\": \"%s\"}},\n"
		"\"targets\": [{\"architecture\": \"aarch64\", \"machines\": [\"virt-*\"]},\n"
		"{\"architecture\": \"x86_64\", \"machines\": [\"pc-i440fx-*\", \"pc-q35-*\"]}],\n"
		"\"features\": [%s], \"tags\": []}\n",
		code, format, vars, format, features);
}

static void put_descriptor(struct tree *tree, const char *path, const char *code, const char *vars,
			   const char *features)
{
	own_free char *text = descriptor(code, vars, "raw", features);

	put(tree, path, text);
}

static void find(struct tree *tree)
{
	const struct firmware_places places = {.root = &tree->root, .config_dir = tree->config};

	firmware_list_free(&tree->list);
	firmware_find(&tree->list, &places);
}

static const struct firmware *choose(struct tree *tree, bool secure_boot, struct error **err)
{
	return firmware_choose(&tree->list, "pc-q35-7.2", secure_boot, err);
}

/* What Debian 12 installs. */
static void put_debian(struct tree *tree)
{
	put_descriptor(tree, USR "40-edk2-x86_64-secure-enrolled.json", "/f/CODE.ms", "/f/VARS.ms",
		       "\"amd-sev\", \"enrolled-keys\", \"requires-smm\", \"secure-boot\"");
	put_descriptor(tree, USR "50-edk2-x86_64-secure.json", "/f/CODE.secboot", "/f/VARS",
		       "\"amd-sev\", \"requires-smm\", \"secure-boot\"");
	put_descriptor(tree, USR "60-edk2-x86_64.json", "/f/CODE", "/f/VARS", "\"amd-sev\"");
	put_image(tree, "/f/CODE", CODE_4M);
	put_image(tree, "/f/CODE.ms", CODE_4M);
	put_image(tree, "/f/CODE.secboot", CODE_4M);
	put_image(tree, "/f/VARS", VARS_4M);
	put_image(tree, "/f/VARS.ms", VARS_4M);
}

/* Replaces the first occurrence. */
static char *edited(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	assert_non_null(at);
	return xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

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

#define in_tree(f) cmocka_unit_test_setup_teardown(f, tree_make, tree_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(choose_by_secure_boot),
		in_tree(secure_boot_without_keys_is_second_choice),
		in_tree(unenrolled_template_fits),
		in_tree(directories_are_merged_by_name),
		in_tree(user_comes_first),
		in_tree(every_place_is_looked_in),
		in_tree(one_directory_by_two_names),
		in_tree(targets_are_matched_with_the_machine),
		in_tree(raw_4m_among_equals),
		in_tree(qcow2_has_the_size_that_a_guest_sees),
		in_tree(unsuited_ones_are_passed_over),
		in_tree(suited_ones_are_taken),
		in_tree(broken_ones_are_told_with_their_line),
		in_tree(links_stay_in_the_tree),
		in_tree(nothing_found_is_told_with_the_package),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests_name("firmware find", tests, NULL, NULL);
}
