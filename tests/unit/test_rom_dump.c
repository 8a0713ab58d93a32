/* Reading a device's ROM through a file that answers as the kernel's does: refused until "1\n" was
 * written, and again after "0\n". Whatever happens between, it must be off in the end.
 */
#include "test_act_kernel.h"

#include "launcher/commands/rom.h"

#define ADDRESS "0000:01:00.0"
#define ROM_PATH "/sys/bus/pci/devices/" ADDRESS "/rom"

/* Seen by the server and by the test. */
struct card {
	atomic_bool on;
	atomic_int writes_on, writes_off;
	size_t size;	 /* of the ROM */
	size_t fails_at; /* reading there gives the error */
	int error, write_error, off_error;
	bool stays_on;
	size_t interrupts_at; /* reading there interrupts the reader */
	pid_t reader;
	pid_t server;
	char *path;
};

static uint8_t byte_at(size_t at)
{
	return (uint8_t)(at * 7 + (at >> 12));
}

static void answer_read(int fd, struct card *card, const struct fuse_in_header *in)
{
	const struct fuse_read_in *r = (const void *)(in + 1);
	static uint8_t data[1 << 17];
	size_t n = r->offset < card->size ? card->size - r->offset : 0;

	n = n < r->size ? n : r->size;
	n = n < 4096 ? n : 4096; /* as sysfs does */
	for (size_t i = 0; i < n; i++)
		data[i] = byte_at(r->offset + i);
	if (!card->on)
		kernel_reply(fd, in->unique, -EINVAL, NULL, 0);
	else if (card->error && r->offset + n > card->fails_at)
		kernel_reply(fd, in->unique, -card->error, NULL, 0);
	else
		kernel_reply(fd, in->unique, 0, data, n);
	if (card->interrupts_at && r->offset == card->interrupts_at)
		kill(card->reader, SIGUSR1);
}

/* pci_write_rom(): off by just these two bytes at the start, else on. */
static void answer_write(int fd, struct card *card, const struct fuse_in_header *in)
{
	const struct fuse_write_in *w = (const void *)(in + 1);
	const char *text = (const char *)(w + 1);
	struct fuse_write_out out = {.size = w->size};
	bool off = w->offset == 0 && w->size == 2 && text[0] == '0';
	int error = off ? card->off_error : card->write_error;

	atomic_fetch_add(off ? &card->writes_off : &card->writes_on, 1);
	if (!error)
		card->on = !off || card->stays_on;
	kernel_reply(fd, in->unique, -error, &out, error ? 0 : sizeof(out));
}

static void serve(int fd, struct card *card)
{
	static _Alignas(8) char request[1 << 18];
	const struct fuse_in_header *in = (const struct fuse_in_header *)request;
	struct kernel_file other = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		ssize_t n = read(fd, request, sizeof(request));

		if (n < (ssize_t)sizeof(*in)) {
			if (errno != EINTR && errno != EAGAIN && errno != ENOENT)
				_exit(0);
		} else if (in->opcode == FUSE_READ) {
			answer_read(fd, card, in);
		} else if (in->opcode == FUSE_WRITE) {
			answer_write(fd, card, in);
		} else {
			kernel_answer(fd, &other, in);
		}
	}
}

