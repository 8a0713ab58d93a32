#include "error.h"

#include <stdarg.h>
#include <string.h>

#include "alloc.h"
#include "tongue.h"

struct error {
	enum error_kind kind;
	char **message;
	size_t n;
};

static void add_message(struct error **err, enum error_kind kind, char *message)
{
	if (!err) {
		free(message);
		return;
	}
	if (!*err)
		*err = xcalloc(1, sizeof(**err));
	if ((*err)->kind < kind)
		(*err)->kind = kind;
	*xappend((*err)->message, (*err)->n) = message;
}

void error_add(struct error **err, enum error_kind kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_message(err, kind, xvasprintf(tongue(fmt), args));
	va_end(args);
}

void error_errno(struct error **err, enum error_kind kind, int errnum, const char *fmt, ...)
{
	own_free char *what = NULL;
	va_list args;

	va_start(args, fmt);
	what = xvasprintf(tongue(fmt), args);
	va_end(args);
	add_message(err, kind, xasprintf("%s: %s", what, strerror(errnum)));
}

void error_context(struct error **err, const char *fmt, ...)
{
	own_free char *context = NULL;
	va_list args;

	if (!err || !*err)
		return;
	va_start(args, fmt);
	context = xvasprintf(tongue(fmt), args);
	va_end(args);
	for (size_t i = 0; i < (*err)->n; i++) {
		char *old = (*err)->message[i];

		(*err)->message[i] = xasprintf("%s: %s", context, old);
		free(old);
	}
}

void error_set_kind(struct error *err, enum error_kind kind)
{
	if (err)
		err->kind = kind;
}

void error_merge(struct error **to, struct error **from)
{
	struct error *source = steal(from);

	if (!source)
		return;
	for (size_t i = 0; i < source->n; i++)
		add_message(to, source->kind, steal(&source->message[i]));
	error_free(source);
}

enum error_kind error_kind(const struct error *err)
{
	return err->kind;
}

size_t error_count(const struct error *err)
{
	return err ? err->n : 0;
}

const char *error_message(const struct error *err, size_t i)
{
	return err->message[i];
}

void error_free(struct error *err)
{
	if (!err)
		return;
	for (size_t i = 0; i < err->n; i++)
		free(err->message[i]);
	free(err->message);
	free(err);
}
