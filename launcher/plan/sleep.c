/* What becomes of the guest when the host is to sleep. A passed device is without power meanwhile,
 * and its guest finds it so: by default the host stays awake. Virtual functions are worse, as hosts
 * hang that go to sleep while there are any: there the host has to stay awake, or the guest is
 * ended in the time that logind waits, and they are removed.
 */
#include "compose.h"

const char *plan_sleep_word(enum host_sleep sleep)
{
	static const char *const WORD[] = {
		[SLEEP_AUTO] = "auto",	       [SLEEP_BLOCK] = "block", [SLEEP_PAUSE] = "pause",
		[SLEEP_SHUTDOWN] = "shutdown", [SLEEP_QUIT] = "quit",	[SLEEP_IGNORE] = "ignore",
	};
	_Static_assert(ARRAY_SIZE(WORD) == SLEEPS, "each has a word");

	return WORD[sleep];
}

void compose_sleep(struct composer *c)
{
	const struct choice *key = &c->p->host.sleep;
	bool devices = c->claimed.n || c->vfs || c->mdevs;
	bool spared; /* they do not meet the host's sleep */

	c->plan->sleep = (enum host_sleep)key->v;
	if (key->v == SLEEP_AUTO)
		c->plan->sleep = devices ? SLEEP_BLOCK : SLEEP_IGNORE;
	spared = c->plan->sleep == SLEEP_BLOCK || c->plan->sleep == SLEEP_QUIT;
	if (c->vfs && !spared)
		compose_wrong(
			c, key->at,
			"%s = %s: hosts hang that go to sleep while a GPU of theirs has virtual functions: only block, quit and auto go with one",
			compose_key(c, &key->at), plan_sleep_word(c->plan->sleep));
	else if (devices && !spared)
		compose_warn(
			c,
			"%s = %s: a passed device loses its state when this computer sleeps, and seldom works in the guest before that has started anew",
			compose_key(c, &key->at), plan_sleep_word(c->plan->sleep));
	if (c->plan->sleep == SLEEP_BLOCK)
		compose_fd(c, FD_INHIBITOR, NULL);
}
