/* Who is at the other end of a Unix socket that somebody listens at. */
#ifndef HOST_PEER_H
#define HOST_PEER_H

#include <stdbool.h>

#include "base/own.h"

/* The Unix sockets with a path, as they were when they were read: once, however many are asked
 * about. Those of this network namespace, of all users; a path stays that of its socket when it has
 * been unlinked.
 */
struct socket_table {
	char *text; /* NULL: the kernel did not tell */
};

struct socket_table socket_table_read(void);
void socket_table_free(struct socket_table *table);
#define own_socket_table own_with(socket_table_free)

/* Whether the socket at path has a connection that its listener has accepted. */
bool socket_serves(const struct socket_table *table, const char *path);

/* The next socket that somebody listens at, behind *at (NULL: the first): its path, which the
 * caller owns; NULL: there is no other one.
 */
char *socket_listening(const struct socket_table *table, const char **at);

/* The process that has a connection to the socket at path, which the listener has accepted: its
 * command line and pid, printable ("\"python3 -m qemu.qmp.qmp_shell x\" (pid 17)"); the caller owns
 * it. NULL where there is none but this process, where it is another user's, or the kernel does not
 * tell (CONFIG_UNIX_DIAG).
 */
char *socket_client(const char *path);

#endif
