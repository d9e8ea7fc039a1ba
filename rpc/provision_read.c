/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* provision_read.c – <provision><disk device="0" size="…" sr="…" …/></provision> to values. */
#include "rpc/provision_read.h"

#include <expat.h>
#include <string.h>

struct reading {
	XML_Parser parser;
	struct value *disks;
	int depth;
	bool refused;
};

static void refuse(struct reading *reading)
{
	reading->refused = true;
	XML_StopParser(reading->parser, XML_FALSE);
}

static void XMLCALL start(void *context, const char *name, const char **attributes)
{
	struct reading *reading = context;
	struct value *disk;

	reading->depth++;
	if ((reading->depth == 1 && strcmp(name, "provision") != 0) || reading->depth > 2) {
		refuse(reading);
		return;
	}
	if (reading->depth == 1 || strcmp(name, "disk") != 0)
		return;
	disk = value_map();
	for (; *attributes; attributes += 2)
		value_put(disk, attributes[0], value_string(attributes[1]));
	value_append(reading->disks, disk);
}

static void XMLCALL end(void *context, const char *name)
{
	struct reading *reading = context;

	(void)name;
	reading->depth--;
}

/* Entities could make much of little. */
static void XMLCALL refuse_doctype(void *context, const char *name, const char *system_id,
				   const char *public_id, int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	refuse(context);
}

struct value *provision_read(const char *text)
{
	struct reading reading = {.parser = XML_ParserCreate("UTF-8"), .disks = value_set()};
	bool good;

	XML_SetUserData(reading.parser, &reading);
	XML_SetElementHandler(reading.parser, start, end);
	XML_SetStartDoctypeDeclHandler(reading.parser, refuse_doctype);
	good = XML_Parse(reading.parser, text, (int)strlen(text), XML_TRUE) == XML_STATUS_OK &&
	       !reading.refused;
	XML_ParserFree(reading.parser);
	if (good)
		return reading.disks;
	value_release(reading.disks);
	return NULL;
}
