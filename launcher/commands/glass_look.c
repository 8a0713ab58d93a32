#include "glass_look.h"

#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/own.h"

#define LOG_START 4096 /* bytes: the client says what it is before all else */

/* "Looking Glass (B7-377-g1234)", as it writes at its start. */
char *glass_release(const struct profile *profile, const struct dirs *dirs)
{
	static const char words[] = "Looking Glass (";
	own_free char *dir = path_join(dirs->state, profile->vm.name.v), *path = NULL;
	own_free char *name = xasprintf("%s.log", path_base(profile->glass.client.v));
	char text[LOG_START];
	own_fd int fd = -1;
	const char *at;
	ssize_t n;

	path = path_join(dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	at = strstr(text, words);
	if (!at || !strchr(at, ')'))
		return NULL;
	return xstrndup(at + strlen(words), strcspn(at + strlen(words), ")\n"));
}

char *glass_owner(const char *path)
{
	const struct passwd *user;
	struct stat st;

	if (lstat(path, &st) < 0 || st.st_uid == geteuid())
		return NULL;
	user = getpwuid(st.st_uid);
	return user ? xstrdup(user->pw_name) : xasprintf("user %u", st.st_uid);
}
