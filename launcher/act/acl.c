/* The kernel keeps a node's ACL and its mode as one thing: the group bits of the mode are the ACL's
 * mask, and setting an ACL of just owner, group and others sets the mode and leaves no ACL. So each
 * state is one list of entries here, with or without named ones, and one setxattr(2) gets from any
 * state to any other: at no moment is a node half restored, or more open than before or after.
 * (removexattr(2) alone would leave the widened mask behind as the group's rights.)
 *
 * A wider mask would give back rights to those whom the old one kept out. They are cut to what they
 * could do before it is widened.
 */
#include "acl.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/alloc.h"
#include "base/text.h"

/* #syscalls(keeper) getxattr setxattr */

#define ATTRIBUTE "system.posix_acl_access"
#define NOBODY ((uint32_t)-1) /* the id of entries without a name */
#define WANTED (ACL_READ | ACL_WRITE)

#define HEADER sizeof(struct posix_acl_xattr_header)
#define ENTRY sizeof(struct posix_acl_xattr_entry)
#define ENTRIES ((sizeof(((struct acl_saved *)NULL)->value) - HEADER) / ENTRY)

struct entry {
	uint16_t tag;
	uint16_t perm;
	uint32_t id;
};

/* Two more than can be stored: a user and a mask may be added before anybody asks for the length.
 */
struct acl {
	struct entry entry[ENTRIES + 2];
	size_t n;
};

/* ------------------------------------------------------------------ the kernel's form */

static bool acl_decode(struct acl *acl, const uint8_t *value, size_t len)
{
	struct posix_acl_xattr_header header;
	size_t n;

	if (len < HEADER || (len - HEADER) % ENTRY || len > HEADER + ENTRIES * ENTRY)
		return false;
	memcpy(&header, value, HEADER);
	if (le32toh(header.a_version) != POSIX_ACL_XATTR_VERSION)
		return false;
	n = (len - HEADER) / ENTRY;
	for (size_t i = 0; i < n; i++) {
		struct posix_acl_xattr_entry e;

		memcpy(&e, value + HEADER + i * ENTRY, ENTRY);
		acl->entry[i] = (struct entry){
			.tag = le16toh(e.e_tag), .perm = le16toh(e.e_perm), .id = le32toh(e.e_id)};
		if (acl->entry[i].perm & ~(ACL_READ | ACL_WRITE | ACL_EXECUTE))
			return false;
	}
	acl->n = n;
	return true;
}

/* Returns the length, 0 when it does not fit. */
static size_t acl_encode(const struct acl *acl, uint8_t value[static HEADER + ENTRIES * ENTRY])
{
	struct posix_acl_xattr_header header = {.a_version = htole32(POSIX_ACL_XATTR_VERSION)};

	if (acl->n > ENTRIES)
		return 0;
	memcpy(value, &header, HEADER);
	for (size_t i = 0; i < acl->n; i++) {
		struct posix_acl_xattr_entry e = {.e_tag = htole16(acl->entry[i].tag),
						  .e_perm = htole16(acl->entry[i].perm),
						  .e_id = htole32(acl->entry[i].id)};

		memcpy(value + HEADER + i * ENTRY, &e, ENTRY);
	}
	return HEADER + acl->n * ENTRY;
}

/* ------------------------------------------------------------------ entries */

static struct entry *entry_find(struct acl *acl, uint16_t tag, uint32_t id)
{
	for (size_t i = 0; i < acl->n; i++)
		if (acl->entry[i].tag == tag && (tag != ACL_USER || acl->entry[i].id == id))
			return &acl->entry[i];
	return NULL;
}

/* Puts an entry in its place: by tag, and among users by id, as setfacl does. */
static struct entry *entry_insert(struct acl *acl, uint16_t tag, uint16_t perm, uint32_t id)
{
	size_t at = 0;

	while (at < acl->n &&
	       (acl->entry[at].tag < tag || (acl->entry[at].tag == tag && acl->entry[at].id < id)))
		at++;
	memmove(&acl->entry[at + 1], &acl->entry[at], (acl->n - at) * sizeof(acl->entry[0]));
	acl->n++;
	acl->entry[at] = (struct entry){.tag = tag, .perm = perm, .id = id};
	return &acl->entry[at];
}

static void take_out(struct acl *acl, struct entry *e)
{
	size_t at = (size_t)(e - acl->entry);

	memmove(e, e + 1, (acl->n - at - 1) * sizeof(*e));
	acl->n--;
}

static bool is_masked(const struct entry *e)
{
	return e->tag == ACL_USER || e->tag == ACL_GROUP || e->tag == ACL_GROUP_OBJ;
}

