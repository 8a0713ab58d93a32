/* Composing disks from hand-made facts: how the host reads and writes them. */
#include "plan_world.h"

#include <errno.h>

/* Files that are there and that any user may write; nothing opens them. */
#define FILE_THERE "/proc/self/comm"
#define OTHER_FILE "/proc/self/oom_score_adj"
#define DISK "[disk a]\npath = " FILE_THERE "\n"
#define NODE                                                          \
	"driver=raw,node-name=disk-a,read-only=off,file.driver=file," \
	"file.filename=" FILE_THERE
#define PLACE "virtio-blk-pci,id=disk-a,bus=port10,addr=00.0"
#define DEVICE PLACE ",drive=disk-a"

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
	misread(DISK "cache = on\n", "p.ini:3:9: disk a.cache: 'on' is none of writeback | none | "
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

/* By the kernel, and by the QEMU. */
static void io_uring_that_cannot_be_had(void **state)
{
	static const char text[] = DISK "io = io_uring\n";
	struct world w = world();

	(void)state;
	w.facts.uring.state = URING_GROUP;
	refusal_says(&w, text,
		     "p.ini:3:6: disk a.io = io_uring: the kernel leaves io_uring to a group");
	w.facts.uring.state = URING_CLOSED;
	refusal_says(&w, text, "kernel.io_uring_disabled = 2");
	w.facts.uring.state = URING_REFUSED;
	w.facts.uring.errnum = ENOMEM;
	refusal_says(&w, text,
		     "made no io_uring for this process just now; choose native or threads");
	w.facts.uring.errnum = EPERM;
	refusal_says(&w, text, "a container's filter forbids it; choose native or threads");
	plan_free(planned(&w, DISK "io = threads\n"));
	/* Who asks for it has what there is. */
	w.facts.uring.state = URING_OLD;
	plan_free(planned(&w, text));
	w.facts.uring.state = URING_USABLE;
	w.facts.qemu.offers[QEMU_AIO] = (struct qemu_names){(char **)WORLD_NOTHING, 0};
	refusal_says(&w, text, "QEMU 7.2.22 is built without it");
	plan_free(planned(&w, DISK "io = threads\n"));
}

/* How the disk is read when nothing is said, and why. */
static void by_itself(struct world *w, const char *text, const char *io, const char *why)
{
	own_free char *profile = xasprintf("%s%s", DISK, text);
	own_plan struct plan *plan = planned(w, profile);
	const struct argument *node = find(plan, "-blockdev", "driver=raw,node-name=disk-a,");
	own_free char *aio = io ? xasprintf("file.aio=%s", io) : NULL;

	assert_non_null(node);
	assert_true(aio ? strstr(node->value, aio) != NULL : !strstr(node->value, "aio"));
	if (why)
		assert_non_null(strstr(node->cause.why, why));
	else
		assert_null(node->cause.why);
}

static void io_uring_by_itself(void **state)
{
	struct world w = world();

	(void)state;
	by_itself(&w, "", NULL, NULL);
	w.facts.uring.state = URING_USABLE;
	by_itself(&w, "", "io_uring", "by io_uring, which this kernel");
	by_itself(&w, "cache = none\n", "native", NULL);
	by_itself(&w, "cache = none\nio = io_uring\n", "io_uring", NULL);
	by_itself(&w, "io = threads\n", "threads", NULL);
	for (enum uring_state s = URING_CLOSED; s < URING_STATES; s++) {
		w.facts.uring.state = s;
		by_itself(&w, "", NULL, uring_reason(&w.facts.uring));
		by_itself(&w, "cache = none\n", "native", NULL);
	}
	w.facts.uring.state = URING_USABLE;
	w.facts.qemu.offers[QEMU_AIO] = (struct qemu_names){(char **)WORLD_NOTHING, 0};
	by_itself(&w, "", NULL, "built without io_uring");
}

static void io_uring_by_storage(void **state)
{
	struct image image = {.path = S(FILE_THERE)}, *images[] = {&image};
	struct plan_block block = {.path = FILE_THERE, .accessible = true};
	struct world w = world();

	(void)state;
	w.facts.uring.state = URING_USABLE;
	w.in.image = images;
	w.in.images = 1;
	by_itself(&w, "", "io_uring", "by io_uring");
	image.is_smb = true;
	by_itself(&w, "", NULL, "on SMB");
	image.is_smb = false;
	w.in.block = &block;
	w.in.blocks = 1;
	by_itself(&w, "", "io_uring", "by io_uring");
	block.mapped = true;
	by_itself(&w, "", NULL, "on volumes of device-mapper (LVM's)");
}

/* What io_uring has the kernel do beside QEMU's threads keeps off the guest's processors. */
static void io_uring_beside_pinned_processors(void **state)
{
	struct world w = world();

	(void)state;
	by_itself(&w, "[cpu]\nplacement = performance\n", NULL, NULL);
	w.facts.uring.state = URING_USABLE;
	by_itself(&w, "[cpu]\nplacement = performance\n", NULL,
		  "would let run on the guest's processors");
	w.facts.uring.workers_stay = true;
	by_itself(&w, "[cpu]\nplacement = performance\n", "io_uring", "by io_uring");
	by_itself(&w, "bus = nvme\n[cpu]\nplacement = performance\n", "io_uring", "by io_uring");
	by_itself(&w, "bus = sata\n[cpu]\nplacement = performance\n", NULL,
		  "with a disk on this bus");
	by_itself(&w, "bus = usb\n[cpu]\nplacement = performance\n", NULL,
		  "with a disk on this bus");
	by_itself(&w, "bus = sata\n[cpu]\nplacement = none\n", "io_uring", "by io_uring");
}

static void discarding(void **state)
{
	(void)state;
	disk_is("discard = no\n", "", "");
	disk_is("discard = yes\n", ",discard=unmap,file.discard=unmap", "");
	disk_is("detect-zeroes = yes\n", ",detect-zeroes=on", "");
	disk_is("detect-zeroes = yes\ndiscard = yes\n",
		",discard=unmap,detect-zeroes=unmap,file.discard=unmap", "");
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
		   PLACE ",iothread=io-a,drive=disk-a,bootindex=1\n"
			 "virtio-blk-pci,id=disk,bus=port11,addr=00.0,iothread=io-disk,drive=disk,"
			 "bootindex=2\n");
	refused(&w, DISK "iothread = yes\nmedia = cdrom\n", ERROR_USAGE,
		"p.ini:3:12: disk a.iothread: QEMU serves a CD-ROM drive in its main thread: leave the key out; disks with bus = virtio-blk or virtio-scsi have threads\n");
	refused(&w, DISK "iothread = yes\nbus = nvme\n", ERROR_USAGE,
		"p.ini:3:12: disk a.iothread: QEMU serves nvme in its main thread: leave the key out; disks with bus = virtio-blk or virtio-scsi have threads\n");
}

