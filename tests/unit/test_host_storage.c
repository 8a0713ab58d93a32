/* Block devices, and what the host does with them. */
#include "host_tree.h"

#include "host/storage.h"

#define NVME "pci0000:00/0000:00:1d.0/0000:02:00.0/nvme/nvme0/nvme0n1"

/* A disk or, with parent, a partition; path is below /sys/devices. */
static void put_block(void **state, const char *name, const char *path, const char *dev,
		      bool partition)
{
	own_free char *link = xasprintf("sys/class/block/%s", name);
	own_free char *target = xasprintf("../../devices/%s", path);
	own_free char *dev_name = xasprintf("sys/devices/%s/dev", path);
	own_free char *size = xasprintf("sys/devices/%s/size", path);
	own_free char *part = xasprintf("sys/devices/%s/partition", path);
	own_free char *line = xasprintf("%s\n", dev);

	link_to(state, link, target);
	put(state, dev_name, line);
	put(state, size, "2048\n");
	if (partition)
		put(state, part, "1\n");
}

static void nvme(void **state)
{
	put_block(state, "nvme0n1", NVME, "259:0", false);
	put_block(state, "nvme0n1p1", NVME "/nvme0n1p1", "259:1", true);
	put_block(state, "nvme0n1p2", NVME "/nvme0n1p2", "259:2", true);
	put(state, "proc/self/mountinfo", "22 1 0:21 / /proc rw - proc proc rw\n");
}

static char *claims(const struct storage *storage, const char *path, const struct root *root)
{
	const struct block *b = storage_find(storage, root, path);
	own_storage_claims struct storage_claims v = {0};
	struct buf out = {0};

	assert_non_null(b);
	storage_claims_of(&v, storage, b);
	for (size_t i = 0; i < v.n; i++) {
		own_free char *text = storage_claim_text(&v.v[i]);

		buf_addf(&out, "%s;", text);
	}
	return buf_steal(&out);
}

#define assert_claims(path, text)                          \
	do {                                               \
		own_storage struct storage storage_ = {0}; \
		own_free char *said_ = NULL;               \
		storage_read(&storage_, &root);            \
		said_ = claims(&storage_, path, &root);    \
		assert_string_equal(said_, text);          \
	} while (0)

static void nobody_uses_it(void **state)
{
	tree_root(root);

	nvme(state);
	assert_claims("/dev/nvme0n1", "");
	assert_claims("/dev/nvme0n1p1", "");
}

static void mounts(void **state)
{
	tree_root(root);

	nvme(state);
	put(state, "proc/self/mountinfo",
	    "30 1 259:1 / /mnt/a\\040b rw,nosuid shared:1 master:2 - ext4 /dev/whatever rw\n"
	    "31 1 259:1 /sub /mnt/a\\040b rw - ext4 /dev/whatever rw\n"
	    "32 1 259:1 - broken\n33\n\n");
	assert_claims("/dev/nvme0n1", "nvme0n1p1 is mounted at /mnt/a b;");
	assert_claims("/dev/nvme0n1p1", "nvme0n1p1 is mounted at /mnt/a b;");
	/* Its neighbour is free. */
	assert_claims("/dev/nvme0n1p2", "");
}

static void mounts_by_source(void **state)
{
	tree_root(root);

	nvme(state);
	link_to(state, "dev/disk/by-path/pci-0000:02:00.0-nvme-1-part2", "../../nvme0n1p2");
	put(state, "proc/self/mountinfo",
	    "30 1 0:40 / /data rw - bcachefs /dev/nvme0n1p1:/dev/sdz1 rw\n"
	    "30 1 0:41 / /more rw - btrfs /dev/disk/by-path/pci-0000:02:00.0-nvme-1-part2 rw\n");
	assert_claims("/dev/nvme0n1p1", "nvme0n1p1 is mounted at /data;");
	assert_claims("/dev/nvme0n1p2", "nvme0n1p2 is mounted at /more;");
}