static bool has_names(const struct acl *acl)
{
	for (size_t i = 0; i < acl->n; i++)
		if (acl->entry[i].tag == ACL_USER || acl->entry[i].tag == ACL_GROUP)
			return true;
	return false;
}

/* Cuts everybody to what the mask lets through. Entries are then what their people really may do.
 */
static void apply_mask(struct acl *acl)
{
	struct entry *mask = entry_find(acl, ACL_MASK, NOBODY);

	for (size_t i = 0; mask && i < acl->n; i++)
		if (is_masked(&acl->entry[i]))
			acl->entry[i].perm &= mask->perm;
}

/* False for a list that lacks one of the three that are always there. */
static bool state_of(const struct acl_saved *saved, struct acl *acl)
{
	if (!saved->had) {
		*acl = (struct acl){.n = 3};
		acl->entry[0] = (struct entry){ACL_USER_OBJ, saved->mode >> 6 & 7, NOBODY};
		acl->entry[1] = (struct entry){ACL_GROUP_OBJ, saved->mode >> 3 & 7, NOBODY};
		acl->entry[2] = (struct entry){ACL_OTHER, saved->mode & 7, NOBODY};
		return true;
	}
	return acl_decode(acl, saved->value, saved->len) && entry_find(acl, ACL_USER_OBJ, NOBODY) &&
	       entry_find(acl, ACL_GROUP_OBJ, NOBODY) && entry_find(acl, ACL_OTHER, NOBODY) &&
	       (entry_find(acl, ACL_MASK, NOBODY) || !has_names(acl));
}

static bool acls_equal(const struct acl *a, const struct acl *b)
{
	for (size_t i = 0; a->n == b->n && i < a->n; i++)
		if (a->entry[i].tag != b->entry[i].tag || a->entry[i].perm != b->entry[i].perm ||
		    (a->entry[i].id != b->entry[i].id &&
		     (a->entry[i].tag == ACL_USER || a->entry[i].tag == ACL_GROUP)))
			return false;
	return a->n == b->n;
}

/* Makes the list one in which uid may read and write and nobody else may do more than before. */
static void acl_widen(struct acl *acl, uid_t uid)
{
	struct entry *mask = entry_find(acl, ACL_MASK, NOBODY),
		     *own = entry_find(acl, ACL_USER, uid);

	if (mask && own && (own->perm & mask->perm & WANTED) == WANTED)
		return;
	if (!mask)
		mask = entry_insert(acl, ACL_MASK, entry_find(acl, ACL_GROUP_OBJ, NOBODY)->perm,
				    NOBODY);
	if ((mask->perm & WANTED) != WANTED)
		apply_mask(acl);
	mask->perm |= WANTED;
	if (!own)
		own = entry_insert(acl, ACL_USER, 0, uid);
	own->perm |= WANTED;
}

/* Gives uid back what it could do before and recomputes the mask; a list without names needs none.
 */
static void acl_narrow(struct acl *acl, uid_t uid, struct acl *before)
{
	struct entry *own = entry_find(acl, ACL_USER, uid),
		     *had = entry_find(before, ACL_USER, uid), *mask;

	if (!own)
		return;
	apply_mask(acl);
	apply_mask(before);
	if (had)
		own->perm &= had->perm;
	else
		take_out(acl, own);
	mask = entry_find(acl, ACL_MASK, NOBODY);
	if (!has_names(acl)) {
		if (mask)
			take_out(acl, mask);
		return;
	}
	mask->perm = 0;
	for (size_t i = 0; i < acl->n; i++)
		if (is_masked(&acl->entry[i]))
			mask->perm |= acl->entry[i].perm;
}

/* ------------------------------------------------------------------ the node */

/* An O_PATH descriptor has no *xattr of its own, but its link in /proc leads to the very node. */
struct link {
	char path[32];
};

static struct link link_of(int fd)
{
	struct link link;

	snprintf(link.path, sizeof(link.path), "/proc/self/fd/%d", fd);
	return link;
}

static bool read_node(int fd, struct acl_saved *saved, uid_t *owner, struct error **err)
{
	struct link link = link_of(fd);
	struct acl_saved now = {0};
	struct acl acl;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot look at the node");
		return false;
	}
	n = getxattr(link.path, ATTRIBUTE, now.value, sizeof(now.value));
	if (n < 0 && errno != ENODATA) {
		error_errno(err, ERROR_HOST, errno, "cannot read the node's ACL");
		return false;
	}
	now.mode = st.st_mode & 07777;
	now.had = n > 0;
	now.len = n > 0 ? (size_t)n : 0;
	if (!state_of(&now, &acl)) {
		error_add(err, ERROR_HOST, "the node has an ACL of an unknown form");
		return false;
	}
	*saved = now;
	*owner = st.st_uid;
	return true;
}

