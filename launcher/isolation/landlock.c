#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/own.h"

/* asm-generic/unistd.h: the same on all architectures. */
#define NR_CREATE_RULESET 444
#define NR_ADD_RULE 445
#define NR_RESTRICT_SELF 446

#define CREATE_RULESET_VERSION 1U
#define RULE_PATH_BENEATH 1

/* linux/landlock.h, LANDLOCK_ACCESS_FS_*, with the version that brought them. */
enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_DIR = 1 << 4,
	REMOVE_FILE = 1 << 5,
	MAKE_CHAR = 1 << 6,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	MAKE_SOCK = 1 << 9,
	MAKE_FIFO = 1 << 10,
	MAKE_BLOCK = 1 << 11,
	MAKE_SYM = 1 << 12,
	REFER = 1 << 13,     /* 2 */
	TRUNCATE = 1 << 14,  /* 3 */
	IOCTL_DEV = 1 << 15, /* 5 */
};

/* LANDLOCK_SCOPE_*: 6. */
enum { SCOPE_ABSTRACT = 1 << 0, SCOPE_SIGNAL = 1 << 1 };

#define READING (READ_FILE | READ_DIR)
#define WRITING                                                                                \
	(WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_CHAR | MAKE_DIR | MAKE_REG | MAKE_SOCK | \
	 MAKE_FIFO | MAKE_BLOCK | MAKE_SYM | REFER | TRUNCATE)
/* No device node, which nobody but root could make anyway. */
#define MAKING (WRITING & ~(MAKE_CHAR | MAKE_BLOCK))
/* What has a meaning for something that is no directory: else the kernel refuses the rule. */
#define OF_FILES (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)

static const uint64_t GIVEN[LANDLOCK_KINDS] = {
	[LANDLOCK_READ] = READING | IOCTL_DEV,
	[LANDLOCK_PROGRAM] = READING | EXECUTE,
	[LANDLOCK_WRITE] = READING | MAKING | IOCTL_DEV,
	[LANDLOCK_ALL] = READING | MAKING | IOCTL_DEV | EXECUTE,
	[LANDLOCK_SOCKETS] = MAKE_SOCK,
};

/* struct landlock_ruleset_attr and landlock_path_beneath_attr, the latter without padding. */
struct ruleset {
	uint64_t files, net, scoped;
};
struct beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

int landlock_version(void)
{
	long version = syscall(NR_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

const char *landlock_lacks(int version)
{
	if (version < 1)
		return "Landlock, which keeps QEMU to the files of its plan";
	if (version < 3)
		return "the part of Landlock (3, Linux 6.2) that keeps files that may only be read from being cut short";
	if (version < 5)
		return "the part of Landlock (5, Linux 6.10) that keeps ioctl() to the devices of the plan";
	if (version < 6)
		return "the part of Landlock (6, Linux 6.12) that keeps signals within";
	return NULL;
}

/* The rights that this version knows. */
static uint64_t known(int version)
{
	uint64_t files = (REFER - 1);

	if (version >= 2)
		files |= REFER;
	if (version >= 3)
		files |= TRUNCATE;
	if (version >= 5)
		files |= IOCTL_DEV;
	return files;
}

static bool add_rule(int ruleset, const struct landlock_rule *rule, uint64_t handled)
{
	bool at_home = rule->path[0] == '~' && rule->path[1] == '/';
	const char *home = getenv("HOME");
	own_free char *path = at_home && home && *home == '/' ? path_join(home, rule->path + 2)
							      : xstrdup(rule->path);
	own_fd int fd = open(path, O_PATH | O_CLOEXEC);
	struct beneath beneath = {.allowed = GIVEN[rule->kind] & handled, .parent = fd};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return true;
	if (!S_ISDIR(st.st_mode))
		beneath.allowed &= OF_FILES;
	if (!beneath.allowed || syscall(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, &beneath, 0) == 0)
		return true;
	/* Of a kind that no rule can be for, such as a socket's: so none is needed. */
	return errno == EBADFD;
}

static bool restrict_to(uint64_t handled, const struct landlock_rule *rule, size_t n,
			struct landlock_scope scope)
{
	int version = landlock_version();
	struct ruleset attr = {.files = handled & known(version)};
	own_fd int ruleset = -1;

	if (!version)
		return true;
	if (version >= 6)
		attr.scoped =
			(scope.signals ? SCOPE_SIGNAL : 0) | (scope.abstract ? SCOPE_ABSTRACT : 0);
	/* An older kernel takes a longer structure as long as what it does not know is 0. */
	ruleset = (int)syscall(NR_CREATE_RULESET, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!add_rule(ruleset, &rule[i], attr.files))
			return false;
	return syscall(NR_RESTRICT_SELF, ruleset, 0) == 0;
}

bool landlock_restrict(const struct landlock_rule *rule, size_t n, struct landlock_scope scope)
{
	return restrict_to(READING | WRITING | EXECUTE | IOCTL_DEV, rule, n, scope);
}

bool landlock_restrict_writing(const struct landlock_rule *rule, size_t n,
			       struct landlock_scope scope)
{
	return restrict_to(WRITING | EXECUTE, rule, n, scope);
}
