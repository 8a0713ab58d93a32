/* A libvirt domain's XML, and what of it has been read: each element and attribute that a reader
 * takes is marked, so that what nobody took can be told.
 */
#ifndef IMPORT_XML_H
#define IMPORT_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "base/error.h"

/* Reads len bytes; the root element is *root. No network, no entity is expanded, and a document
 * with a DTD is refused: libvirt writes none. NULL with an error (ERROR_USAGE).
 */
xmlDoc *xml_read(const char *name, const char *data, size_t len, xmlNode **root,
		 struct error **err);
static inline void own_xml_(xmlDoc **doc)
{
	xmlFreeDoc(*doc);
}
#define own_xml own_with(own_xml_)

/* The first child element of that name, marked; NULL: there is none, or no node. */
xmlNode *xml_child(xmlNode *node, const char *name);
/* The next one of that name behind it, marked. */
xmlNode *xml_next(xmlNode *node);
/* Child by child: "os/loader". */
xmlNode *xml_at(xmlNode *node, const char *path);
bool xml_is(const xmlNode *node, const char *name);

/* An attribute's value and an element's text, marked as read; the caller owns them. NULL: there is
 * none.
 */
char *xml_attr(xmlNode *node, const char *name);
char *xml_text(xmlNode *node);
/* Whether an attribute was read by somebody. */
bool xml_was_read(xmlNode *node, const char *name);
/* Marks one that has no meaning here. */
void xml_ignore(xmlNode *node, const char *name);
/* Its value without marking it. */
char *xml_peek(xmlNode *node, const char *name);
/* Whether an attribute has this value; it is marked then. */
bool xml_has(xmlNode *node, const char *name, const char *value);

/* Marks an element with all that is in it: it has a meaning here without a key. */
void xml_take(xmlNode *node);
/* The same for all children of that name. */
void xml_take_all(xmlNode *node, const char *name);

/* Gives fn a line for each element or attribute below node that nobody took: "devices/rng
 * model=virtio".
 */
typedef void xml_line_fn(void *context, const char *line);
void xml_rest(xmlNode *node, xml_line_fn *fn, void *context);

#endif
