/* Paths as file URIs (RFC 8089, RFC 3986): ASCII alone, whatever bytes the path has. */
#ifndef BASE_URI_H
#define BASE_URI_H

/* The URI of an absolute path, which the caller owns. */
char *uri_of_path(const char *path);

/* The path that a URI "file:///..." names, which the caller owns; NULL when it is none, is of
 * another computer, or holds an escape that no path can have.
 */
char *uri_path(const char *uri);

#endif
