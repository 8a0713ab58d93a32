/* ACLs of nodes: one more user and nobody else, and the way back, whoever came in between. The
 * nodes are plain files; the kernel makes no difference.
 */
#include "test_act_tree.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "act/acl.h"

#define ACCESS "system.posix_acl_access"
#define UID 12345

struct node {
	char path[64];
	int fd; /* O_PATH */
};

/* A user of the tests as the owner too: what is not ours to change is not tried. */
static int node_make(void **state)
{
	static const char *const places[] = {"/dev/shm", "/tmp", "/var/tmp"};
	struct node *node = xcalloc(1, sizeof(*node));

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int fd;

		snprintf(node->path, sizeof(node->path), "%s/vmlaunch-acl-XXXXXX", places[i]);
		fd = mkstemp(node->path);
		if (fd < 0)
			continue;
		close(fd);
		if (getxattr(node->path, ACCESS, NULL, 0) >= 0 || errno == ENODATA)
			break;
		unlink(node->path);
		node->path[0] = '\0';
	}
	node->fd = *node->path ? open(node->path, O_PATH | O_CLOEXEC) : -1;
	*state = node;
	return 0;
}

static int node_remove(void **state)
{
	struct node *node = *state;

	if (node->fd >= 0)
		unlink(node->path);
	close_fd(&node->fd);
	free(node);
	return 0;
}

#define a_node(node, state)           \
	struct node *node = *(state); \
	if (node->fd < 0)             \
	skip_test("no file system with ACLs here")

/* ------------------------------------------------------------------ ACLs as text */

static const struct {
	uint16_t tag;
	const char *name;
} tags[] = {{ACL_USER_OBJ, "u"}, {ACL_USER, "U"}, {ACL_GROUP_OBJ, "g"},
	    {ACL_GROUP, "G"},	 {ACL_MASK, "m"}, {ACL_OTHER, "o"}};

/* "MODE" or "MODE u:6 U1000:6 g:0 m:6 o:0", the numbers being r=4, w=2, x=1. */
static void shows(const struct node *node, const char *wanted)
{
	struct posix_acl_xattr_entry entry[64];
	uint8_t value[512];
	char text[1024];
	struct stat st;
	size_t at;
	ssize_t n = getxattr(node->path, ACCESS, value, sizeof(value));

	assert_int_equal(fstat(node->fd, &st), 0);
	at = (size_t)snprintf(text, sizeof(text), "%04o", st.st_mode & 07777);
	if (n > 4)
		memcpy(entry, value + 4, (size_t)n - 4);
	for (ssize_t i = 0; i < (n - 4) / 8; i++)
		for (size_t t = 0; t < ARRAY_SIZE(tags); t++) {
			if (tags[t].tag != entry[i].e_tag)
				continue;
			at += (size_t)snprintf(text + at, sizeof(text) - at, " %s", tags[t].name);
			if (entry[i].e_id != (uint32_t)-1)
				at += (size_t)snprintf(text + at, sizeof(text) - at, "%u",
						       entry[i].e_id);
			at += (size_t)snprintf(text + at, sizeof(text) - at, ":%u",
					       entry[i].e_perm);
		}
	assert_string_equal(text, wanted);
}

/* Gives the file just these entries, written as above without the mode. */
static void set(const struct node *node, const char *text)
{
	struct posix_acl_xattr_header header = {.a_version = POSIX_ACL_XATTR_VERSION};
	uint8_t value[512];
	size_t len = sizeof(header);

	memcpy(value, &header, sizeof(header));
	while (*text) {
		struct posix_acl_xattr_entry entry = {.e_id = (uint32_t)-1};
		char *end;

		for (size_t t = 0; t < ARRAY_SIZE(tags); t++)
			if (*text == *tags[t].name)
				entry.e_tag = tags[t].tag;
		text++;
		if (*text != ':') {
			entry.e_id = (uint32_t)strtoul(text, &end, 10);
			text = end;
		}
		entry.e_perm = (uint16_t)(text[1] - '0');
		text += 2 + (text[2] == ' ');
		memcpy(value + len, &entry, sizeof(entry));
		len += sizeof(entry);
	}
	assert_int_equal(setxattr(node->path, ACCESS, value, len, 0), 0);
}

