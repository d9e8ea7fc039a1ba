/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt.c – libvirt's domain XML to settings: elements and attributes, as leaves. */
#include "server/import/libvirt_leaves.h"

#include "schema/buffer.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <limits.h>
#include <stdio.h>

/* Of names joined. */
#define PATH_MAX_LENGTH 1000

struct reader {
	struct leaves *leaves;
	int groups;
};

static const char *text_of(const xmlChar *text)
{
	return (const char *)text;
}

/* Of an element or an attribute, with the prefix of another namespace; to be freed. */
static char *name_of(const xmlNs *ns, const xmlChar *name)
{
	if (ns && ns->prefix)
		return text_format("%s:%s", text_of(ns->prefix), text_of(name));
	return text_copy(text_of(name));
}

static int line_of(const xmlNode *node)
{
	long line = xmlGetLineNo(node);

	return line > 0 && line < INT_MAX ? (int)line : 0;
}

static void add_leaf(struct reader *reader, const char *path, int group, const xmlNode *node,
		     const char *text)
{
	const char *end;

	while (isspace((unsigned char)*text))
		text++;
	for (end = text + strlen(text); end > text && isspace((unsigned char)end[-1]);)
		end--;
	leaves_add(reader->leaves, path, group, line_of(node),
		   value_string_n(text, (size_t)(end - text)));
}

static void add_attributes(struct reader *reader, const char *path, int group, const xmlNode *node)
{
	for (const xmlAttr *each = node->properties; each; each = each->next) {
		xmlChar *value = xmlNodeListGetString(node->doc, each->children, 1);
		AUTO_TEXT name = name_of(each->ns, each->name);
		AUTO_TEXT full = text_format("%s@%s", path, name);

		add_leaf(reader, full, group, node, value ? text_of(value) : "");
		xmlFree(value);
	}
}

/* The element's own text; NULL: there is none. */
static char *read_text(const xmlNode *node)
{
	AUTO_BUFFER text = {0};
	bool found = false;

	for (const xmlNode *each = node->children; each; each = each->next) {
		if ((each->type != XML_TEXT_NODE && each->type != XML_CDATA_SECTION_NODE) ||
		    !each->content)
			continue;
		buffer_add_text(&text, text_of(each->content));
	}
	for (size_t i = 0; i < text.length; i++)
		found = found || !isspace((unsigned char)text.data[i]);
	return found ? buffer_take(&text) : NULL;
}

static bool has_elements(const xmlNode *node)
{
	const xmlNode *each = node->children;

	while (each && each->type != XML_ELEMENT_NODE)
		each = each->next;
	return each != NULL;
}

/* libxml2 refuses what is nested more than 256 times. */
static void add_element(struct reader *reader, const char *parent, int group, const xmlNode *node,
			int depth)
{
	AUTO_TEXT name = name_of(node->ns, node->name);
	AUTO_TEXT path = text_format("%s%s%s", parent, *parent ? "/" : "", name);
	AUTO_TEXT text = read_text(node);

	if (strlen(path) > PATH_MAX_LENGTH)
		path[PATH_MAX_LENGTH] = '\0';
	/* a device, or one of vcpupin */
	if (depth <= 1)
		group = ++reader->groups;
	add_attributes(reader, path, group, node);
	if (text || (!node->properties && !has_elements(node)))
		add_leaf(reader, path, group, node, text ? text : "");
	for (const xmlNode *each = node->children; each; each = each->next)
		if (each->type == XML_ELEMENT_NODE)
			add_element(reader, path, group, each, depth + 1);
}

static int refuse_xml(struct xl_import *import, xmlParserCtxt *context)
{
	const xmlError *error = xmlCtxtGetLastError(context);
	AUTO_TEXT reason = text_copy(error && error->message ? error->message : "it is no XML");

	reason[strcspn(reason, "\n")] = '\0';
	return xl_import_refuse_line(import, error ? error->line : 0, reason, "");
}

static int read_document(struct xl_import *import, const xmlDoc *document)
{
	struct leaves leaves = {.import = import, .rules = libvirt_rules, .finish = libvirt_finish};
	struct reader reader = {.leaves = &leaves};
	const xmlNode *root = xmlDocGetRootElement(document);
	int rc;

	if (!root || strcmp(text_of(root->name), "domain") != 0)
		return xl_import_refuse_line(import, 1, "the outermost element must be domain",
					     root ? text_of(root->name) : "");
	add_attributes(&reader, "domain", 0, root);
	for (const xmlNode *each = root->children; each; each = each->next)
		if (each->type == XML_ELEMENT_NODE)
			add_element(&reader, "", 0, each, 0);
	rc = leaves_take(&leaves);
	leaves_clear(&leaves);
	return rc;
}

/* Neither files nor the network are looked at, and no entity is there to grow. */
int read_libvirt(struct xl_import *import, const char *text)
{
	xmlParserCtxt *context;
	xmlDoc *document;
	int rc;

	if (strstr(text, "<!DOCTYPE") || strstr(text, "<!ENTITY"))
		return fail(import->err, ERROR_INVALID_VALUE,
			    "config (a document type or entities: none are needed)", "");
	context = xmlNewParserCtxt();
	if (!context)
		abort();
	document = xmlCtxtReadMemory(context, text, (int)strlen(text), NULL, NULL,
				     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
					     XML_PARSE_BIG_LINES);
	rc = document ? read_document(import, document) : refuse_xml(import, context);
	xmlFreeDoc(document);
	xmlFreeParserCtxt(context);
	return rc;
}
