/* Firmware descriptors and images in a made-up tree. */
#ifndef TESTS_FIRMWARE_TREE_H
#define TESTS_FIRMWARE_TREE_H

#include "made_dir.h"

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

static inline int tree_make(void **state)
{
	struct tree *tree = xcalloc(1, sizeof(*tree));
	struct error *err = NULL;

	tree->dir = made_dir_make();
	tree->config = xasprintf("%s/home/.config", tree->dir);
	assert_true(root_init(&tree->root, tree->dir, &err));
	*state = tree;
	return 0;
}

static inline int tree_remove(void **state)
{
	struct tree *tree = *state;

	firmware_list_free(&tree->list);
	root_done(&tree->root);
	made_dir_remove(tree->dir);
	free(tree->config);
	free(tree);
	return 0;
}

/* Makes a file below the tree's directory, parents included. */
static inline void put_bytes(struct tree *tree, const char *path, const void *data, size_t len)
{
	own_free char *file = xasprintf("%s%s", tree->dir, path);
	own_free char *dir = path_dir(file);
	struct error *err = NULL;

	assert_true(dir_make(dir, 0755, &err));
	assert_true(file_write(file, data, len, 0644, VOLATILE, &err));
}

static inline void put(struct tree *tree, const char *path, const char *text)
{
	put_bytes(tree, path, text, strlen(text));
}

/* An image of that many bytes, holes all of them. */
static inline void put_image(struct tree *tree, const char *path, off_t size)
{
	own_free char *file = xasprintf("%s%s", tree->dir, path);

	put(tree, path, "");
	assert_int_equal(truncate(file, size), 0);
}

/* A good descriptor. Features are JSON without the brackets. */
static inline char *descriptor(const char *code, const char *vars, const char *format,
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

static inline void put_descriptor(struct tree *tree, const char *path, const char *code,
				  const char *vars, const char *features)
{
	own_free char *text = descriptor(code, vars, "raw", features);

	put(tree, path, text);
}

static inline void find(struct tree *tree)
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
static inline void put_debian(struct tree *tree)
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
static inline char *edited(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	assert_non_null(at);
	return xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

#define in_tree(f) cmocka_unit_test_setup_teardown(f, tree_make, tree_remove)

#endif
