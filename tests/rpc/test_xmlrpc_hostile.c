/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_xmlrpc_hostile.c – calls that mean harm: too deep, too many, too long, cut off, in disguise.
 */
#include "rpc/xmlrpc.h"
#include "schema/buffer.h"
#include "tests/rpc/values.h"
#include "tests/tap.h"

#include <time.h>

static struct rpc_limits limits;
static struct xmlrpc_reader *reader;
static char *method;
static struct value *parameters;

#define START "<methodCall><methodName>m</methodName><params><param>"
#define END "</param></params></methodCall>"

/* What is read stays in method and parameters until the next call. */
static const char *read_bytes(const void *bytes, size_t length)
{
	free(TAKE(method));
	value_release(TAKE(parameters));
	return xmlrpc_read_call(reader, &limits, bytes, length, &method, &parameters);
}

static void add_times(struct buffer *out, size_t times, const char *text)
{
	while (times--)
		buffer_add_text(out, text);
}

/* A call whose one parameter is such a tower. */
static const char *read_tower(size_t levels, const char *up, const char *middle, const char *down)
{
	AUTO_BUFFER call = {0};

	buffer_add_text(&call, START);
	add_times(&call, levels, up);
	buffer_add_text(&call, middle);
	add_times(&call, levels, down);
	buffer_add_text(&call, END);
	return read_bytes(call.data, call.length);
}

static void test_depth(void)
{
	static const char array_up[] = "<value><array><data>";
	static const char array_down[] = "</data></array></value>";
	static const char struct_up[] = "<value><struct><member><name>a</name>";
	static const char struct_down[] = "</member></struct></value>";

	limits = (struct rpc_limits){.depth = 10, .elements = 100};
	is_str(read_tower(9, array_up, "<value/>", array_down), NULL, "10 arrays deep");
	is_str(read_tower(10, array_up, "<value/>", array_down), "values nested too deep",
	       "11 arrays deep");
	is_str(read_tower(9, struct_up, "<value/>", struct_down), NULL, "10 structs deep");
	is_str(read_tower(10, struct_up, "<value/>", struct_down), "values nested too deep",
	       "11 structs deep");
	is_str(read_tower(70000, array_up, "<value/>", array_down), "values nested too deep",
	       "70,000 arrays deep");
	is_str(read_tower(70000, "<x>", "", "</x>"), "an element that is none of XML-RPC",
	       "70,000 unknown elements deep");
	is_str(read_tower(1, "<value>", "", "</value>"), NULL, "the depth is counted anew");
}

static void test_elements(void)
{
	limits = (struct rpc_limits){.depth = 10, .elements = 100};
	is_str(read_tower(1, "<value><array><data>", "<value/><value/>", "</data></array></value>"),
	       NULL, "a few values");
	is_str(read_tower(101, "<value/>", "", ""), "an element too many", "values beside values");
	limits.elements = 2;
	is_str(read_tower(1, "<value><array><data>", "<value/>", "</data></array></value>"), NULL,
	       "as many values as are allowed");
	is_str(read_tower(1, "<value><array><data>", "<value/><value/>", "</data></array></value>"),
	       "too many values", "one more");
}

/* Seconds of processor time. */
static double now(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static void test_large_struct(void)
{
	AUTO_BUFFER call = {0};
	double start;

	limits = (struct rpc_limits){.depth = 10, .elements = 75001};
	buffer_add_text(&call, START "<value><struct>");
	for (int i = 0; i < 75000; i++)
		buffer_add_format(&call, "<member><name>m%d</name><value>%d</value></member>",
				  i * 7919 % 75000, i);
	buffer_add_text(&call, "</struct></value>" END);
	start = now();
	is_str(read_bytes(call.data, call.length), NULL, "a struct of 75,000 members");
	ok(now() - start < 5, "is read fast (%.0f ms)", 1000 * (now() - start));
	is_int(parameters->items[0]->length, 75000, "with all of them");
	is_str(value_find_text(parameters->items[0], "m7919"), "1", "which are found");
	limits.elements--;
	is_str(read_bytes(call.data, call.length), "too many values", "one more than is allowed");
}

/* Entities and comments cut the text into many pieces, each an event of its own. */
static void test_long_text(void)
{
	static const char *const pieces[] = {"x", "&amp;", "\n", "<!-- -->", "é", "]"};
	double start;

	limits = (struct rpc_limits){.depth = 10, .elements = 10};
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		start = now();
		is_str(read_tower(1, "<value>", "", "</value>"), NULL, "a small call");
		AUTO_BUFFER call = {0};

		buffer_add_text(&call, START "<value>");
		add_times(&call, 1000000, pieces[i]);
		buffer_add_text(&call, "</value>" END);
		is_str(read_bytes(call.data, call.length), NULL, "a million of %s", pieces[i]);
		ok(now() - start < 5, "is read fast (%.0f ms)", 1000 * (now() - start));
	}
	is_int(parameters->items[0]->length, 1000000, "the text is complete");
}

