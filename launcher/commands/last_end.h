/* What became of a machine that does not run. */
#ifndef COMMANDS_LAST_END_H
#define COMMANDS_LAST_END_H

/* Tells how the last start of the machine of that name ended, by what its supervisor wrote down:
 * its last sentence, and what it had told before of crashes, resets and the host's memory. Says
 * nothing of one that was never started, or whose supervisor was killed.
 */
void last_end_tell(const char *name);

#endif
