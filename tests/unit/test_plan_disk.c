/* Composing disks from hand-made facts: how the host reads and writes them. */
#include "plan_world.h"

/* Files that are there and that any user may write; nothing opens them. */
#define FILE_THERE "/proc/self/comm"
#define OTHER_FILE "/proc/self/oom_score_adj"
#define DISK "[disk a]\npath = " FILE_THERE "\n"
#define NODE                                                          \
	"driver=raw,node-name=disk-a,read-only=off,file.driver=file," \
	"file.filename=" FILE_THERE
#define DEVICE "virtio-blk-pci,id=disk-a,bus=port10,addr=00.0,drive=disk-a"

static void disk_is(const char *text, const char *more, const char *device)
{
	struct world w = world();
	own_free char *profile = xasprintf("%s%s", DISK, text);
	own_free char *node = xasprintf("%s%s\n", NODE, more);
	own_free char *front = xasprintf("%s%s,bootindex=1\n", DEVICE, device);
	own_plan struct plan *plan = planned(&w, profile);

	values_are(plan, "-blockdev", "driver=raw,node-name=disk-", node);
	values_are(plan, "-device", "virtio-blk-pci", front);
}

static void cache_modes(void **state)
{
	(void)state;
	disk_is("", "", "");
	disk_is("cache = writeback\n", "", "");
	disk_is("cache = none\n", ",cache.direct=on,file.aio=native", "");
	disk_is("cache = directsync\n", ",cache.direct=on,file.aio=native", ",write-cache=off");
	disk_is("cache = writethrough\n", "", ",write-cache=off");
	disk_is("cache = unsafe\n", ",cache.no-flush=on", "");
	misread(DISK "cache = on\n", "p.ini:3:9: disk/a.cache: 'on' is none of writeback | none | "
				     "writethrough | directsync | unsafe\n");
}

static void ways_of_io(void **state)
{
	struct world w = world();

	(void)state;
	disk_is("io = threads\n", ",file.aio=threads", "");
	disk_is("io = io_uring\n", ",file.aio=io_uring", "");
	disk_is("cache = none\nio = native\n", ",cache.direct=on,file.aio=native", "");
	disk_is("cache = none\nio = threads\n", ",cache.direct=on,file.aio=threads", "");
	refused(&w, DISK "io = native\n", ERROR_USAGE,
		"p.ini:3:6: disk a.io = native needs cache = none or cache = directsync\n");
	refused(&w, DISK "cache = unsafe\nio = native\n", ERROR_USAGE,
		"p.ini:4:6: disk a.io = native needs cache = none or cache = directsync\n");
}

static void discarding(void **state)
{
	(void)state;
	disk_is("discard = no\n", "", "");
	disk_is("discard = yes\n", ",discard=unmap,file.discard=unmap", "");
	disk_is("discard = yes\ncache = none\n",
		",cache.direct=on,discard=unmap,file.aio=native,file.discard=unmap", "");
}

static void cdroms(void **state)
{
	struct world w = world();
	own_plan struct plan *plan =
		planned(&w, "[disk]\npath = " FILE_THERE "\nmedia = cdrom\ncache = directsync\n");

	(void)state;
	values_are(plan, "-blockdev", "driver=raw,node-name=disk",
		   "driver=raw,node-name=disk,read-only=on,file.driver=file,"
		   "file.filename=" FILE_THERE ",cache.direct=on,file.aio=native\n");
	/* A drive that only reads has no write cache. */
	has(plan, "-device", "ide-cd,id=disk,bus=ide.0,drive=disk,bootindex=1");
}

static void threads_of_their_own(void **state)
{
	struct world w = world();
	own_plan struct plan *plan =
		planned(&w, DISK "iothread = yes\n[disk]\npath = " OTHER_FILE "\niothread = yes\n");

	(void)state;
	values_are(plan, "-object", "iothread", "iothread,id=io-a\niothread,id=io-disk\n");
	values_are(plan, "-device", "virtio-blk-pci",
		   DEVICE ",iothread=io-a,bootindex=1\n"
			  "virtio-blk-pci,id=disk,bus=port11,addr=00.0,drive=disk,iothread=io-disk,"
			  "bootindex=2\n");
	refused(&w, DISK "iothread = yes\nmedia = cdrom\n", ERROR_USAGE,
		"p.ini:3:12: disk.iothread: a CD-ROM drive is a SATA one, and QEMU serves those in "
		"its main thread\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache_modes),		cmocka_unit_test(ways_of_io),
		cmocka_unit_test(discarding),		cmocka_unit_test(cdroms),
		cmocka_unit_test(threads_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