static char *const MAPPED[] = {S("iothread"), S("iothread-vq-mapping")};

static struct world queues_world(void)
{
	struct world w = world();

	w.facts.qemu.offers[QEMU_BLK] = (struct qemu_names){(char **)MAPPED, 2};
	w.facts.qemu.offers[QEMU_SCSI] = (struct qemu_names){(char **)MAPPED, 2};
	return w;
}

/* JSON, as nothing else can say the list; numbers are numbers there, and write-cache is none. */
static void queues_among_threads(void **state)
{
	struct world w = queues_world();
	own_plan struct plan *plan = planned(
		&w, DISK "iothreads = 2\nqueues = 4\ncache = writethrough\nserial = A,\"B\n");
	own_plan struct plan *scsi =
		planned(&w, DISK "iothreads = 2\nqueues = 3\nbus = virtio-scsi\n");

	(void)state;
	values_are(plan, "-object", "iothread", "iothread,id=io1-a\niothread,id=io2-a\n");
	values_are(plan, "-device", "{",
		   "{\"driver\":\"virtio-blk-pci\",\"id\":\"disk-a\",\"bus\":\"port10\",\"addr\":"
		   "\"00.0\",\"num-queues\":4,\"iothread-vq-mapping\":[{\"iothread\":\"io1-a\"},"
		   "{\"iothread\":\"io2-a\"}],\"drive\":\"disk-a\",\"serial\":\"A,\\\"B\","
		   "\"write-cache\":\"off\",\"bootindex\":1}\n");
	values_are(
		scsi, "-device", "{",
		"{\"driver\":\"virtio-scsi-pci\",\"id\":\"scsi-disk-a\",\"bus\":\"port10\","
		"\"addr\":\"00.0\",\"num_queues\":3,\"iothread-vq-mapping\":[{\"iothread\":"
		"\"io1-a\"},{\"iothread\":\"io2-a\"}]}\n"
		"{\"driver\":\"scsi-hd\",\"id\":\"disk-a\",\"bus\":\"scsi-disk-a.0\",\"scsi-id\":0,"
		"\"lun\":0,\"drive\":\"disk-a\",\"bootindex\":1}\n");
}

