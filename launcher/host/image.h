/* What a disk image's first and last bytes say: read to refuse what cannot be meant, never to
 * choose how a file is given to a guest, which can write such bytes itself.
 *
 * Layouts: qcow and qcow2 (QEMU, docs/interop/qcow2.txt), qed (docs/interop/qed_spec.txt),
 * Parallels (docs/interop/parallels.txt), VMDK (VMware, Virtual Disk Format 5.0), VHD (Microsoft,
 * Virtual Hard Disk Image Format Specification 1.0), VHDX ([MS-VHDX]), VDI (VirtualBox, VDICore.h),
 * ISO 9660 (ECMA-119, 8.1).
 *
 * Images come from anywhere. A fixed number of bytes is read of each, in one place (image_load());
 * what they say is a pure function of them (image_read()).
 */
#ifndef HOST_IMAGE_H
#define HOST_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/own.h"

#define IMAGE_HEAD 65536 /* bytes looked at from the start, and */
#define IMAGE_TAIL 512	 /* of the end: a VHD's footer */

enum image_kind {
	IMAGE_OTHER, /* nothing that is known: what a raw image is */
	IMAGE_EMPTY, /* a file of no bytes */
	IMAGE_QCOW,  /* of version 1 */
	IMAGE_QCOW2,
	IMAGE_QED,
	IMAGE_VMDK,
	IMAGE_VMDK_TEXT, /* a descriptor that names other files */
	IMAGE_VHD,
	IMAGE_VHD_FIXED, /* the disk as it is, and a footer */
	IMAGE_VHDX,
	IMAGE_VDI,
	IMAGE_PARALLELS,
	IMAGE_ISO,
	IMAGE_PACKED, /* compressed, or an archive */
	IMAGE_KINDS,
};

/* Bits of a qcow2 header's incompatible features. */
enum {
	QCOW2_DIRTY = 1 << 0,
	QCOW2_CORRUPT = 1 << 1,
	QCOW2_DATA_FILE = 1 << 2,
	QCOW2_COMPRESSION = 1 << 3,
	QCOW2_EXTENDED_L2 = 1 << 4,
	QCOW2_KNOWN = (1 << 5) - 1,
};

/* A file that an image names, as it stands in it, and where that is. */
struct image_name {
	char *name; /* NULL: none */
	char *path; /* NULL: not a file's name, but a protocol's or JSON */
};

struct qcow2_image {
	uint32_t version, crypt_method;
	uint64_t incompatible; /* features */
	char *unknown;	       /* the first unknown feature, by its name or bit; NULL: none */
	char *damage;	       /* words for what no QEMU opens; NULL: nothing */
	char *doubt;	       /* words for what is wrong and may yet be opened; NULL: nothing */
	struct image_name backing, data;
	char *backing_format; /* NULL: not given */
};

struct image {
	char *path;
	enum image_kind kind;
	bool is_block;
	bool is_smb; /* lies, or will lie, on another computer's file system (CIFS) */
	int errnum; /* of a file that is there and cannot be read, else 0; then all else is unset */
	bool missing;
	struct qcow2_image qcow2; /* of IMAGE_QCOW2 */
	struct image *backing;	  /* what the backing file's name leads to; NULL: nothing */
	bool loop;		  /* which is one of those that lead there */
	bool data_missing;	  /* the file for data is not there */
};

/* Reads len bytes from the start and tail_len from the end of a file of size bytes into *image,
 * which must be empty; only kind and qcow2 are set.
 */
void image_read(struct image *image, const void *head, size_t len, const void *tail,
		size_t tail_len, uint64_t size);

/* The image at path; never NULL. Only regular files and block devices are opened. follow: it is
 * used as qcow2, so that the names in it count, and those that it stands on are loaded too (at most
 * IMAGE_DEPTH): what stands in a raw one may be the guest's. The caller owns it.
 */
struct image *image_load(const char *path, bool follow);
#define IMAGE_DEPTH 32

/* Accepts NULL. */
void image_free(struct image *image);

/* "a qcow2 image", "a VMware image (VMDK)": of those that are one; never NULL. */
const char *image_words(enum image_kind kind);
/* What qemu-img calls the format; NULL where it reads none such. */
const char *image_format(enum image_kind kind);

/* The label of an ISO 9660 image, without the blanks behind it; NULL: it is none, or cannot be
 * read. The caller owns it.
 */
char *image_label(const char *path);

#endif