static struct acl_saved grant(const struct node *node, uid_t uid)
{
	struct acl_saved before = {0};
	struct error *err = NULL;

	assert_true(acl_grant(node->fd, uid, &before, &err));
	assert_null(err);
	return before;
}

static void restore(const struct node *node, uid_t uid, const struct acl_saved *before)
{
	struct error *err = NULL;

	assert_true(acl_restore(node->fd, uid, before, &err));
	assert_null(err);
}

/* ------------------------------------------------------------------ there and back */

static void without_an_acl(void **state)
{
	a_node(node, state);
	static const struct {
		mode_t mode;
		const char *granted, *restored;
	} cases[] = {
		{0600, "0660 u:6 U12345:6 g:0 m:6 o:0", "0600"},
		{0640, "0660 u:6 U12345:6 g:4 m:6 o:0", "0640"},
		{0660, "0660 u:6 U12345:6 g:6 m:6 o:0", "0660"},
		{0666, "0666 u:6 U12345:6 g:6 m:6 o:6", "0666"},
		{0000, "0060 u:0 U12345:6 g:0 m:6 o:0", "0000"},
		{0750, "0770 u:7 U12345:6 g:5 m:7 o:0", "0750"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct acl_saved before;

		assert_int_equal(chmod(node->path, cases[i].mode), 0);
		before = grant(node, UID);
		assert_int_equal(before.mode, cases[i].mode);
		assert_false(before.had);
		shows(node, cases[i].granted);
		restore(node, UID, &before);
		shows(node, cases[i].restored);
		/* Again: harmless. */
		restore(node, UID, &before);
		shows(node, cases[i].restored);
	}
}

static void with_an_acl(void **state)
{
	a_node(node, state);
	static const struct {
		const char *before, *granted;
	} cases[] = {
		/* What logind leaves for the user of a seat. */
		{"u:6 U1000:6 g:6 m:6 o:0", "0660 u:6 U1000:6 U12345:6 g:6 m:6 o:0"},
		{"u:6 U20000:4 g:0 G7:4 m:4 o:0", "0660 u:6 U12345:6 U20000:4 g:0 G7:4 m:6 o:0"},
		/* A mask that keeps somebody out goes on doing so. */
		{"u:6 U1000:7 g:6 G7:6 m:4 o:4", "0664 u:6 U1000:4 U12345:6 g:4 G7:4 m:6 o:4"},
		{"u:6 U1000:6 g:6 m:0 o:0", "0660 u:6 U1000:0 U12345:6 g:0 m:6 o:0"},
		/* Some rights are there. */
		{"u:6 U12345:4 g:0 m:4 o:0", "0660 u:6 U12345:6 g:0 m:6 o:0"},
		{"u:6 U12345:7 g:0 m:1 o:0", "0670 u:6 U12345:7 g:0 m:7 o:0"},
		/* A mask and nobody for it, as setfacl -x leaves it. */
		{"u:6 g:0 m:0 o:0", "0660 u:6 U12345:6 g:0 m:6 o:0"},
		/* All are there. */
		{"u:6 U12345:6 g:0 m:6 o:0", "0660 u:6 U12345:6 g:0 m:6 o:0"},
		{"u:6 U12345:7 g:0 m:7 o:0", "0670 u:6 U12345:7 g:0 m:7 o:0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct acl_saved before, after;
		struct error *err = NULL;

		set(node, cases[i].before);
		before = grant(node, UID);
		assert_true(before.had);
		shows(node, cases[i].granted);
		/* A second time changes nothing. */
		after = grant(node, UID);
		assert_true(after.had);
		shows(node, cases[i].granted);
		restore(node, UID, &before);
		assert_true(acl_save(node->fd, &after, &err));
		assert_int_equal(after.mode, before.mode);
		assert_int_equal(after.len, before.len);
		assert_memory_equal(after.value, before.value, before.len);
	}
}

/* Two users of one node, given back in either order. */
static void two_users(void **state)
{
	a_node(node, state);
	struct acl_saved first, second;

	assert_int_equal(chmod(node->path, 0600), 0);
	first = grant(node, 1001);
	second = grant(node, 1002);
	shows(node, "0660 u:6 U1001:6 U1002:6 g:0 m:6 o:0");
	restore(node, 1002, &second);
	restore(node, 1001, &first);
	shows(node, "0600");
	first = grant(node, 1001);
	second = grant(node, 1002);
	restore(node, 1001, &first);
	shows(node, "0660 u:6 U1002:6 g:0 m:6 o:0");
	/* What it finds is not what it made, and what it had found is not there: no user is left.
	 */
	restore(node, 1002, &second);
	shows(node, "0600");
}

static void changed_since(void **state)
{
	a_node(node, state);
	static const struct {
		const char *before, *since, *after;
	} cases[] = {
		/* logind adds the user of a seat, beside ours. */
		{"u:6 g:0 o:0", "u:6 U1000:6 U12345:6 g:0 m:6 o:0", "0660 u:6 U1000:6 g:0 m:6 o:0"},
		{"u:6 g:0 o:0", "u:6 U1000:4 U12345:6 g:0 m:6 o:0", "0640 u:6 U1000:4 g:0 m:4 o:0"},
		/* It replaces all users with its own: nothing of ours is left. */
		{"u:6 g:0 o:0", "u:6 U1000:6 g:0 m:6 o:0", "0660 u:6 U1000:6 g:0 m:6 o:0"},
		{"u:6 U1000:6 g:0 m:6 o:0", "u:6 g:0 m:6 o:0", "0660 u:6 g:0 m:6 o:0"},
		/* It takes a user away. */
		{"u:6 U1000:6 g:0 m:6 o:0", "u:6 U12345:6 g:0 m:6 o:0", "0600"},
		/* Somebody widened the rights of all, or narrowed those of the owner. */
		{"u:6 g:0 o:0", "u:6 U12345:6 g:0 m:6 o:4", "0604"},
		{"u:6 g:4 o:0", "u:4 U12345:6 g:4 m:6 o:0", "0440"},
		/* The user had been there before and stays, with what it had. */
		{"u:6 U12345:4 g:0 m:4 o:0", "u:6 U1000:6 U12345:6 g:0 m:6 o:0",
		 "0660 u:6 U1000:6 U12345:4 g:0 m:6 o:0"},
		{"u:6 U12345:6 g:0 m:4 o:0", "u:6 U1000:6 U12345:6 g:0 m:6 o:0",
		 "0660 u:6 U1000:6 U12345:4 g:0 m:6 o:0"},
		{"u:6 U12345:6 g:0 m:6 o:0", "u:6 U1000:6 U12345:6 g:0 m:4 o:0",
		 "0640 u:6 U1000:6 U12345:6 g:0 m:4 o:0"},
		/* A mask that was narrowed over us does not widen for others when we go. */
		{"u:6 g:0 o:0", "u:6 U1000:6 U12345:6 g:6 m:4 o:0", "0640 u:6 U1000:4 g:4 m:4 o:0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct acl_saved before;

		set(node, cases[i].before);
		before = grant(node, UID);
		set(node, cases[i].since);
		restore(node, UID, &before);
		shows(node, cases[i].after);
		restore(node, UID, &before);
		shows(node, cases[i].after);
	}
}

static void owners(void **state)
{
	a_node(node, state);
	struct acl_saved before;
	struct error *err = NULL;

	assert_int_equal(chmod(node->path, 0600), 0);
	before = grant(node, getuid());
	shows(node, "0600");
	restore(node, getuid(), &before);
	shows(node, "0600");
	assert_int_equal(chmod(node->path, 0400), 0);
	assert_false(acl_grant(node->fd, getuid(), &before, &err));
	says(&err, "and its mode 0400 denies it");
	assert_false(acl_grant(node->fd, (uid_t)-1, &before, &err));
	says(&err, "no user");
}

/* The right is a real one: an open by somebody else succeeds with it and fails without. */
static int opens_as(const char *path, uid_t uid)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (setgid(uid) < 0 || setuid(uid) < 0)
			_exit(77);
		_exit(open(path, O_RDWR) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void really_opens(void **state)
{
	a_node(node, state);
	struct acl_saved before;

	if (geteuid())
		skip_test("only root can be somebody else");
	assert_int_equal(chmod(node->path, 0600), 0);
	assert_int_equal(opens_as(node->path, UID), EACCES);
	before = grant(node, UID);
	assert_int_equal(opens_as(node->path, UID), 0);
	assert_int_equal(opens_as(node->path, UID + 1), EACCES);
	restore(node, UID, &before);
	assert_int_equal(opens_as(node->path, UID), EACCES);
}

static void full(void **state)
{
	a_node(node, state);
	struct acl_saved before;
	struct error *err = NULL;
	char text[1024] = "u:6";

	for (unsigned i = 0; i < 59; i++)
		snprintf(text + strlen(text), 16, " U%u:6", 20000 + i);
	strcat(text, " g:0 m:6 o:0");
	set(node, text);
	assert_false(acl_grant(node->fd, UID, &before, &err));
	says(&err, "no room for one more user");
	/* One that is there already needs no room. */
	before = grant(node, 20003);
	assert_int_equal(before.len, 508);
}

static void no_such_node(void **state)
{
	struct acl_saved saved = {.mode = 0123};
	struct error *err = NULL;
	own_fd int proc = open("/proc/self/comm", O_PATH | O_CLOEXEC);

	(void)state;
	assert_false(acl_save(-1, &saved, &err));
	says(&err, "cannot look at the node: Bad file descriptor");
	assert_false(acl_grant(proc, UID, &saved, &err));
	says(&err, "the node's ACL: Operation not supported");
	assert_int_equal(saved.mode, 0123);
}

/* ------------------------------------------------------------------ in words */

static void text_and_back(void **state)
{
	a_node(node, state);
	struct acl_saved before = {0}, again;
	struct error *err = NULL;
	own_free char *plain = NULL, *full_text = NULL;

	assert_int_equal(chmod(node->path, 0640), 0);
	assert_true(acl_save(node->fd, &before, &err));
	plain = acl_text(&before);
	assert_string_equal(plain, "0640:-");
	assert_true(acl_parse(plain, &again));
	assert_int_equal(again.mode, 0640);
	assert_false(again.had);
	set(node, "u:6 U1000:6 g:0 m:6 o:0");
	assert_true(acl_save(node->fd, &before, &err));
	full_text = acl_text(&before);
	assert_string_equal(full_text, "0660:02000000"
				       "01000600ffffffff"
				       "02000600e8030000"
				       "04000000ffffffff"
				       "10000600ffffffff"
				       "20000000ffffffff");
	assert_true(acl_parse(full_text, &again));
	assert_true(again.had);
	assert_int_equal(again.len, before.len);
	assert_memory_equal(again.value, before.value, before.len);
}

static void text_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"0600",
		"0600:",
		"600:-",
		"0800:-",
		"00600:-",
		"0600:--",
		"0600:- ",
		"0600:0",
		"0600:zz",
		"0600:02",
		"0600:020000",
		"0600:02000000",
		" 0600:-",
		"0600:01000000",
		"0600:-02",
		"0600:02000000010006",
		/* Capitals; a right that is none; a name without a mask. */
		"0660:0200000001000600FFFFFFFF04000000FFFFFFFF20000000FFFFFFFF",
		"0660:0200000001000e00ffffffff04000000ffffffff20000000ffffffff",
		"0660:0200000001000600ffffffff02000600e803000004000000ffffffff20000000ffffffff",
	};
	struct acl_saved saved = {.mode = 0123};
	char text[2048] = "0600:02000000";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (acl_parse(bad[i], &saved))
			fail_msg("took %s", bad[i]);
	/* Too long for what holds it. */
	for (size_t i = 0; i < 64; i++)
		strcat(text, "01000600ffffffff");
	assert_false(acl_parse(text, &saved));
	assert_int_equal(saved.mode, 0123);
	assert_true(
		acl_parse("0660:0200000001000600ffffffff04000000ffffffff20000000ffffffff", &saved));
}

#define WITH_NODE(test) cmocka_unit_test_setup_teardown(test, node_make, node_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NODE(without_an_acl), WITH_NODE(with_an_acl),
		WITH_NODE(two_users),	   WITH_NODE(changed_since),
		WITH_NODE(owners),	   WITH_NODE(really_opens),
		WITH_NODE(full),	   cmocka_unit_test(no_such_node),
		WITH_NODE(text_and_back),  cmocka_unit_test(text_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