static void mounts_of_others(void **state)
{
	tree_root(root);

	nvme(state);
	link_to(state, "proc/self/ns/mnt", "mnt:[1]");
	link_to(state, "proc/70/ns/mnt", "mnt:[1]");
	put(state, "proc/70/mountinfo", "30 1 259:2 / /not-read rw - ext4 x rw\n");
	link_to(state, "proc/71/ns/mnt", "mnt:[2]");
	put(state, "proc/71/mountinfo", "30 1 259:1 / /in/container rw - ext4 x rw\n");
	assert_claims("/dev/nvme0n1", "nvme0n1p1 is mounted at /in/container;");
}

static void unreadable_mounts_are_no_proof(void **state)
{
	own_free char *path = NULL;
	tree_root(root);

	nvme(state);
	path = in_dir(state, "proc/self/mountinfo");
	assert_int_equal(unlink(path), 0);
	assert_claims("/dev/nvme0n1p1",
		      "nvme0n1p1 may be mounted: cannot read /proc/self/mountinfo;nvme0n1 may be "
		      "mounted: cannot read /proc/self/mountinfo;");
}

static void swap_tables_and_boot_options(void **state)
{
	tree_root(root);

	nvme(state);
	link_to(state, "dev/disk/by-uuid/ABCD-0001", "../../nvme0n1p1");
	link_to(state, "dev/disk/by-label/My\\x20Disk", "../../nvme0n1p2");
	link_to(state, "dev/disk/by-partuuid/00ff", "../../nvme0n1p2");
	put(state, "proc/swaps",
	    "Filename Type\n/dev/nvme0n1p2  partition 1 0 -2\n/swap\\040f file 1 0 1\n");
	put(state, "etc/fstab",
	    "# UUID=abcd-0001 /no\n\n  UUID=abcd-0001\t/boot vfat noauto 0 0\n"
	    "LABEL=\"My\\040Disk\" /a\\040b ext4\n/dev/gone /x ext4\nUUID= /y\nnonsense\n");
	put(state, "etc/crypttab", "luks PARTUUID=00FF none\n");
	put(state, "proc/cmdline", "quiet root=PARTUUID=00ff cryptdevice=/dev/nvme0n1p1:root ro\n");
	assert_claims(
		"/dev/nvme0n1p1",
		"nvme0n1p1 stands in /etc/fstab (/boot);nvme0n1p1 is named by the boot option "
		"cryptdevice=/dev/nvme0n1p1:root;");
	assert_claims(
		"/dev/disk/by-label/My\\x20Disk",
		"nvme0n1p2 is swap space;nvme0n1p2 stands in /etc/fstab (/a b);nvme0n1p2 stands "
		"in /etc/crypttab (luks);nvme0n1p2 is named by the boot option "
		"root=PARTUUID=00ff;");
}

static void stacks_are_climbed(void **state)
{
	tree_root(root);

	nvme(state);
	/* p2 -> md0 -> dm-0 (vg-root), mounted; and a loop of holders must not hang us. */
	put_block(state, "md0", "virtual/block/md0", "9:0", false);
	put_block(state, "dm-0", "virtual/block/dm-0", "253:0", false);
	put(state, "sys/devices/virtual/block/dm-0/dm/name", "vg-root\n");
	put(state, "sys/devices/" NVME "/nvme0n1p2/holders/md0", "");
	put(state, "sys/devices/virtual/block/md0/holders/dm-0", "");
	put(state, "sys/devices/virtual/block/dm-0/holders/md0", "");
	put(state, "proc/self/mountinfo", "30 1 253:0 / / rw - ext4 /dev/mapper/vg-root rw\n");
	assert_claims("/dev/nvme0n1",
		      "nvme0n1p2 is part of md0;md0 is part of dm-0 (vg-root);dm-0 is mounted at "
		      "/;dm-0 is part of md0;");
	assert_claims("/dev/nvme0n1p1", "");
	assert_claims("/dev/mapper/vg-root",
		      "dm-0 is mounted at /;dm-0 is part of md0;md0 is part of dm-0 (vg-root);");
}