/* What needs no list is said as ever, to any QEMU. */
static void queues_without_a_list(void **state)
{
	struct world w = world();
	own_plan struct plan *one = planned(&w, DISK "iothreads = 1\nqueues = 3\n");
	own_plan struct plan *none = planned(&w, DISK "bus = virtio-scsi\nqueues = 2\n");

	(void)state;
	has(one, "-device", PLACE ",num-queues=3,iothread=io-a,drive=disk-a,bootindex=1");
	has(none, "-device", "virtio-scsi-pci,id=scsi-disk-a,bus=port10,addr=00.0,num_queues=2");
}

static void queues_refused(void **state)
{
	struct world w = queues_world();

	(void)state;
	refused(&w, DISK "bus = nvme\nqueues = 2\niothreads = 2\n", ERROR_USAGE,
		"p.ini:5:13: disk a.iothreads: QEMU serves nvme in its main thread: leave the key out; disks with bus = virtio-blk or virtio-scsi have threads\n"
		"p.ini:4:10: disk a.queues: only a disk on virtio-blk or virtio-scsi has several\n");
	refused(&w, DISK "queues = 2\niothreads = 3\n", ERROR_USAGE,
		"p.ini:4:13: disk a.iothreads = 3: the disk has no more than 2 queues, by its key queues "
		"or by the guest's processors\n");
	w = world();
	refused(&w, DISK "queues = 2\niothreads = 2\n", ERROR_HOST,
		"p.ini:4:13: disk a.iothreads = 2: QEMU 7.2.22 cannot divide the queues of virtio-blk "
		"among threads: iothread = yes has one\n");
	misread(DISK "iothreads = 0\n",
		"p.ini:3:13: disk a.iothreads: '0' is out of range; 1 to 16\n");
}

static void device_is(const char *text, const char *prefix, const char *devices)
{
	struct world w = world();
	own_free char *profile = xasprintf("%s%s", DISK, text);
	own_plan struct plan *plan = planned(&w, profile);

	values_are(plan, "-device", prefix, devices);
}

static void buses(void **state)
{
	struct world w = world();

	(void)state;
	device_is("bus = virtio-blk\nserial = A-1\n", "virtio-blk-pci",
		  DEVICE ",serial=A-1,bootindex=1\n");
	device_is("bus = sata\nserial = 12345678901234567890\nrotation = ssd\n", "ide-hd",
		  "ide-hd,id=disk-a,bus=ide.0,drive=disk-a,serial=12345678901234567890,"
		  "rotation_rate=1,bootindex=1\n");
	device_is("bus = usb\nserial = a,b\ncache = writethrough\n", "usb-storage",
		  "usb-storage,id=disk-a,bus=usb.0,port=1,drive=disk-a,serial=a,,b,write-cache=off,"
		  "bootindex=1\n");
	device_is("bus = usb\nremovable = yes\n", "usb-storage",
		  "usb-storage,id=disk-a,bus=usb.0,port=1,drive=disk-a,removable=on,bootindex=1\n");
	device_is("bus = nvme\nserial = mine\n", "nvme",
		  "nvme,id=disk-a,bus=port10,addr=00.0,drive=disk-a,serial=mine,bootindex=1\n");
	refused(&w, DISK "bus = sata\nread-only = yes\n", ERROR_USAGE,
		"p.ini:4:13: disk a.read-only: QEMU has no SATA disk that cannot be written to: another "
		"disk a.bus, or media = cdrom\n");
	refused(&w, DISK "rotation = hdd\n", ERROR_USAGE,
		"p.ini:3:12: disk a.rotation: virtio-blk does not say whether it rotates; a disk on "
		"virtio-scsi or sata does\n");
	refused(&w, DISK "bus = sata\nremovable = yes\n", ERROR_USAGE,
		"p.ini:4:13: disk a.removable: of the disks only one on usb can be\n");
	refused(&w, DISK "bus = nvme\nmedia = cdrom\n", ERROR_USAGE,
		"p.ini:3:7: disk a.bus = nvme: QEMU has no CD-ROM drive there: sata or virtio-scsi\n");
	misread(DISK "serial = 123456789012345678901\n",
		"p.ini:3:10: disk a.serial: '123456789012345678901' is not 1 to 20 printable characters "
		"without space, or auto\n");
}

