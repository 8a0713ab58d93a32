/* lab-acl PATH...              prints "MODE UID:GID ACL PATH" for each path that exists
 * lab-acl --allow UID PATH     gives a user read and write, replacing any ACL that there is
 * lab-acl --clear PATH         removes the ACL; the mode stays as it has become
 *
 * acl.h says how one is printed. Only this is needed of the acl package, which is not installed
 * everywhere.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "acl.h"

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
	for (int i = 1; i < argc; i++)
		print_node(stdout, argv[i]);
	return 0;
}
