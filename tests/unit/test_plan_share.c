/* Shares: by virtiofsd or by 9p, what the memory becomes for it, and what is refused. */
#include "plan_world.h"

static const struct plan_program programs[] = {{"virtiofsd", S("/usr/libexec/virtiofsd")}};
static char *const devices[] = {S("vhost-user-fs-pci"), S("virtio-9p-pci")};
static char *const shares[] = {S("machine.aux-ram-share")};

static struct world equipped(void)
{
	struct world w = world();

	w.in.program = programs;
	w.in.programs = 1;
	w.facts.distribution = DISTRIBUTION_ARCH;
	w.facts.memory.shmem_huge = true;
	w.facts.qemu.version = S("10.0.3");
	w.facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){(char **)devices, 2};
	w.facts.qemu.offers[QEMU_OPTIONS] = (struct qemu_names){(char **)shares, 1};
	return w;
}

#define DOCS "[share docs]\npath = /usr\n"
#define SOCKET "/run/user/1/vmlaunch/p/share-docs.sock"

static void by_virtiofsd(void **state)
{
	struct world w = equipped();
	own_plan struct plan *plan = planned(&w, DOCS "read-only = yes\n");
	const struct plan_companion *companion = plan->companion;
	own_buf struct buf words = {0};

	(void)state;
	notes_are(plan, "");
	assert_int_equal(plan->companions, 1);
	for (size_t i = 0; i < companion->args; i++)
		buf_addf(&words, "%s ", companion->argv[i]);
	assert_string_equal(words.data,
			    "/usr/libexec/virtiofsd --fd 3 --shared-dir /usr --readonly ");
	assert_int_equal(companion->when, COMPANION_BEFORE);
	assert_int_equal(companion->join, JOIN_LISTEN);
	assert_string_equal(companion->socket, SOCKET);
	has(plan, "-chardev", "socket,id=share-docs,path=" SOCKET);
	values_are(plan, "-device", "vhost-user-fs-pci",
		   "vhost-user-fs-pci,id=share-docs,bus=port10,addr=00.0,chardev=share-docs,tag="
		   "docs\n");
}

/* text: behind DOCS; the backend, and the notes. */
static void memory_is(struct world *w, const char *text, const char *backend, const char *notes)
{
	own_free char *all = xasprintf(DOCS "%s", text);
	own_plan struct plan *plan = planned(w, all);

	assert_string_equal(find(plan, "-object", "memory-backend")->value, backend);
	notes_are(plan, notes);
}

#define COSTS "a share by virtiofs costs this guest its transparent huge pages"

static void what_the_memory_becomes(void **state)
{
	struct world w = equipped();

	(void)state;
	memory_is(&w, "", "memory-backend-ram,id=ram,size=4294967296,share=on", "");
	memory_is(&w, "type = 9p\n", "memory-backend-ram,id=ram,size=4294967296", "");
	memory_is(&w, "enabled = no\n", "memory-backend-ram,id=ram,size=4294967296", "");
	w.facts.memory.shmem_huge = false;
	memory_is(&w, "", "memory-backend-ram,id=ram,size=4294967296,share=on",
		  COSTS ", as the kernel gives shared memory none "
			"(/sys/kernel/mm/transparent_hugepage/shmem_enabled; advise would): "
			"memory.hugepages = 2M gives it others\n");
	w.facts.qemu.offers[QEMU_OPTIONS].n = 0;
	memory_is(&w, "", "memory-backend-memfd,id=ram,size=4294967296,share=on",
		  COSTS ": memory.hugepages = 2M gives it others\n");
	/* Huge pages that were set apart are shared as they are. */
	w.facts.hugepages[0].free = 2048;
	memory_is(&w, "",
		  "memory-backend-memfd,id=ram,size=4294967296,hugetlb=on,hugetlbsize=2097152,"
		  "share=on,prealloc=on,prealloc-threads=8",
		  "");
}

