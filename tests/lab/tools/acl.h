/* A node's mode, owner and ACL in a line. An ACL is printed as "-" or like
 * "u::rw-,u:1000:rw-,g::---,m::rw-,o::---".
 */
#ifndef LAB_ACL_H
#define LAB_ACL_H

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define ATTRIBUTE "system.posix_acl_access"

/* linux/posix_acl_xattr.h: le32 version 2, then entries; an id of all ones means none. */
enum { USER_OBJ = 1, USER = 2, GROUP_OBJ = 4, GROUP = 8, MASK = 0x10, OTHER = 0x20 };
struct entry {
	uint16_t tag, rights;
	uint32_t id;
};
struct acl {
	uint32_t version;
	struct entry entries[64];
};

static char tag_letter(unsigned tag)
{
	switch (tag) {
	case USER_OBJ:
	case USER:
		return 'u';
	case GROUP_OBJ:
	case GROUP:
		return 'g';
	case MASK:
		return 'm';
	default:
		return 'o';
	}
}

static void print_acl(FILE *out, const char *path)
{
	struct acl acl;
	ssize_t size = getxattr(path, ATTRIBUTE, &acl, sizeof(acl));

	if (size < (ssize_t)sizeof(acl.version)) {
		fprintf(out, "%s", size < 0 && errno != ENODATA && errno != ENOTSUP ? "?" : "-");
		return;
	}
	for (size_t i = 0; i < ((size_t)size - sizeof(acl.version)) / sizeof(struct entry); i++) {
		unsigned rights = le16toh(acl.entries[i].rights);
		uint32_t id = le32toh(acl.entries[i].id);

		fprintf(out, "%s%c:", i ? "," : "", tag_letter(le16toh(acl.entries[i].tag)));
		if (id != UINT32_MAX)
			fprintf(out, "%u", id);
		fprintf(out, ":%c%c%c", rights & 4 ? 'r' : '-', rights & 2 ? 'w' : '-',
			rights & 1 ? 'x' : '-');
	}
}

/* "MODE UID:GID ACL PATH", or nothing for one that does not exist. */
static void print_node(FILE *out, const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return;
	fprintf(out, "%04o %u:%u ", st.st_mode & 07777, st.st_uid, st.st_gid);
	print_acl(out, path);
	fprintf(out, " %s\n", path);
}

#endif
