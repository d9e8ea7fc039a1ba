/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmlrpc_read.c – a call's bytes to values, in one pass over expat's events. */
#include "rpc/xmlrpc.h"

#include "rpc/scalar.h"
#include "rpc/xmlrpc_element.h"

#include <expat.h>
#include <limits.h>
#include <strings.h>
#include <sys/random.h>

/* After a longer call parser and text are let go: no thread keeps the memory of its largest. */
#define KEPT_BYTES ((size_t)256 << 10)

/* An element that is open. */
struct frame {
	enum element element;
	unsigned seen;	     /* the elements that were in it */
	struct value *value; /* what it holds so far */
	struct value *key;   /* of a member */
};

struct xmlrpc_reader {
	XML_Parser parser; /* NULL until it is needed */
	unsigned long salt;
	struct frame *frames;
	size_t count;
	size_t capacity;
	struct buffer text; /* since the last start tag */
	const struct rpc_limits *limits;
	unsigned depth;
	unsigned values;
	char *method;
	struct value *parameters;
	const char *problem;
};

static void refuse(struct xmlrpc_reader *reader, const char *problem)
{
	reader->problem = problem;
	XML_StopParser(reader->parser, XML_FALSE);
}

static struct frame *top(struct xmlrpc_reader *reader)
{
	return &reader->frames[reader->count - 1];
}

static void push(struct xmlrpc_reader *reader, struct frame frame)
{
	if (reader->count == reader->capacity) {
		reader->capacity = reader->capacity ? 2 * reader->capacity : 32;
		reader->frames = reallocate(reader->frames, reader->capacity * sizeof(frame));
	}
	reader->frames[reader->count++] = frame;
}

/* Returns what is wrong with such an element here, or NULL. */
static const char *judge(const struct xmlrpc_reader *reader, const struct frame *parent,
			 enum element element)
{
	const char *problem = element_problem(element, parent->element, parent->seen);

	if (problem)
		return problem;
	if (parent->element == VALUE && !is_all_space(reader->text.data, reader->text.length))
		return "text beside an element";
	if (element == VALUE && reader->depth == reader->limits->depth)
		return "values nested too deep";
	if (element == VALUE && reader->values == reader->limits->elements)
		return "too many values";
	return NULL;
}

static void XMLCALL start_element(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct xmlrpc_reader *reader = context;
	enum element element = element_named(name);
	struct frame *parent = top(reader);
	struct frame frame = {.element = element};
	const char *problem;

	(void)attributes;
	if (reader->problem)
		return;
	problem = judge(reader, parent, element);
	if (problem) {
		refuse(reader, problem);
		return;
	}
	parent->seen |= ELEMENT_BIT(element);
	reader->depth += element == VALUE;
	reader->values += element == VALUE;
	if (element == ARRAY)
		frame.value = value_set();
	else if (element == STRUCT)
		frame.value = value_map();
	push(reader, frame);
	buffer_clear(&reader->text);
}

static void XMLCALL character_data(void *context, const XML_Char *text, int length)
{
	struct xmlrpc_reader *reader = context;
	struct frame *frame = top(reader);

	if (reader->problem)
		return;
	if (element_has_text(frame->element) && !frame->seen)
		buffer_add(&reader->text, text, (size_t)length);
	else if (!is_all_space(text, (size_t)length))
		refuse(reader, "text where only elements belong");
}

static struct value *scalar(enum element element, const char *text, size_t length)
{
	switch (element) {
	case INT:
		return scalar_int(text, length);
	case BOOLEAN:
		return scalar_bool(text, length);
	case DOUBLE:
		return scalar_float(text, length);
	case DATETIME:
		return value_datetime(text);
	case BASE64:
		return scalar_base64(text, length);
	case NIL:
		return value_nil();
	default:
		return value_string_n(text, length);
	}
}

/* Takes the value. */
static void give(struct xmlrpc_reader *reader, struct frame *to, struct value *value)
{
	if (to->element == PARAMS)
		value_append(reader->parameters, value);
	else if (to->element == DATA)
		value_append(to[-1].value, value);
	else if (to->element == ARRAY)
		value_append(to->value, value);
	else
		to->value = value;
}

/* Returns what is wrong with it, or NULL. */
static const char *end_value(struct xmlrpc_reader *reader, struct frame *frame)
{
	const char *text = reader->text.data ? reader->text.data : "";
	size_t length = reader->text.length;

	switch (frame->element) {
	case VALUE:
		reader->depth--;
		if (!frame->value)
			frame->value = value_string_n(text, length);
		break;
	case PARAM:
		if (!frame->value)
			return "a param without a value";
		break;
	case STRUCT:
		if (value_sort(frame->value))
			return "a struct with the same member twice";
		break;
	case ARRAY:
		break;
	default:
		frame->value = scalar(frame->element, text, length);
		if (!frame->value)
			return "base64 that is no text";
	}
	give(reader, frame - 1, TAKE(frame->value));
	return NULL;
}

