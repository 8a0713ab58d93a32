/* Disk images that cannot be meant as they would be given to the guest, or that QEMU would not
 * open. What their bytes say refuses and never chooses: a guest can write them (disk.c).
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "compose.h"

struct looking {
	struct composer *c;
	const struct disk *disk;
	const struct image *image;
	char *path;  /* for a message */
	char *word;  /* for a shell */
	bool writes; /* the guest may */
};

static const struct image *image_of(const struct composer *c, const char *path)
{
	for (size_t i = 0; i < c->in->images; i++)
		if (strcmp(c->in->image[i]->path, path) == 0)
			return c->in->image[i];
	return NULL;
}

__attribute__((format(printf, 2, 3))) static void refuse(const struct looking *l, const char *fmt,
							 ...)
{
	own_free char *words = NULL;
	va_list args;

	va_start(args, fmt);
	words = xvasprintf(tongue(fmt), args);
	va_end(args);
	compose_wrong(l->c, l->disk->path.at, "%s: %s %s", compose_key(l->c, &l->disk->path.at),
		      l->path, words);
}

/* The line that makes a copy which can be given to the guest; the image stays as it is. */
static char *convert_line(const struct looking *l)
{
	return xasprintf("qemu-img convert -p -f %s -O qcow2 %s %s.qcow2",
			 image_format(l->image->kind), l->word, l->word);
}

/* ------------------------------------------------------------------ as raw bytes */

static void refuse_qcow2_as_raw(const struct looking *l)
{
	const char *backing = l->image->qcow2.backing.name;
	own_free char *shown = backing ? text_quote(backing, 200) : NULL;

	refuse(l,
	       "is a qcow2 image, and would be given to the guest as raw bytes, as its name does not end in .qcow2: format = qcow2, if qemu-img or another launcher made it so; format = raw, if it is a raw disk, on which a guest has written such bytes%s%s",
	       shown ? ". It names a backing file, which format = qcow2 lets the guest read: " : "",
	       shown ? shown : "");
}

static void refuse_as_raw(const struct looking *l)
{
	const char *kind = image_words(l->image->kind);
	own_free char *line = NULL;

	switch (l->image->kind) {
	case IMAGE_QCOW2:
		refuse_qcow2_as_raw(l);
		return;
	case IMAGE_ISO:
		refuse(l,
		       "is %s, and the guest could write to it: media = cdrom is a drive for it, read-only = yes a disk that stays as it is; format = raw means a disk of these bytes",
		       kind);
		return;
	case IMAGE_PACKED:
		refuse(l,
		       "is %s: unpack it first, and name what is in it; format = raw means a disk of these bytes",
		       kind);
		return;
	default:
		line = convert_line(l);
		refuse(l,
		       "is %s, and would be given to the guest as raw bytes: a copy that a guest can use is made by '%s', for path to name; format = raw means the bytes as they are",
		       kind, line);
	}
}

static void check_raw(const struct looking *l)
{
	own_free char *name = item_text(&l->disk->item);
	enum image_kind kind = l->image->kind;

	if (kind == IMAGE_OTHER || kind == IMAGE_EMPTY || (kind == IMAGE_ISO && !l->writes))
		return;
	/* On a stick that held a CD's image its mark stays when it is partitioned anew. */
	if (l->disk->format.v == DISK_AUTO && l->writes &&
	    !(kind == IMAGE_ISO && l->image->is_block))
		refuse_as_raw(l);
	else
		compose_note(l->c, "%s: %s is %s, and the guest sees the bytes of that as they are",
			     name, l->path, image_words(kind));
}

/* ------------------------------------------------------------------ as qcow2 */

static void refuse_no_qcow2(const struct looking *l)
{
	const char *why = l->disk->format.v == DISK_QCOW2 ? "format = qcow2" : "its name";
	own_free char *line = NULL;

	if (l->image->kind == IMAGE_EMPTY) {
		refuse(l,
		       "is empty, and no qcow2 image: qemu-img create -f qcow2 %s 64G makes one of 64 GiB",
		       l->word);
	} else if (image_format(l->image->kind)) {
		line = convert_line(l);
		refuse(l,
		       "is %s and no qcow2 image, as %s says: a copy that is one is made by '%s'",
		       image_words(l->image->kind), why, line);
	} else {
		refuse(l,
		       "is no qcow2 image, as %s says: if it is a raw disk, format = raw; if it was one, it is damaged, and only a copy of it should be worked on",
		       why);
	}
}

/* What an image of a chain is called in a message: nothing for the disk's own. */
static char *which_image(const struct looking *l, const struct image *image)
{
	own_free char *shown = text_quote(image->path, SIZE_MAX);

	return image == l->image ? xstrdup("") : xasprintf(_("stands on %s, which "), shown);
}

