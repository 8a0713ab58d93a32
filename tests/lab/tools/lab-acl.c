/* lab-acl PATH...              prints "MODE UID:GID ACL PATH" for each path that exists
 * lab-acl --allow UID PATH     gives a user read and write, replacing any ACL that there is
 * lab-acl --clear PATH         removes the ACL; the mode stays as it has become
 *
 * An ACL is printed as "-" or like "u::rw-,u:1000:rw-,g::---,m::rw-,o::---". Only this is needed of
 * the acl package, which is not installed everywhere.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void print_acl(const char *path)
{
	struct acl acl;
	ssize_t size = getxattr(path, ATTRIBUTE, &acl, sizeof(acl));

	if (size < (ssize_t)sizeof(acl.version)) {
		printf("%s", size < 0 && errno != ENODATA && errno != ENOTSUP ? "?" : "-");
		return;
	}
	for (size_t i = 0; i < ((size_t)size - sizeof(acl.version)) / sizeof(struct entry); i++) {
		unsigned rights = le16toh(acl.entries[i].rights);
		uint32_t id = le32toh(acl.entries[i].id);

		printf("%s%c:", i ? "," : "", tag_letter(le16toh(acl.entries[i].tag)));
		if (id != UINT32_MAX)
			printf("%u", id);
		printf(":%c%c%c", rights & 4 ? 'r' : '-', rights & 2 ? 'w' : '-',
		       rights & 1 ? 'x' : '-');
	}
}

static void allow(const char *uid, const char *path)
{
	const struct acl acl = {
		.version = htole32(2),
		.entries = {{htole16(USER_OBJ), htole16(6), UINT32_MAX},
			    {htole16(USER), htole16(6), htole32((uint32_t)atol(uid))},
			    {htole16(GROUP_OBJ), 0, UINT32_MAX},
			    {htole16(MASK), htole16(6), UINT32_MAX},
			    {htole16(OTHER), 0, UINT32_MAX}},
	};

	if (setxattr(path, ATTRIBUTE, &acl, sizeof(acl.version) + 5 * sizeof(struct entry), 0) != 0)
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--allow") == 0) {
		allow(argv[2], argv[3]);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--clear") == 0) {
		if (removexattr(argv[2], ATTRIBUTE) != 0)
			err(1, "%s", argv[2]);
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (lstat(argv[i], &st) != 0)
			continue;
		printf("%04o %u:%u ", st.st_mode & 07777, st.st_uid, st.st_gid);
		print_acl(argv[i]);
		printf(" %s\n", argv[i]);
	}
	return 0;
}