static const char *serial_of(const struct plan *plan, const char *start)
{
	return strstr(find(plan, "-device", start)->value, "serial=") + strlen("serial=");
}

/* NVMe needs a serial number: each disk gets one of its own, and keeps it. */
static void made_serials(void **state)
{
	static const char text[] = DISK "bus = nvme\n[disk b]\npath = /etc/group\nread-only = yes\n"
					"bus = nvme\n";
	struct world w = world();
	own_plan struct plan *plan = planned(&w, text), *again = planned(&w, text);
	const char *a = serial_of(plan, "nvme,id=disk-a"), *b = serial_of(plan, "nvme,id=disk-b");

	(void)state;
	assert_int_equal(strspn(a, "0123456789ABCDEF"), 20);
	assert_int_equal(strspn(b, "0123456789ABCDEF"), 20);
	assert_memory_not_equal(a, b, 20);
	assert_memory_equal(a, serial_of(again, "nvme,id=disk-a"), 20);
}

#define ON_SCSI                                                                \
	"bus = virtio-scsi\nrotation = hdd\n"                                  \
	"[disk b]\npath = " OTHER_FILE "\nbus = virtio-scsi\niothread = yes\n" \
	"[disk c]\npath = /etc/group\nbus = virtio-scsi\nmedia = cdrom\n"

/* One controller for all, and one for each disk with a thread. */
static void scsi(void **state)
{
	(void)state;
	device_is(ON_SCSI, "virtio-scsi-pci",
		  "virtio-scsi-pci,id=scsi,bus=port10,addr=00.0\n"
		  "virtio-scsi-pci,id=scsi-disk-b,bus=port11,addr=00.0,iothread=io-b\n");
	device_is(ON_SCSI, "scsi-",
		  "scsi-hd,id=disk-a,bus=scsi.0,scsi-id=0,lun=0,drive=disk-a,rotation_rate=7200,"
		  "bootindex=1\n"
		  "scsi-hd,id=disk-b,bus=scsi-disk-b.0,scsi-id=0,lun=0,drive=disk-b,bootindex=2\n"
		  "scsi-cd,id=disk-c,bus=scsi.0,scsi-id=1,lun=0,drive=disk-c,bootindex=3\n");
}

/* The sixteenth has no place. */
static void usb_ports(void **state)
{
	own_buf struct buf text = {0};
	struct world w = world();

	(void)state;
	for (unsigned i = 1; i <= 16; i++) {
		if (i == 16) {
			own_plan struct plan *plan = planned(&w, text.data);

			has(plan, "-device", "qemu-xhci,id=usb,bus=port10,p2=15,p3=15");
			has(plan, "-device",
			    "usb-storage,id=disk-d15,bus=usb.0,port=15,drive=disk-d15,bootindex=15");
		}
		buf_addf(&text, "[disk d%u]\npath = /etc/group\nread-only = yes\nbus = usb\n", i);
	}
	refused(&w, text.data, ERROR_USAGE,
		"p.ini:61:1: disk d16: more USB devices than the controller has ports (15)\n");
}

/* Where overlays are: the set has the descriptor's number, the first one behind the monitors. */
#define OVERLAY                                                         \
	"driver=qcow2,node-name=disk-a,read-only=off,file.driver=file," \
	"file.filename=/dev/fdset/5,cache.no-flush=on"
#define UNDER "backing.read-only=on,backing.file.driver=file,backing.file.filename=" FILE_THERE

static struct world ephemeral_world(struct plan_program *qemu_img)
{
	struct world w = world();

	*qemu_img = (struct plan_program){.name = QEMU_IMG, .path = S("/usr/bin/qemu-img")};
	w.in.program = qemu_img;
	w.in.programs = 1;
	w.in.ephemeral = true;
	return w;
}

