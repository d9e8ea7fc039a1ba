/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_xmlrpc_write.c – every form of a reply, byte for byte. */
#include "rpc/xmlrpc.h"
#include "schema/record.h"
#include "tests/tap.h"

#include <locale.h>

static void is_written(struct value *value, const char *want, const char *name)
{
	AUTO(value) owned = value;
	AUTO_BUFFER out = {0};

	xmlrpc_write_value(&out, owned);
	is_str(out.data, want, "%s", name);
}

static const struct {
	const char *text;
	const char *want;
} texts[] = {
	{"", "<value></value>"},
	{"abc", "<value>abc</value>"},
	{" a\tb\nc ", "<value> a\tb\nc </value>"},
	{"<&>\"'", "<value>&lt;&amp;&gt;\"'</value>"},
	{"&&", "<value>&amp;&amp;</value>"},
	{"a\rb", "<value>a&#13;b</value>"},
	{"é€😀\x7f", "<value>é€😀\x7f</value>"},
	{"]]>", "<value>]]&gt;</value>"},
	{"a\x01"
	 "b",
	 "<value>a\xef\xbf\xbd"
	 "b</value>"},
	{"\xff\xc3", "<value>\xef\xbf\xbd\xef\xbf\xbd</value>"},
	{"\xef\xbf\xbf", "<value>\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</value>"},
	{"\xc3\xa9<\xc3", "<value>é&lt;\xef\xbf\xbd</value>"},
};

static void test_texts(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		is_written(value_string(texts[i].text), texts[i].want, texts[i].want);
}

static const struct {
	double number;
	const char *want;
} floats[] = {
	{0, "0"},
	{-0.0, "-0"},
	{1, "1"},
	{0.1, "0.1"},
	{-1.5, "-1.5"},
	{1e6, "1000000"},
	{1e15, "1000000000000000"},
	{1e16, "10000000000000000"},
	{1e-7, "0.0000001"},
	{0.1 + 0.2, "0.30000000000000004"},
	{-1e22, "-10000000000000000000000"},
	{1.25e-20, "0.0000000000000000000125"},
};

static void test_floats(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(floats); i++) {
		AUTO_TEXT want = text_format("<value><double>%s</double></value>", floats[i].want);

		is_written(value_float(floats[i].number), want, want);
	}
}

/* A locale with a decimal comma, if there is one. */
static void test_locale(void)
{
	static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ps_AF.UTF-8"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (setlocale(LC_ALL, names[i])) {
			is_written(value_float(1.5), "<value><double>1.5</double></value>",
				   names[i]);
			setlocale(LC_ALL, "C");
			return;
		}
	skip("no locale with a decimal comma is installed");
}

static void test_scalars(void)
{
	is_written(value_nil(), "<value><nil/></value>", "nil");
	is_written(value_int(42), "<value>42</value>", "int");
	is_written(value_int(INT64_MIN), "<value>-9223372036854775808</value>", "least int");
	is_written(value_int(INT64_MAX), "<value>9223372036854775807</value>", "greatest int");
	is_written(value_int32(-7), "<value><i4>-7</i4></value>", "i4");
	is_written(value_bool(true), "<value><boolean>1</boolean></value>", "true");
	is_written(value_bool(false), "<value><boolean>0</boolean></value>", "false");
	is_written(value_datetime_of(0),
		   "<value><dateTime.iso8601>19700101T00:00:00Z</dateTime.iso8601></value>",
		   "date");
	is_written(value_datetime("<&"),
		   "<value><dateTime.iso8601>&lt;&amp;</dateTime.iso8601></value>", "no date");
}

static void test_containers(void)
{
	struct value *set = value_set();
	struct value *map = value_map();

	is_written(value_set(), "<value><array><data></data></array></value>", "empty set");
	is_written(value_map(), "<value><struct></struct></value>", "empty map");
	value_append(set, value_string("a"));
	value_append(set, value_set());
	value_append(set, value_int(1));
	value_put(map, "z", set);
	value_put(map, "a<&>\r", value_string(""));
	is_written(
		map,
		"<value><struct><member><name>z</name><value><array><data><value>a</value>"
		"<value><array><data></data></array></value><value>1</value></data></array></value>"
		"</member><member><name>a&lt;&amp;&gt;&#13;</name><value></value></member></struct>"
		"</value>",
		"a map keeps the order of its members");
}

static void test_record(void)
{
	struct field_info fields[] = {
		{.name = "uuid", .default_value = value_string("")},
		{.name = "secret", .qualifier = QUALIFIER_INTERNAL, .default_value = value_nil()},
		{.name = "memory_target", .default_value = value_bool(false)},
		{.name = "last", .qualifier = QUALIFIER_INTERNAL, .default_value = value_nil()},
	};
	struct class_info cls = {.name = "VM", .fields = fields, .field_count = ARRAY_SIZE(fields)};
	AUTO(record) record = record_new(&cls, "OpaqueRef:1");

	record_set_text(record, 0, "u");
	record_set_int(record, 2, 5);
	is_written(value_record(record),
		   "<value><struct><member><name>uuid</name><value>u</value></member><member>"
		   "<name>memory_target</name><value>5</value></member></struct></value>",
		   "a record without its internal fields");
}

#define SUCCESS(value)                                                                       \
	"<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member>"      \
	"<name>Status</name><value>Success</value></member><member><name>Value</name>" value \
	"</member></struct></value></param></params></methodResponse>"

static void test_success(void)
{
	AUTO(value) one = value_int32(1);
	struct output out = {0};

	xmlrpc_write_success(&out, value_string(""));
	is_str(out.bytes.data, SUCCESS("<value></value>"), "success without a result");
	buffer_clear(&out.bytes);
	xmlrpc_write_success(&out, value_bool(true));
	is_str(out.bytes.data, SUCCESS("<value><boolean>1</boolean></value>"),
	       "success with a result");
	buffer_clear(&out.bytes);
	xmlrpc_write_bare(&out, one);
	is_str(out.bytes.data,
	       "<?xml version=\"1.0\"?><methodResponse><params><param><value><i4>1</i4></value></param></params>"
	       "</methodResponse>",
	       "a bare result");
	output_free(&out);
}

#define FAILURE(values)                                                                           \
	"<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member>"           \
	"<name>Status</name><value>Failure</value></member><member><name>ErrorDescription</name>" \
	"<value><array><data>" values                                                             \
	"</data></array></value></member></struct></value></param></params></methodResponse>"

static void test_failure(void)
{
	AUTO_BUFFER out = {0};
	AUTO_ERROR err = {0};

	fail(&err, ERROR_VM_BAD_POWER_STATE, "OpaqueRef:1", "a<b", "");
	xmlrpc_write_failure(&out, &err);
	is_str(out.data,
	       FAILURE("<value>VM_BAD_POWER_STATE</value><value>OpaqueRef:1</value>"
		       "<value>a&lt;b</value><value></value>"),
	       "failure");
}

int main(void)
{
	test_texts();
	test_floats();
	test_locale();
	test_scalars();
	test_containers();
	test_record();
	test_success();
	test_failure();
	return done_testing();
}