static void check_header(const struct looking *l, const struct image *image)
{
	const struct qcow2_image *q = &image->qcow2;
	own_free char *which_one = which_image(l, image);
	own_free char *word = text_word(image->path);

	if (q->damage)
		refuse(l,
		       "%sis a damaged qcow2 image: %s. Take it from a backup, or try to mend a copy of it",
		       which_one, q->damage);
	else if (q->version > 3)
		refuse(l,
		       "%sis a qcow2 image of version %u, and QEMU reads those of version 2 and 3",
		       which_one, q->version);
	else if (q->crypt_method)
		refuse(l,
		       "%sis encrypted (%s), and there is no way to give QEMU its key here: make a plain copy by qemu-img convert, with the key (--object secret), and let what the copy lies on, or the guest itself, encrypt",
		       which_one, q->crypt_method == 1 ? "AES" : "LUKS");
	else if (q->unknown)
		refuse(l,
		       "%sneeds what no QEMU up to 11.1 has, as far as its header says: %s. qemu-img of the QEMU that made it can convert it",
		       which_one, q->unknown);
	else if (q->incompatible & QCOW2_CORRUPT && l->writes && image == l->image)
		refuse(l,
		       "is marked as corrupt, and QEMU does not write to it: copy the file, then qemu-img check -r all %s mends what can be mended; read-only = yes leaves it as it is",
		       word);
	else if (q->incompatible & QCOW2_DATA_FILE && (!q->data.name || image->data_missing))
		refuse(l, "%skeeps its data in a file of its own, %s", which_one,
		       q->data.name ? "which is missing" : "and does not say in which");
}

/* The image below, which the one above names. False: nothing can be said of those further down. */
static bool check_backing(const struct looking *l, const struct image *image)
{
	const struct qcow2_image *q = &image->qcow2;
	const struct image *below = image->backing;
	own_free char *which_one = which_image(l, image), *shown = text_quote(q->backing.name, 200);
	own_free char *place = below ? text_quote(below->path, SIZE_MAX) : NULL;
	own_free char *word = text_word(image->path);

	if (!below) {
		compose_note(l->c, "%s %sstands on %s, which only QEMU can look for", l->path,
			     which_one, shown);
		return false;
	}
	if (image->loop)
		refuse(l, "%sstands on itself, by way of %s", which_one, place);
	else if (below->missing)
		refuse(l,
		       "%sstands on %s, which is not there. Put it there again; where it was moved, and is unchanged, qemu-img rebase -u -F FORMAT -b PLACE %s writes the new place down",
		       which_one, place, word);
	else if (below->errnum)
		refuse(l, "%sstands on %s, which cannot be read: %s", which_one, place,
		       strerror(below->errnum));
	else if (q->backing_format && strcmp(q->backing_format, "qcow2") == 0 &&
		 below->kind != IMAGE_QCOW2)
		refuse(l, "%sstands on %s, which is to be a qcow2 image and is %s", which_one,
		       place, image_words(below->kind));
	else if (!q->backing_format)
		compose_note(
			l->c,
			"%s %sdoes not say of which format %s is, on which it stands, and QEMU guesses by its bytes: qemu-img rebase -u -F FORMAT -b %s %s writes it down",
			l->path, which_one, place, shown, word);
	return !image->loop && !below->missing && !below->errnum;
}

static void check_qcow2(const struct looking *l)
{
	if (l->image->kind != IMAGE_QCOW2) {
		refuse_no_qcow2(l);
		return;
	}
	for (const struct image *image = l->image; image; image = image->backing) {
		if (image->kind == IMAGE_QCOW2)
			check_header(l, image);
		if (!image->qcow2.backing.name || !image->qcow2.backing.name[0] ||
		    (image != l->image && !image->backing) || !check_backing(l, image))
			break;
	}
}

/* ------------------------------------------------------------------ as what others make */

/* QEMU writes an image's tables in no order that a loss of power would respect, and only VHDX has a
 * log of what it was about (block/vmdk.c, block/vhdx-log.c).
 */
static void check_foreign(const struct looking *l)
{
	bool vmdk = l->disk->format.v == DISK_VMDK;
	enum image_kind kind = l->image->kind;
	own_free char *line = NULL;

	if (kind != (vmdk ? IMAGE_VMDK : IMAGE_VHDX)) {
		bool text = vmdk && kind == IMAGE_VMDK_TEXT;

		refuse(l, "is %s, and not %s%s", image_words(kind),
		       image_words(vmdk ? IMAGE_VMDK : IMAGE_VHDX),
		       text ? ": it may name any file of this host, which the guest would read. qemu-img convert makes one image of it"
			    : "");
	} else if (vmdk && l->writes && !l->c->in->ephemeral) {
		line = convert_line(l);
		refuse(l,
		       "could be damaged by a crash of this host while QEMU writes to it: read-only = yes, --ephemeral, or a copy that bears it, made by '%s'",
		       line);
	}
}

bool compose_image_missing(const struct composer *c, const struct disk *disk)
{
	const struct image *image = disk->path.v ? image_of(c, disk->path.v) : NULL;

	return image && image->missing;
}

bool compose_image_is_smb(const struct composer *c, const struct disk *disk)
{
	const struct image *image = disk->path.v ? image_of(c, disk->path.v) : NULL;

	return image && image->is_smb;
}

void compose_image(struct composer *c, const struct disk *disk)
{
	struct looking l = {.c = c, .disk = disk, .writes = compose_is_written(disk)};

	l.image = disk->path.v ? image_of(c, disk->path.v) : NULL;
	/* What is missing, or may not be read, is told where files are looked for. */
	if (!l.image || l.image->errnum)
		return;
	l.path = text_quote(disk->path.v, SIZE_MAX);
	l.word = text_word(disk->path.v);
	if (disk->format.v == DISK_VMDK || disk->format.v == DISK_VHDX)
		check_foreign(&l);
	else if (plan_disk_is_qcow2(disk))
		check_qcow2(&l);
	else
		check_raw(&l);
	free(l.path);
	free(l.word);
}