static void overlay_is(const char *text, const char *more, const char *under)
{
	struct plan_program qemu_img;
	struct world w = ephemeral_world(&qemu_img);
	own_free char *profile = xasprintf("%s%s", DISK, text);
	own_free char *node = xasprintf(OVERLAY "%s,backing.driver=%s\n", more, under);
	own_plan struct plan *plan = planned(&w, profile);

	values_are(plan, "-add-fd", "", "fd=5,set=5\n");
	values_are(plan, "-blockdev", "driver=qcow2,node-name=disk-", node);
	has(plan, "-device", DEVICE ",bootindex=1");
}

static const struct prepare *prepared(const struct plan *plan, enum prepare_kind kind)
{
	for (size_t i = 0; i < plan->prepares; i++)
		if (plan->prepare[i].kind == kind)
			return &plan->prepare[i];
	return NULL;
}

static void throwing_away(void **state)
{
	struct plan_program qemu_img;
	struct world w = ephemeral_world(&qemu_img);
	own_plan struct plan *plan = planned(&w, DISK "[disk b]\npath = /proc/thread-self/comm\n");
	const struct prepare *overlay = prepared(plan, PREPARE_OVERLAY);
	const struct prepare *vars = prepared(plan, PREPARE_VARS_COPY);

	(void)state;
	assert_string_equal(overlay->path, FILE_THERE);
	assert_string_equal(overlay->source, "/home/u/.local/state/vmlaunch/p");
	assert_string_equal(overlay->program, "/usr/bin/qemu-img");
	assert_string_equal(overlay->format, "raw");
	assert_int_equal(overlay->number, 5);
	assert_int_equal(plan->fd[2].number, 5);
	assert_int_equal(plan->fd[2].role, FD_OVERLAY);
	values_are(plan, "-add-fd", "", "fd=5,set=5\nfd=6,set=6\n");
	/* Nothing in the machine's own directory is written, and nothing is recorded. */
	assert_string_equal(vars->path, "/run/user/1/vmlaunch/p/vars.fd");
	assert_string_equal(vars->store, "/home/u/.local/state/vmlaunch/p/vars.fd");
	assert_null(prepared(plan, PREPARE_VARS));
	assert_null(prepared(plan, PREPARE_RECORD));
	notes_are(plan, "a throw-away start: all that the guest writes to its disks goes to files "
			"without names in /home/u/.local/state/vmlaunch/p, and is gone when it "
			"ends\n");
}

static struct plan_program QEMU_IMG_THERE = {.name = QEMU_IMG, .path = S("/usr/bin/qemu-img")};

/* An image that is not there is made by qemu-img, unless nothing is to stay. */
static void making(void **state)
{
	static const char text[] = DISK "create = 20G\nformat = qcow2\n";
	struct image missing = {.path = S(FILE_THERE), .errnum = ENOENT, .missing = true};
	struct image *image = &missing;
	struct world w = world();
	const struct prepare *made;

	(void)state;
	w.in.image = &image;
	w.in.images = 1;
	refusal_says(&w, text, "p.ini:3:10: disk a.create needs qemu-img, which is not in PATH");
	w.in.program = &QEMU_IMG_THERE;
	w.in.programs = 1;
	own_plan struct plan *plan = planned(&w, text);
	made = prepared(plan, PREPARE_DISK);
	assert_string_equal(made->path, FILE_THERE);
	assert_string_equal(made->program, "/usr/bin/qemu-img");
	assert_string_equal(made->format, "qcow2");
	assert_int_equal(made->size, 20 * GIB);
	w.in.ephemeral = true;
	refusal_says(&w, text, "a throw-away start makes none that stays");
	w.in.ephemeral = missing.missing = false;
	missing.errnum = 0;
	missing.kind = IMAGE_QCOW2;
	own_plan struct plan *there = planned(&w, text);
	assert_null(prepared(there, PREPARE_DISK));
	misread(DISK "create = 1G\nread-only = yes\n",
		"p.ini:3:10: disk a.create: makes an empty raw or qcow2 disk for a guest to write to, "
		"and disk a.read-only says otherwise\n");
}

