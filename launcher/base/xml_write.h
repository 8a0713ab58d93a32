/* The one writer of XML 1.0: elements, attributes and text in, a document in UTF-8 out that is
 * well-formed whatever the words are. Only this file knows what must be escaped.
 */
#ifndef BASE_XML_WRITE_H
#define BASE_XML_WRITE_H

#include <stdbool.h>

#include "buf.h"

#define XML_DEPTH 16 /* elements inside each other */

/* A document that grows. */
struct xml_writer {
	struct buf out;
	const char *open[XML_DEPTH]; /* what is to be ended, the innermost last */
	size_t depth;
	bool in_tag; /* its > is to come */
};

/* Begins an element. Names are the program's own and stay valid until its end. */
void xml_begin(struct xml_writer *w, const char *name);

/* Of the element that was begun last and has nothing in it yet. */
void xml_attribute(struct xml_writer *w, const char *name, const char *value);

/* Ends the innermost element. */
void xml_end(struct xml_writer *w);

/* An element of text alone. What XML cannot hold (control characters, bytes that are no UTF-8)
 * becomes U+FFFD.
 */
void xml_leaf(struct xml_writer *w, const char *name, const char *text);

/* The document, with all ended, which the caller owns; the writer is empty afterwards. */
char *xml_done(struct xml_writer *w);
void xml_writer_free(struct xml_writer *w);
#define own_xml_writer own_with(xml_writer_free)

#endif
