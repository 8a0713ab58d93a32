/* What each process of ours gives up, and when (isolation.c has the whole of it). */
#ifndef ISOLATION_ISOLATION_H
#define ISOLATION_ISOLATION_H

#include <stdbool.h>

/* --sandbox: for reports of a fault that Landlock or a filter may have caused. Whatever it says, no
 * process keeps a capability or may gain one.
 */
enum sandbox {
	SANDBOX_ENFORCE,
	SANDBOX_LOG, /* filters allow and log; no Landlock, which cannot do that */
	SANDBOX_OFF,
	SANDBOXES,
};

extern const char *const sandbox_word[SANDBOXES];

/* False for what is no such word. */
bool sandbox_parse(const char *word, enum sandbox *mode);

/* That of this process and of those that it makes from now on; at first SANDBOX_ENFORCE. */
void sandbox_set(enum sandbox mode);
enum sandbox sandbox_mode(void);

/* What this computer's kernel has to keep processes in with. */
struct sandbox_means {
	int landlock; /* its version; 0: none, or switched off */
	bool filters; /* for system calls */
};

struct sandbox_means sandbox_means(void);

#endif