static struct card *card_make(struct tree *tree)
{
	struct card *card = mmap(NULL, sizeof(*card), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	own_free char *options = NULL;
	own_fd int fd = -1;
	pid_t server;

	assert_ptr_not_equal(card, MAP_FAILED);
	if (!own_mounts(tree))
		return NULL;
	tree_put(tree, ROM_PATH, "");
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	options = xasprintf("fd=%d,rootmode=100644,user_id=%u,group_id=%u", fd, getuid(), getgid());
	card->path = tree_path(tree, ROM_PATH);
	if (fd < 0 || mount("kernel", card->path, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		free(card->path);
		return NULL;
	}
	card->reader = getpid();
	server = fork();
	if (server == 0)
		serve(fd, card);
	assert_true(server > 0);
	card->server = server;
	return access(card->path, W_OK) == 0 ? card : NULL;
}

static void card_free(struct card *card)
{
	kill(card->server, SIGKILL);
	waitpid(card->server, NULL, 0);
	umount2(card->path, MNT_DETACH);
	free(card->path);
	munmap(card, sizeof(*card));
}

/* A card with a ROM of so many bytes; the test ends where that cannot be had. */
#define a_card(name, tree, bytes)                                     \
	struct card *name = card_make(tree);                          \
	if (!name)                                                    \
		skip_test("no FUSE mount here: %s", strerror(errno)); \
	name->size = (bytes)

static const struct pci_function GPU = {.address = {0, 1, 0, 0}};

static void is_off(struct card *card)
{
	assert_false(card->on);
	assert_int_equal(card->writes_off, 1);
}

static void whole(void **state)
{
	static const size_t sizes[] = {1, 512, 4096, 4097, 174080, ROM_MAX};
	struct tree *tree = *state;
	a_card(card, tree, 0);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		own_free char *data = NULL;
		struct error *err = NULL;
		size_t len = 0;

		card->size = sizes[i];
		card->writes_on = card->writes_off = 0;
		data = rom_dump(&tree->root, &GPU, &len, &err);
		assert_null(err);
		assert_non_null(data);
		assert_int_equal(len, sizes[i]);
		for (size_t k = 0; k < len; k++)
			if ((uint8_t)data[k] != byte_at(k))
				fail_msg("byte %zu of %zu", k, len);
		assert_int_equal(card->writes_on, 1);
		is_off(card);
	}
	card_free(card);
}

static void refused(struct tree *tree, const struct pci_function *f, const char *words)
{
	struct error *err = NULL;
	size_t len;

	assert_null(rom_dump(&tree->root, f, &len, &err));
	says(&err, words);
}

static void failures(void **state)
{
	static const size_t places[] = {0, 4096, 174000};
	struct tree *tree = *state;
	struct pci_function f = GPU;
	char driver[] = "nouveau", suspended[] = "suspended";
	a_card(card, tree, 174080);

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		card->writes_off = 0;
		card->error = EIO;
		card->fails_at = places[i];
		refused(tree, &f, "finds no ROM in " ADDRESS " that begins with 55 AA");
		is_off(card);
	}
	f.driver = driver;
	refused(tree, &f, "its driver nouveau may have switched it off");
	f.runtime_status = suspended;
	refused(tree, &f, "while the device is asleep: wake it first");
	card->error = ENXIO;
	refused(tree, &f, "cannot read the ROM of " ADDRESS ": No such device or address");
	card->error = 0;
	card->size = 0;
	f.runtime_status = NULL;
	refused(tree, &f, "finds no ROM in");
	card->writes_off = 0;
	card->size = ROM_MAX + 1;
	refused(tree, &f, "is too large for an option ROM");
	is_off(card);
	card->write_error = EACCES;
	refused(tree, &f, "cannot read the ROM of " ADDRESS ": Permission denied");
	assert_false(card->on);
	card_free(card);
}

static void told_when_it_stays_on(void **state)
{
	struct tree *tree = *state;
	struct error *err = NULL;
	size_t len;
	a_card(card, tree, 512);

	card->stays_on = true;
	assert_null(rom_dump(&tree->root, &GPU, &len, &err));
	assert_int_equal(error_kind(err), ERROR_LEFT);
	assert_non_null(strstr(error_message(err, 0), "echo 0 >/sys/bus/pci/devices/" ADDRESS));
	error_free(steal(&err));
	card->stays_on = false;
	card->off_error = EIO;
	assert_null(rom_dump(&tree->root, &GPU, &len, &err));
	assert_int_equal(error_kind(err), ERROR_LEFT);
	error_free(err);
	card_free(card);
}

static struct card *interrupted;
static volatile sig_atomic_t interrupts, interrupted_while_on;

static void on_signal(int number)
{
	(void)number;
	interrupts++;
	interrupted_while_on |= interrupted->on;
}

static void signals_wait(void **state)
{
	struct tree *tree = *state;
	struct error *err = NULL;
	own_free char *data = NULL;
	size_t len;
	a_card(card, tree, 65536);

	interrupted = card;
	card->interrupts_at = 8192;
	signal(SIGUSR1, on_signal);
	data = rom_dump(&tree->root, &GPU, &len, &err);
	signal(SIGUSR1, SIG_DFL);
	assert_non_null(data);
	assert_int_equal(interrupts, 1);
	assert_int_equal(interrupted_while_on, 0);
	card_free(card);
}

static void without_a_rom(void **state)
{
	struct tree *tree = *state;

	refused(tree, &GPU, ADDRESS " has no option ROM");
}

#define in_tree(f) cmocka_unit_test_setup_teardown(f, tree_make, tree_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(without_a_rom),		in_tree(whole),	       in_tree(failures),
		in_tree(told_when_it_stays_on), in_tree(signals_wait),
	};

	return cmocka_run_group_tests_name("rom_dump", tests, NULL, NULL);
}