static const char *end_frame(struct xmlrpc_reader *reader, struct frame *frame)
{
	const char *text = reader->text.data ? reader->text.data : "";
	size_t length = reader->text.length;

	switch (frame->element) {
	case METHOD_CALL:
		return reader->method ? NULL : "no methodName";
	case METHOD_NAME:
		if (!rpc_is_method_name(text, length))
			return "a methodName that cannot be one";
		reader->method = text_copy(text);
		return NULL;
	case NAME:
		frame[-1].key = value_string_n(text, length);
		return NULL;
	case MEMBER:
		if (!frame->key || !frame->value)
			return "a member without a name or a value";
		value_put_member(frame[-1].value, TAKE(frame->key), TAKE(frame->value));
		return NULL;
	case PARAMS:
	case DATA:
		return NULL;
	default:
		return end_value(reader, frame);
	}
}

static void XMLCALL end_element(void *context, const XML_Char *name)
{
	struct xmlrpc_reader *reader = context;
	const char *problem;

	(void)name;
	if (reader->problem)
		return;
	problem = end_frame(reader, top(reader));
	if (problem)
		refuse(reader, problem);
	else
		reader->count--;
}

/* Before any entity could be declared in it. */
static void XMLCALL start_doctype(void *context, const XML_Char *name, const XML_Char *system,
				  const XML_Char *public, int has_internal_subset)
{
	(void)name, (void)system, (void)public, (void)has_internal_subset;
	refuse(context, "a DOCTYPE");
}

static void XMLCALL xml_declaration(void *context, const XML_Char *version,
				    const XML_Char *encoding, int standalone)
{
	(void)version, (void)standalone;
	if (encoding && strcasecmp(encoding, "UTF-8") != 0)
		refuse(context, "an encoding other than UTF-8");
}

/* A reset takes the handlers away too; the salt is given so that expat does not ask the kernel for
 * one each time. */
static void prepare(struct xmlrpc_reader *reader, const struct rpc_limits *limits)
{
	if (reader->parser)
		XML_ParserReset(reader->parser, "UTF-8");
	else
		reader->parser = XML_ParserCreate("UTF-8");
	if (!reader->parser)
		abort();
	XML_SetHashSalt(reader->parser, reader->salt);
	XML_SetUserData(reader->parser, reader);
	XML_SetElementHandler(reader->parser, start_element, end_element);
	XML_SetCharacterDataHandler(reader->parser, character_data);
	XML_SetStartDoctypeDeclHandler(reader->parser, start_doctype);
	XML_SetXmlDeclHandler(reader->parser, xml_declaration);
	reader->limits = limits;
	reader->parameters = value_set();
	push(reader, (struct frame){.element = NOTHING});
}

static void tidy(struct xmlrpc_reader *reader, size_t length)
{
	for (size_t i = 0; i < reader->count; i++) {
		value_release(reader->frames[i].value);
		value_release(reader->frames[i].key);
	}
	reader->count = 0;
	reader->depth = 0;
	reader->values = 0;
	reader->problem = NULL;
	free(TAKE(reader->method));
	value_release(TAKE(reader->parameters));
	if (length <= KEPT_BYTES)
		return;
	XML_ParserFree(TAKE(reader->parser));
	buffer_free(&reader->text);
}

/* UTF-16 shows in its first two bytes, with or without a mark; expat would change over to it. */
static bool is_utf16(const char *bytes, size_t length)
{
	for (size_t i = 0; i < 2 && i < length; i++)
		if (bytes[i] == '\0' || bytes[i] == '\xfe' || bytes[i] == '\xff')
			return true;
	return false;
}

struct xmlrpc_reader *xmlrpc_reader_new(void)
{
	struct xmlrpc_reader *reader = allocate(sizeof(*reader));

	/* Where this fails the salt is 0, and expat draws its own. */
	if (getrandom(&reader->salt, sizeof(reader->salt), 0) < 0)
		reader->salt = 0;
	return reader;
}

void xmlrpc_reader_free(struct xmlrpc_reader *reader)
{
	if (!reader)
		return;
	if (reader->parser)
		XML_ParserFree(reader->parser);
	free(reader->frames);
	buffer_free(&reader->text);
	free(reader);
}

const char *xmlrpc_read_call(struct xmlrpc_reader *reader, const struct rpc_limits *limits,
			     const char *bytes, size_t length, char **ret_method,
			     struct value **ret_parameters)
{
	const char *problem;
	enum XML_Status status;

	if (length > INT_MAX)
		return "too long";
	if (is_utf16(bytes, length))
		return "an encoding other than UTF-8";
	prepare(reader, limits);
	status = XML_Parse(reader->parser, bytes, (int)length, XML_TRUE);
	problem = reader->problem;
	if (!problem && status != XML_STATUS_OK)
		problem = XML_ErrorString(XML_GetErrorCode(reader->parser));
	if (!problem) {
		*ret_method = TAKE(reader->method);
		*ret_parameters = TAKE(reader->parameters);
	}
	tidy(reader, length);
	return problem;
}
