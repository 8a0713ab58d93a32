/* The one writer of HTML: elements that are begun are ended, and all text is escaped here. What it
 * writes is XML as well (void elements end themselves), so that any XML parser can check it.
 */
#ifndef BASE_HTML_H
#define BASE_HTML_H

#include <stdbool.h>

#include "buf.h"

#define HTML_DEPTH 64

struct html {
	struct buf out;
	const char *open[HTML_DEPTH]; /* names of the elements that are not ended yet */
	size_t depth;
	bool in_tag; /* attributes may follow */
};

/* Begins an element. Names of elements and attributes are constants of the program's. */
void html_begin(struct html *h, const char *element);
/* Adds an attribute to the element that was just begun. */
void html_attribute(struct html *h, const char *name, const char *value);
void html_attributef(struct html *h, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Ends the element begun last. */
void html_end(struct html *h);

/* Text: markup, control bytes, bytes that are no UTF-8 and characters that turn the direction of
 * writing are shown for what they are and do nothing.
 */
void html_text(struct html *h, const char *text);
void html_textf(struct html *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* An element with a class (NULL: none) that holds nothing but text. */
void html_element(struct html *h, const char *element, const char *class, const char *text);
void html_elementf(struct html *h, const char *element, const char *class, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A style sheet of the program's own, as it is. */
void html_style(struct html *h, const char *sheet);

/* The document, which the caller owns, behind its doctype; all elements are ended. */
char *html_done(struct html *h);

#endif