static void by_9p(void **state)
{
	static char *const neither[] = {S("virtio-blk-pci")};
	struct world w = equipped();
	own_plan struct plan *wanted = planned(&w, DOCS "type = 9p\n"), *instead = NULL;

	(void)state;
	assert_int_equal(wanted->companions, 0);
	has(wanted, "-fsdev",
	    "local,id=share-docs,path=/usr,security_model=mapped-xattr,multidevs=remap");
	values_are(wanted, "-device", "virtio-9p-pci",
		   "virtio-9p-pci,id=share-docs,bus=port10,addr=00.0,fsdev=share-docs,mount_tag="
		   "docs\n");
	notes_are(wanted, "");
	w.in.programs = 0;
	instead = planned(&w, DOCS "read-only = yes\n");
	has(instead, "-fsdev",
	    "local,id=share-docs,path=/usr,security_model=mapped-xattr,multidevs=remap,"
	    "readonly=on");
	notes_are(instead,
		  "share docs is served by QEMU with 9p, which Windows cannot mount: there is no "
		  "program virtiofsd: install virtiofsd (sudo pacman -S virtiofsd)\n");
	refused(&w, DOCS "type = virtiofs\n", ERROR_HOST,
		"p.ini:3:8: share docs.type = virtiofs: there is no program virtiofsd: install "
		"virtiofsd (sudo pacman -S virtiofsd)\n");
	w = equipped();
	w.facts.userns_closed = true;
	refusal_says(&w, DOCS "type = virtiofs\n", "the kernel lets no user make a user namespace");
	w = equipped();
	refusal_says(&w, DOCS "type = virtiofs\n[memory]\nshared = no\n",
		     "share docs.type = virtiofs: memory.shared = no, and it needs that");
	w.in.is_root = true;
	refusal_says(&w, DOCS "type = virtiofs\n", "vm.user names another user");
	w = equipped();
	w.facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){(char **)neither, 1};
	refusal_says(&w, DOCS, "share docs: QEMU 10.0.3 is built without 9p, and QEMU 10.0.3 is");
}

#define LONG "123456789012345678901234567890123456"

static void tags(void **state)
{
	struct world w = equipped();
	own_plan struct plan *plan = planned(&w, DOCS "tag = " LONG "\n");

	(void)state;
	assert_non_null(plan);
	refused(&w, DOCS "tag = " LONG "7\n", ERROR_USAGE,
		"p.ini:3:7: share docs.tag: '" LONG "7' has 37 bytes, and virtiofs takes at most "
		"36\n");
	refused(&w, DOCS "type = 9p\ntag = " LONG "\n", ERROR_USAGE,
		"p.ini:4:7: share docs.tag: '" LONG "' has 36 bytes, and 9p takes at most 31\n");
	refused(&w, DOCS "[share other]\npath = /usr\ntag = docs\n", ERROR_USAGE,
		"p.ini:5:7: share other.tag: 'docs' is the tag of [share docs] already, and a "
		"guest mounts by it\n");
}

static void what_is_left_out(void **state)
{
	struct world w = equipped();
	own_plan struct plan *probe = NULL, *thrown = NULL;

	(void)state;
	w.in.ephemeral = true;
	thrown = planned(&w, DOCS);
	notes_are(thrown, "what the guest writes to share docs stays\n");
	w.in.ephemeral = false;
	w.in.purpose = PURPOSE_PROBE;
	w.in.probe_program = "/usr/lib/probe.efi";
	w.in.probe_parameters = "";
	probe = planned(&w, DOCS);
	assert_int_equal(probe->companions, 0);
	lacks(probe, "-device", "vhost-user-fs-pci");
	lacks(probe, "-fsdev", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_virtiofsd),
		cmocka_unit_test(what_the_memory_becomes),
		cmocka_unit_test(by_9p),
		cmocka_unit_test(tags),
		cmocka_unit_test(what_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
