/* Programs of the user's: where they are. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

/* 0 when path is a program that this process may execute, else the errno why not. */
int program_check(const char *path);

/* The absolute path of a program that PATH names first, which the caller owns; NULL when there is
 * none. Unlike the shell it passes over relative and empty parts of PATH: started in a directory of
 * downloads we must not run what lies there. Links are left as they are: some programs look at the
 * name by which they were called.
 */
char *program_find(const char *name);

#endif
