/* Memory. A process of ours that cannot have a few more bytes has nothing better to do than to
 * end: these never return NULL. The host is safe all the same: what was changed stands in the
 * keeper's journal before it is changed.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull, warn_unused_result));
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull, warn_unused_result));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull, warn_unused_result));
char *xstrndup(const char *s, size_t n)
	__attribute__((malloc, returns_nonnull, warn_unused_result));
char *xasprintf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull, warn_unused_result));
char *xvasprintf(const char *fmt, va_list args)
	__attribute__((format(printf, 1, 0), malloc, returns_nonnull, warn_unused_result));

/* Says so on standard error, where nothing that needs memory could, and ends the process with
 * status 1, which is ERROR_FAILED; nothing of it is unwound.
 */
void no_memory(void) __attribute__((noreturn, cold));

/* Makes room for one more element behind the n that an array holds; growth is geometric. */
void *xgrow(void *array, size_t n, size_t size) __attribute__((returns_nonnull));

/* Appends a zeroed element to a typed array with a count and yields its address. */
#define xappend(array, count)                                        \
	({                                                           \
		(array) = xgrow((array), (count), sizeof(*(array))); \
		&(array)[(count)++];                                 \
	})

#endif