static void test_doctype(void)
{
	static const char bomb[] = "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>]>" START
				   "<value>&a;</value>" END;
	char wide[2 * sizeof(bomb)];
	AUTO_BUFFER quadratic = {0};

	limits = (struct rpc_limits){.depth = 10, .elements = 10};
	for (int big = 0; big < 2; big++) {
		size_t length = 2 * strlen(bomb);

		memset(wide, 0, sizeof(wide));
		for (size_t i = 0; i < strlen(bomb); i++)
			wide[2 + 2 * i + (size_t)big] = bomb[i];
		memcpy(wide, big ? "\xfe\xff" : "\xff\xfe", 2);
		is_str(read_bytes(wide, length + 2), "an encoding other than UTF-8",
		       "DOCTYPE in UTF-16%s", big ? "BE" : "LE");
		is_str(read_bytes(wide + 2, length), "an encoding other than UTF-8",
		       "DOCTYPE in UTF-16%s without a mark", big ? "BE" : "LE");
	}
	buffer_add_text(&quadratic, "<!DOCTYPE a [<!ENTITY a '");
	add_times(&quadratic, 100000, "a");
	buffer_add_text(&quadratic, "'>]>" START "<value>");
	add_times(&quadratic, 30000, "&a;");
	buffer_add_text(&quadratic, "</value>" END);
	is_str(read_bytes(quadratic.data, quadratic.length), "a DOCTYPE", "quadratic entity");
}

static const char good[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<methodCall><methodName>VM.create</methodName>"
	"<params><param><value>OpaqueRef:1</value></param><param><value><struct><member><name>a</name>"
	"<value><array><data><value><i4>1</i4></value><value>é😀&amp;</value></data></array></value>"
	"</member><member><value><struct/></value><name>b</name></member></struct></value></param>"
	"<param><value><array><param><value><nil/></value></param></array></value></param>"
	"<param><value><base64>aGk=</base64></value></param></params></methodCall>";

static void test_cut_off(void)
{
	size_t taken = 0;

	limits = (struct rpc_limits){.depth = 10, .elements = 100};
	for (size_t length = 0; length < sizeof(good) - 1; length++) {
		AUTO_TEXT copy = allocate(length);

		memcpy(copy, good, length);
		taken += read_bytes(copy, length) == NULL;
	}
	is_int((int64_t)taken, 0, "a call that is cut off anywhere is refused");
	is_str(read_bytes(good, sizeof(good) - 1), NULL, "the whole call is taken afterwards");
}

/* Every byte replaced by every other: nothing is expected but that it ends well. */
static void test_changed_bytes(void)
{
	char copy[sizeof(good)];
	size_t refused = 0;

	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		memcpy(copy, good, sizeof(good));
		for (int byte = 0; byte < 256; byte += 5) {
			copy[i] = (char)byte;
			refused += read_bytes(copy, sizeof(good) - 1) != NULL;
		}
	}
	ok(refused > 0, "%zu calls with one byte changed are refused", refused);
}

static void test_method_names(void)
{
	AUTO_BUFFER call = {0};

	for (size_t length = 256; length <= 257; length++) {
		buffer_clear(&call);
		buffer_add_text(&call, "<methodCall><methodName>");
		add_times(&call, length, "m");
		buffer_add_text(&call, "</methodName></methodCall>");
		is_str(read_bytes(call.data, call.length),
		       length == 256 ? NULL : "a methodName that cannot be one",
		       "a methodName of %zu bytes", length);
	}
}

int main(void)
{
	reader = xmlrpc_reader_new();
	test_depth();
	test_elements();
	test_large_struct();
	test_long_text();
	test_doctype();
	test_cut_off();
	test_changed_bytes();
	test_method_names();
	free(TAKE(method));
	value_release(TAKE(parameters));
	xmlrpc_reader_free(reader);
	return done_testing();
}
