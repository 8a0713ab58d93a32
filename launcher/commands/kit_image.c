/* The file of the guest kit, by mtools: its FAT is older and better tried than one of ours would
 * be, and it needs no mount. The texts and the user's installers are handed to it open, so that no
 * path of the user's is among its words.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/program.h"
#include "base/root.h"
#include "base/say.h"
#include "base/text.h"
#include "kit.h"
#include "run/tool.h"

#define SECTOR 512
#define MIB (1ULL << 20)
#define LEAST (8 * MIB)
#define MOST (1024 * MIB) /* of FAT16 with clusters that every reader takes, and then some */

/* A script as it is, with a NUL behind it. */
#define SCRIPT(symbol, path)                                 \
	__asm__(".pushsection .rodata\n"                     \
		".globl " #symbol "\n"                       \
		".hidden " #symbol "\n"                      \
		".type " #symbol ", @object\n" #symbol ":\n" \
		".incbin \"" path "\"\n"                     \
		".byte 0\n"                                  \
		".size " #symbol ", . - " #symbol "\n"       \
		".popsection\n");                            \
	extern const char symbol[] __attribute__((visibility("hidden")))

SCRIPT(kit_disk_script, "launcher/commands/kit/disk.cmd");
SCRIPT(kit_logon_script, "launcher/commands/kit/logon.cmd");

/* What kit/logon.cmd knows how to install without a question. */
static const char *const INSTALLER[] = {"virtio-win-guest-tools*.exe", "virtio-win-gt-x64*.msi",
					"qemu-ga*.msi", "spice-guest-tools*.exe",
					"looking-glass-host*.exe"};

/* A file that goes into the image. */
struct kit_file {
	char *name; /* there */
	int fd;
};

struct kit_files {
	struct kit_file *v;
	size_t n;
};

static void files_free(struct kit_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->v[i].name);
		close_fd(&files->v[i].fd);
	}
	free(files->v);
}
#define own_files own_with(files_free)

static void add_file(struct kit_files *files, char *name, int fd)
{
	struct kit_file *file = xappend(files->v, files->n);

	*file = (struct kit_file){name, fd};
}

/* Text with the ends of line that cmd.exe looks for labels by. */
static bool add_text(struct kit_files *files, const char *name, const char *text,
		     struct error **err)
{
	own_buf struct buf lines = {0};
	own_fd int fd = memfd_create("kit", MFD_CLOEXEC);

	for (; *text; text++) {
		if (*text == '\n')
			buf_addc(&lines, '\r');
		buf_addc(&lines, *text);
	}
	if (fd < 0 || !fd_write_all(fd, lines.data, lines.len)) {
		error_errno(err, ERROR_FAILED, errno, "cannot write %s", name);
		return false;
	}
	add_file(files, xstrdup(name), steal_fd(&fd));
	return true;
}

static bool is_installer(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(INSTALLER); i++)
		if (fnmatch(INSTALLER[i], name, FNM_PERIOD | FNM_CASEFOLD) == 0)
			return text_is_printable(name);
	return false;
}

/* Those of the user's that lie in dir. */
static void add_installers(struct kit_files *files, const char *dir)
{
	struct root root = ROOT_REAL;
	size_t n;
	char **names = root_list(&root, &n, "%s", dir);

	for (size_t i = 0; i < n; i++) {
		own_free char *path = path_join(dir, names[i]);
		struct stat st;
		own_fd int fd = -1;

		if (!is_installer(names[i]))
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
			say(SAY_WARNING, "%s cannot be read, and is not in the guest kit", path);
			continue;
		}
		say(SAY_NOTE, "%s goes into the guest kit, for the first logon", path);
		add_file(files, xasprintf("vmlaunch/install/%s", names[i]), steal_fd(&fd));
	}
	names_free(names, n);
}

/* Bytes of an image that holds them all, in whole MiB. */
static uint64_t image_size(const struct kit_files *files)
{
	uint64_t size = MIB;
	struct stat st;

	for (size_t i = 0; i < files->n; i++)
		if (fstat(files->v[i].fd, &st) == 0)
			size += ((uint64_t)st.st_size / MIB + 1) * MIB;
	size += size / 16;
	return size < LEAST ? LEAST : size / MIB * MIB;
}

/* Runs a program of mtools on the image. */
static bool run_mtools(const char *const argv[], int image, int input, struct error **err)
{
	own_free char *words = tool_fed(argv, image, input, err);

	if (words)
		error_add(err, ERROR_HOST, "%s: %s", path_base(argv[0]), words);
	return !words && !*err;
}

static bool fill_image(int image, const struct kit_files *files, uint64_t size, struct error **err)
{
	own_free char *format = program_find("mformat"), *mkdir = program_find("mmd");
	own_free char *copy = program_find("mcopy");
	own_free char *sectors = xasprintf("%llu", (unsigned long long)(size / SECTOR));
	/* Heads and sectors are no more than numbers that a reader expects. */
	const char *const format_words[] = {format,	"-i", TOOL_FILE, "-T", sectors,
					    "-h",	"16", "-s",	 "32", "-v",
					    "VMLAUNCH", "::", NULL};
	const char *const mkdir_words[] = {
		mkdir, "-i", TOOL_FILE, "::/vmlaunch", "::/vmlaunch/install", NULL};

	if (!run_mtools(format_words, image, -1, err) || !run_mtools(mkdir_words, image, -1, err))
		return false;
	for (size_t i = 0; i < files->n; i++) {
		own_free char *name = xasprintf("::/%s", files->v[i].name);
		const char *const words[] = {copy, "-i", TOOL_FILE, "/dev/stdin", name, NULL};

		if (lseek(files->v[i].fd, 0, SEEK_SET) < 0 ||
		    !run_mtools(words, image, files->v[i].fd, err))
			return false;
	}
	return true;
}

static bool have_mtools(enum distribution distribution, struct error **err)
{
	own_free char *mcopy = program_find("mcopy"), *mformat = program_find("mformat");
	own_free char *mmd = program_find("mmd"), *install = NULL;

	if (mcopy && mformat && mmd)
		return true;
	install = distribution_install(distribution, PACKAGE_MTOOLS);
	error_add(err, ERROR_HOST, "there is no mcopy to make it with: %s", install);
	return false;
}

bool kit_image(const char *path, const struct kit *kit, const char *dir,
	       enum distribution distribution, struct error **err)
{
	own_files struct kit_files files = {0};
	own_free char *answers = kit_answers(kit);
	own_fd int fd = -1;
	struct error *problem = NULL;
	uint64_t size;

	if (!have_mtools(distribution, err) ||
	    !add_text(&files, "autounattend.xml", answers, err) ||
	    !add_text(&files, "vmlaunch/disk.cmd", kit_disk_script, err) ||
	    !add_text(&files, "vmlaunch/logon.cmd", kit_logon_script, err))
		return false;
	add_installers(&files, dir);
	size = image_size(&files);
	if (size > MOST) {
		error_add(err, ERROR_HOST, "the installers beside the profile are too large");
		return false;
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make %s", path);
		return false;
	}
	if (ftruncate(fd, (off_t)size) < 0)
		error_errno(&problem, ERROR_HOST, errno, "cannot give it %llu MiB",
			    (unsigned long long)(size / MIB));
	if (!problem && fill_image(fd, &files, size, &problem))
		return true;
	unlink(path);
	error_context(&problem, "cannot make %s", path);
	error_merge(err, &problem);
	return false;
}