static void whole_disk_use_reaches_partitions(void **state)
{
	tree_root(root);

	nvme(state);
	put_block(state, "md0", "virtual/block/md0", "9:0", false);
	put(state, "sys/devices/" NVME "/holders/md0", "");
	put(state, "etc/fstab", "/dev/md0 /raid ext4\n");
	assert_claims("/dev/nvme0n1p1", "nvme0n1 is part of md0;md0 stands in /etc/fstab (/raid);");
}

static void btrfs_members_and_marks(void **state)
{
	tree_root(root);

	nvme(state);
	put(state, "sys/fs/btrfs/1234-5678/devices/nvme0n1p1", "");
	put(state, "sys/fs/btrfs/features/x", "");
	put(state, "run/udev/data/b259:2", "S:disk/x\nE:ID_FS_TYPE=LVM2_member\nE:X=1\n");
	assert_claims("/dev/nvme0n1p1", "nvme0n1p1 is part of the mounted btrfs 1234-5678;");
	assert_claims("/dev/nvme0n1p2", "nvme0n1p2 bears the mark of an LVM volume group;");
}

/* What the firmware started from: the load option of BootCurrent names the partition, behind nodes
 * of other kinds and with the GUID's first fields turned round; a loader says it in UTF-16.
 */
static void the_loaders_partition(void **state)
{
	static const char option[] =
		"\7\0\0\0" /* the variable's attributes */
		"\1\0\0\0"
		"\x34\0" /* the device path's length */
		"o\0s\0\0\0"
		"\1\1\6\0\0\1" /* a PCI function */
		"\4\1\x2a\0\1\0\0\0"
		"\0\x08\0\0\0\0\0\0\0\0\x10\0\0\0\0\0"
		"\x78\x56\x34\x12\xcd\xab\x01\xef\x11\x22\x33\x44\x55\x66\x77\x88"
		"\2\2"
		"\x7f\xff\4"; /* the end's length is one zero here */
	static const char current[] = "\6\0\0\0\x0a";
	static const char *const efivars = "sys/firmware/efi/efivars";
	own_free char *option_file =
		xasprintf("%s/Boot000A-8be4df61-93ca-11d2-aa0d-00e098032b8c", efivars);
	own_free char *current_file =
		xasprintf("%s/BootCurrent-8be4df61-93ca-11d2-aa0d-00e098032b8c", efivars);
	own_free char *loader_file =
		xasprintf("%s/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", efivars);
	char loader[4 + 2 * 37] = {6};

	tree_root(root);
	nvme(state);
	link_to(state, "dev/disk/by-partuuid/12345678-abcd-ef01-1122-334455667788",
		"../../nvme0n1p1");
	link_to(state, "dev/disk/by-partuuid/0fc63daf-8483-4772-8e79-3d69d8477de4",
		"../../nvme0n1p2");
	put_bytes(state, option_file, option, sizeof(option));
	assert_claims("/dev/nvme0n1p1", "");
	put_bytes(state, current_file, current, sizeof(current));
	assert_claims("/dev/nvme0n1p1", "nvme0n1p1 is what the firmware started this host from;");
	assert_claims("/dev/nvme0n1", "nvme0n1p1 is what the firmware started this host from;");
	assert_claims("/dev/nvme0n1p2", "");
	/* Cut off anywhere, it is no proof and no harm. */
	for (size_t len = 0; len < sizeof(option) - 4; len += 3) {
		put_bytes(state, option_file, option, len);
		assert_claims("/dev/nvme0n1p1", "");
	}
	for (size_t i = 0; i < 36; i++)
		loader[4 + 2 * i] = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"[i];
	put_bytes(state, loader_file, loader, sizeof(loader));
	assert_claims("/dev/nvme0n1p2", "nvme0n1p2 is what the firmware started this host from;");
}

