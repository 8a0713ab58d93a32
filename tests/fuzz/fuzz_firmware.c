/* Fuzzes firmware descriptors, which people write by hand as well: up to three files of any bytes,
 * with a NUL between, in two directories of a made-up host, where the first hides the third.
 * Besides memory errors this looks for firmware that no machine could have, for words that a
 * terminal could take for an order, and for a choice that is none of the list.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "firmware/find.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct root tree = ROOT_REAL;
static char *dir;

static const char *const FILES[] = {
	"etc/qemu/firmware/50-first.json",
	"usr/share/qemu/firmware/40-second.json",
	"usr/share/qemu/firmware/50-first.json",
};

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void put(const char *name, const void *data, size_t len)
{
	own_free char *path = path_join(dir, name), *above = path_dir(path);
	own_fd int fd = -1;

	must(dir_make(above, 0755, NULL));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(fd >= 0 && fd_write_all(fd, data, len));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *tmp = getenv("TMPDIR");
	own_free char *code = NULL;

	(void)argc, (void)argv;
	dir = xasprintf("%s/vmlaunch-fuzz.XXXXXX", tmp ? tmp : "/tmp");
	must(mkdtemp(dir) && root_init(&tree, dir, NULL));
	put("f/CODE", "", 0);
	code = path_join(dir, "f/CODE");
	must(truncate(code, 3653632) == 0);
	put("f/VARS", "QFI\xfb\0\0\0\3", 8);
	return 0;
}

static void must_be_words(const char *s)
{
	must(s && *s && text_is_printable(s));
}

static void check_firmware(const struct firmware_list *list, const struct firmware *fw)
{
	const struct firmware *other = firmware_unenrolled(list, fw);

	must(fw->descriptor && *fw->code == '/' && *fw->vars == '/');
	must(fw->machines);
	must(!other || !other->enrolled);
}

static void check_choice(const struct firmware_list *list, bool secure_boot)
{
	static const char machine[] = "pc-q35-9.2";
	own_error struct error *err = NULL;
	const struct firmware *fw = firmware_choose(list, machine, secure_boot, &err);

	must(!fw == !!err);
	for (size_t i = 0; i < error_count(err); i++)
		must_be_words(error_message(err, i));
	if (fw)
		must(fw >= list->item && fw < list->item + list->n &&
		     firmware_fits_machine(fw, machine) && (fw->secure_boot || !secure_boot));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct firmware_places places = {.root = &tree};
	own_firmware_list struct firmware_list list = {0};

	for (size_t i = 0; i < ARRAY_SIZE(FILES); i++) {
		const uint8_t *end = memchr(data, '\0', size);
		size_t len = end ? (size_t)(end - data) : size;

		put(FILES[i], data, len);
		data += end ? len + 1 : len;
		size -= end ? len + 1 : len;
	}
	firmware_find(&list, &places);
	must(list.n + list.skips <= ARRAY_SIZE(FILES));
	for (size_t i = 0; i < list.skips; i++)
		must_be_words(list.skipped[i]);
	for (size_t i = 0; i < list.n; i++)
		check_firmware(&list, &list.item[i]);
	check_choice(&list, false);
	check_choice(&list, true);
	return 0;
}
