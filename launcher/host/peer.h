/* Who is at the other end of a Unix socket that somebody listens at. */
#ifndef HOST_PEER_H
#define HOST_PEER_H

/* The process that has a connection to the socket at path, which the listener has accepted: its
 * command line and pid, printable ("\"python3 -m qemu.qmp.qmp_shell x\" (pid 17)"); the caller owns
 * it. NULL where there is none but this process, where it is another user's, or the kernel does not
 * tell (CONFIG_UNIX_DIAG).
 */
char *socket_client(const char *path);

#endif