/* Whosever loader is in it; a disk that has one can be given away. */
static void partitions_for_loaders(void **state)
{
	tree_root(root);
	nvme(state);
	put(state, "run/udev/data/b259:1",
	    "E:ID_FS_TYPE=vfat\nE:ID_PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b\n");
	assert_claims("/dev/nvme0n1p1",
		      "nvme0n1p1 is a partition that firmware starts a host from;");
	assert_claims("/dev/nvme0n1", "");
	assert_claims("/dev/nvme0n1p2", "");
}

/* A disk is held along with its partition, which is the better word. */
static void held_by_the_kernel(void **state)
{
	own_storage struct storage storage = {0};
	own_free char *said = NULL;

	tree_root(root);
	nvme(state);
	storage_read(&storage, &root);
	storage_add_held(&storage, storage_find(&storage, &root, "/dev/nvme0n1p2"));
	said = claims(&storage, "/dev/nvme0n1", &root);
	assert_string_equal(said,
			    "nvme0n1p2 is in use: the kernel does not open it for one user alone;");
}

static void functions_are_known(void **state)
{
	const struct pci_address bridge = at("00:1d.0"), disk = at("02:00.0"),
				 other = at("03:00.0"), twin = at("04:00.0");
	own_storage struct storage storage = {0};
	own_storage_claims struct storage_claims v = {0};
	const struct block *b;
	tree_root(root);

	nvme(state);
	/* Native multipath: the disk is virtual, its subsystem links to two controllers. */
	put_block(state, "nvme1n1", "virtual/nvme-subsystem/nvme-subsys1/nvme1n1", "259:5", false);
	link_to(state, "sys/devices/virtual/nvme-subsystem/nvme-subsys1/nvme1",
		"../../../pci0000:00/0000:03:00.0/nvme/nvme1");
	link_to(state, "sys/devices/virtual/nvme-subsystem/nvme-subsys1/nvme2",
		"../../../pci0000:00/0000:04:00.0/nvme/nvme2");
	put(state, "etc/fstab", "/dev/nvme1n1 /x ext4\n");
	storage_read(&storage, &root);
	b = storage_find(&storage, &root, "/dev//nvme0n1p1");
	assert_true(storage_is_below(b, &bridge) && storage_is_below(b, &disk));
	assert_false(storage_is_below(b, &other));
	b = storage_find(&storage, &root, "/dev/nvme1n1");
	assert_true(storage_is_below(b, &other) && storage_is_below(b, &twin));
	storage_claims_below(&v, &storage, &disk);
	assert_int_equal(v.n, 0);
	storage_claims_below(&v, &storage, &other);
	assert_int_equal(v.n, 1);
	assert_int_equal(v.v[0].use->why, STORAGE_FSTAB);
	assert_null(storage_find(&storage, &root, "/dev/sdz"));
	assert_null(storage_find(&storage, &root, ""));
}

static void this_machines_root_is_in_use(void **state)
{
	struct root root = ROOT_REAL;
	own_storage struct storage storage = {0};
	struct stat st;
	bool used = false, known = false;

	(void)state;
	assert_int_equal(stat("/", &st), 0);
	storage_read(&storage, &root);
	for (size_t i = 0; i < storage.n; i++)
		if (storage.v[i].dev == st.st_dev) {
			known = true;
			for (size_t k = 0; k < storage.v[i].uses; k++)
				used |= storage.v[i].use[k].why == STORAGE_MOUNTED;
		}
	if (!known)
		skip_test("/ is on no block device of its number: an overlay, a btrfs");
	assert_true(used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(nobody_uses_it),
		in_scratch(mounts),
		in_scratch(mounts_by_source),
		in_scratch(mounts_of_others),
		in_scratch(unreadable_mounts_are_no_proof),
		in_scratch(swap_tables_and_boot_options),
		in_scratch(stacks_are_climbed),
		in_scratch(whole_disk_use_reaches_partitions),
		in_scratch(btrfs_members_and_marks),
		in_scratch(the_loaders_partition),
		in_scratch(partitions_for_loaders),
		in_scratch(held_by_the_kernel),
		in_scratch(functions_are_known),
		cmocka_unit_test(this_machines_root_is_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
