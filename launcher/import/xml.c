#include "xml.h"

#include <libxml/parser.h>
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

static char mark; /* its address is the mark */

#define WORDS_OF_ONE 160 /* bytes of an element's line */

xmlDoc *xml_read(const char *name, const char *data, size_t len, xmlNode **root, struct error **err)
{
	const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
			    XML_PARSE_NOCDATA | XML_PARSE_NOBLANKS;
	own_xml xmlDoc *doc = NULL;

	if (len > INT_MAX)
		len = INT_MAX;
	doc = xmlReadMemory(data, (int)len, name, NULL, options);
	if (!doc) {
		const xmlError *last = xmlGetLastError();
		own_free char *why = text_quote(last && last->message ? last->message : "?", 120);
		size_t n = strlen(why);

		/* libxml2's sentences end with a newline, which is quoted by now. */
		if (text_ends(why, "\\x0a"))
			why[n - 4] = '\0';
		error_add(err, ERROR_USAGE, "%s:%d: not XML: %s", name, last ? last->line : 0, why);
		return NULL;
	}
	if (doc->intSubset || doc->extSubset) {
		error_add(err, ERROR_USAGE,
			  "%s: it has a document type (DTD), which libvirt never writes", name);
		return NULL;
	}
	*root = xmlDocGetRootElement(doc);
	if (!*root) {
		error_add(err, ERROR_USAGE, "%s: there is nothing in it", name);
		return NULL;
	}
	return steal(&doc);
}

bool xml_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static xmlNode *node_text(xmlNode *node, const char *name)
{
	for (; node; node = node->next)
		if (xml_is(node, name)) {
			node->_private = &mark;
			return node;
		}
	return NULL;
}

xmlNode *xml_child(xmlNode *node, const char *name)
{
	return node ? node_text(node->children, name) : NULL;
}

xmlNode *xml_next(xmlNode *node)
{
	return node_text(node->next, (const char *)node->name);
}

xmlNode *xml_at(xmlNode *node, const char *path)
{
	own_free char *copy = xstrdup(path);
	char *save;

	for (char *name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save))
		node = xml_child(node, name);
	return node;
}

/* A copy of ours, without the white space around it. */
static char *owned_text(xmlChar *text)
{
	char *copy, *start = (char *)text;
	size_t n;

	if (!text)
		return NULL;
	start += strspn(start, " \t\r\n");
	n = strlen(start);
	while (n && strchr(" \t\r\n", start[n - 1]))
		n--;
	copy = xstrndup(start, n);
	xmlFree(text);
	return copy;
}

char *xml_attr(xmlNode *node, const char *name)
{
	xmlAttr *attr = node ? xmlHasProp(node, (const xmlChar *)name) : NULL;

	if (!attr)
		return NULL;
	attr->_private = &mark;
	return owned_text(xmlGetProp(node, (const xmlChar *)name));
}

bool xml_was_read(xmlNode *node, const char *name)
{
	xmlAttr *attr = node ? xmlHasProp(node, (const xmlChar *)name) : NULL;

	return attr && attr->_private == &mark;
}

void xml_ignore(xmlNode *node, const char *name)
{
	xmlAttr *attr = node ? xmlHasProp(node, (const xmlChar *)name) : NULL;

	if (attr)
		attr->_private = &mark;
}

char *xml_peek(xmlNode *node, const char *name)
{
	return node ? owned_text(xmlGetProp(node, (const xmlChar *)name)) : NULL;
}

bool xml_has(xmlNode *node, const char *name, const char *value)
{
	own_free char *text = xml_peek(node, name);
	bool has = text && strcmp(text, value) == 0;

	if (has)
		xml_ignore(node, name);
	return has;
}

char *xml_text(xmlNode *node)
{
	return node ? owned_text(xmlNodeGetContent(node)) : NULL;
}

/* The depth is bounded by the parser. */
void xml_take(xmlNode *node)
{
	if (!node)
		return;
	node->_private = &mark;
	for (xmlAttr *attr = node->properties; attr; attr = attr->next)
		attr->_private = &mark;
	for (xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE)
			xml_take(child);
}

void xml_take_all(xmlNode *node, const char *name)
{
	for (xmlNode *child = xml_child(node, name); child; child = xml_next(child))
		xml_take(child);
}

/* ------------------------------------------------------------------ what is left */

static void add_whole(struct buf *out, xmlNode *node)
{
	for (xmlAttr *attr = node->properties; attr && out->len < WORDS_OF_ONE; attr = attr->next) {
		own_free char *value = xml_attr(node, (const char *)attr->name);
		own_free char *shown = text_quote(value ? value : "", 60);

		buf_addf(out, " %s=%s", (const char *)attr->name, shown);
	}
	for (xmlNode *child = node->children; child && out->len < WORDS_OF_ONE;
	     child = child->next) {
		if (child->type == XML_TEXT_NODE) {
			own_free char *text = xml_text(child), *shown = text_quote(text, 60);

			if (*text)
				buf_addf(out, " %s", shown);
		} else if (child->type == XML_ELEMENT_NODE) {
			buf_addf(out, " %s", (const char *)child->name);
			add_whole(out, child);
		}
	}
}

static void tell_line(xml_line_fn *fn, void *context, const char *path, const struct buf *words)
{
	own_free char *line = xasprintf("%s%s", path, words->data ? words->data : "");
	own_free char *shown = text_quote(line, 240);

	fn(context, shown);
}

static void rest_of_node(xmlNode *node, const char *path, xml_line_fn *fn, void *context)
{
	own_buf struct buf words = {0};

	if (node->_private != &mark) {
		add_whole(&words, node);
		tell_line(fn, context, path, &words);
		return;
	}
	for (xmlAttr *attr = node->properties; attr; attr = attr->next) {
		if (attr->_private == &mark)
			continue;
		own_free char *value = xml_attr(node, (const char *)attr->name);
		own_free char *shown = text_quote(value ? value : "", 60);

		buf_addf(&words, " %s=%s", (const char *)attr->name, shown);
	}
	if (words.len)
		tell_line(fn, context, path, &words);
	for (xmlNode *child = node->children; child; child = child->next) {
		own_free char *below = NULL;

		if (child->type != XML_ELEMENT_NODE)
			continue;
		below = xasprintf("%s%s%s", path, *path ? "/" : "", (const char *)child->name);
		rest_of_node(child, below, fn, context);
	}
}

void xml_rest(xmlNode *node, xml_line_fn *fn, void *context)
{
	node->_private = &mark;
	rest_of_node(node, "", fn, context);
}