/* The kernel is asked about each block device, and keeps others off one that is written to. */
static void claiming(void **state)
{
	struct plan_block block = {.path = FILE_THERE, .major = 8, .minor = 1, .accessible = true};
	struct world w = world();

	(void)state;
	w.in.block = &block;
	w.in.blocks = 1;
	own_plan struct plan *plan = planned(&w, DISK);
	assert_true(prepared(plan, PREPARE_CLAIM)->held);
	assert_true(prepared(plan, PREPARE_CLAIM)->granted);
	own_plan struct plan *reads = planned(&w, DISK "read-only = yes\n");
	assert_false(prepared(reads, PREPARE_CLAIM)->held);
}

static void what_is_thrown_away(void **state)
{
	(void)state;
	overlay_is("", "", "raw," UNDER);
	overlay_is("format = qcow2\n", "", "qcow2," UNDER);
	/* Reading the image is as the profile wants it; what is lost in any case is never waited
	 * for. */
	overlay_is("cache = none\n", "",
		   "raw," UNDER ",backing.cache.direct=on,backing.file.aio=native");
	overlay_is("discard = yes\n", ",discard=unmap,file.discard=unmap", "raw," UNDER);
}

static void what_is_only_read(void **state)
{
	struct plan_program qemu_img;
	struct world w = ephemeral_world(&qemu_img);
	own_plan struct plan *plan =
		planned(&w, DISK "read-only = yes\n[disk]\npath = /etc/group\nmedia = cdrom\n"
				 "[firmware]\nreset-vars = yes\n");

	(void)state;
	lacks(plan, "-add-fd", NULL);
	assert_null(prepared(plan, PREPARE_OVERLAY));
	/* Asked for a fresh store, it gets one; the machine's own stays. */
	assert_string_equal(prepared(plan, PREPARE_VARS_SCRATCH)->source, "/fw/VARS.fd");
	notes_are(plan, "");
	qemu_img.path = NULL;
	plan_free(planned(&w, DISK "read-only = yes\n"));
	refused(&w, DISK, ERROR_HOST,
		"a throw-away start needs qemu-img, which is not in PATH: install qemu-img "
		"(qemu-utils on Debian and Ubuntu; qemu-img on Fedora, Arch, openSUSE; "
		"app-emulation/qemu on Gentoo; qemu on NixOS)\n");
}

static void what_would_stay(void **state)
{
	struct plan_program qemu_img;
	struct world w = ephemeral_world(&qemu_img);
	own_plan struct plan *plan = planned(&w, "[pci]\ndevice = 144d:a80a\n");

	(void)state;
	notes_are(plan,
		  "what the guest writes to the drives behind 0000:03:00.0 stays, as they are "
		  "passed whole\n");
	refused(&w, "[qemu]\narg = -drive\narg = file=/x,format=raw\n", ERROR_USAGE,
		"p.ini:2:7: qemu.arg: -drive keeps what the guest writes, in a throw-away start "
		"too: leave it out, or make it read-only or a [disk]\n");
	refusal_says(&w, "[qemu]\narg = --hda\narg = /x\n", "-hda keeps what the guest writes");
	plan_free(planned(&w, "[qemu]\narg = -drive\narg = file=/x,format=raw,snapshot=on\n"));
	w.in.ephemeral = false;
	plan_free(planned(&w, "[qemu]\narg = -drive\narg = file=/x,format=raw\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache_modes),
		cmocka_unit_test(ways_of_io),
		cmocka_unit_test(io_uring_that_cannot_be_had),
		cmocka_unit_test(io_uring_by_itself),
		cmocka_unit_test(io_uring_by_storage),
		cmocka_unit_test(io_uring_beside_pinned_processors),
		cmocka_unit_test(discarding),
		cmocka_unit_test(cdroms),
		cmocka_unit_test(threads_of_their_own),
		cmocka_unit_test(queues_among_threads),
		cmocka_unit_test(queues_without_a_list),
		cmocka_unit_test(queues_refused),
		cmocka_unit_test(buses),
		cmocka_unit_test(made_serials),
		cmocka_unit_test(scsi),
		cmocka_unit_test(usb_ports),
		cmocka_unit_test(throwing_away),
		cmocka_unit_test(making),
		cmocka_unit_test(claiming),
		cmocka_unit_test(what_is_thrown_away),
		cmocka_unit_test(what_is_only_read),
		cmocka_unit_test(what_would_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