/* Makes the node's rights those of the list, and reads back. */
static bool write_node(int fd, const struct acl *acl, struct error **err)
{
	uint8_t value[HEADER + ENTRIES * ENTRY];
	size_t len = acl_encode(acl, value);
	struct link link = link_of(fd);
	struct acl_saved now;
	struct acl is;
	uid_t owner;

	if (len == 0) {
		error_add(err, ERROR_HOST, "the node's ACL has no room for one more user");
		return false;
	}
	if (setxattr(link.path, ATTRIBUTE, value, len, 0) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot change the node's ACL");
		return false;
	}
	if (!read_node(fd, &now, &owner, err))
		return false;
	if (state_of(&now, &is) && acls_equal(&is, acl))
		return true;
	error_add(err, ERROR_HOST, "the node's ACL is not what was written to it");
	return false;
}

bool acl_save(int fd, struct acl_saved *saved, struct error **err)
{
	uid_t owner;

	return read_node(fd, saved, &owner, err);
}

bool acl_grant(int fd, uid_t uid, struct acl_saved *before, struct error **err)
{
	struct acl_saved now;
	struct acl is, wanted;
	uid_t owner;

	if (uid == (uid_t)-1) {
		error_add(err, ERROR_HOST, "no user to grant the node to");
		return false;
	}
	if (!read_node(fd, &now, &owner, err) || !state_of(&now, &is))
		return false;
	wanted = is;
	if (owner != uid)
		acl_widen(&wanted, uid);
	else if ((entry_find(&is, ACL_USER_OBJ, NOBODY)->perm & WANTED) != WANTED) {
		error_add(err, ERROR_HOST,
			  "the node belongs to uid %u, and its mode %04o denies it", uid, now.mode);
		return false;
	}
	if (!acls_equal(&is, &wanted) && !write_node(fd, &wanted, err))
		return false;
	*before = now;
	return true;
}

bool acl_restore(int fd, uid_t uid, const struct acl_saved *before, struct error **err)
{
	struct acl_saved now;
	struct acl is, old, granted;
	uid_t owner;

	if (!state_of(before, &old)) {
		error_add(err, ERROR_HOST, "the ACL that was noted down for the node is damaged");
		return false;
	}
	if (!read_node(fd, &now, &owner, err) || !state_of(&now, &is))
		return false;
	granted = old;
	acl_widen(&granted, uid);
	/* Nothing of ours is there: not any more, or not ever. */
	if (acls_equal(&is, &old) || acls_equal(&granted, &old) || !entry_find(&is, ACL_USER, uid))
		return true;
	if (acls_equal(&is, &granted))
		return write_node(fd, &old, err);
	acl_narrow(&is, uid, &old);
	return write_node(fd, &is, err);
}

/* ------------------------------------------------------------------ in words */

char *acl_text(const struct acl_saved *saved)
{
	char hex[2 * sizeof(saved->value) + 1] = "-";

	for (size_t i = 0; saved->had && i < saved->len; i++)
		snprintf(hex + 2 * i, 3, "%02x", saved->value[i]);
	return xasprintf("%04o:%s", (unsigned)saved->mode, hex);
}

static bool parse_mode(const char *text, mode_t *mode)
{
	*mode = 0;
	for (size_t i = 0; i < 4; i++) {
		if (text[i] < '0' || text[i] > '7')
			return false;
		*mode = *mode << 3 | (mode_t)(text[i] - '0');
	}
	return text[4] == ':';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool acl_parse(const char *text, struct acl_saved *saved)
{
	struct acl_saved said = {0};
	struct acl acl;
	const char *hex;
	size_t len;

	if (!parse_mode(text, &said.mode))
		return false;
	hex = text + 5;
	if (strcmp(hex, "-") != 0) {
		len = strlen(hex);
		if (len == 0 || len % 2 || len / 2 > sizeof(said.value))
			return false;
		for (size_t i = 0; i < len; i++) {
			if (hex_digit(hex[i]) < 0)
				return false;
			said.value[i / 2] = (uint8_t)(said.value[i / 2] << 4 | hex_digit(hex[i]));
		}
		said.had = true;
		said.len = len / 2;
	}
	if (!state_of(&said, &acl))
		return false;
	*saved = said;
	return true;
}
