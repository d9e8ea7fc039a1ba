/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_xmlrpc_read.c – every form of a call that clients send, and what is no call. */
#include "rpc/xmlrpc.h"
#include "tests/rpc/values.h"
#include "tests/tap.h"

static const struct rpc_limits limits = {.depth = 20, .elements = 100000};
static struct xmlrpc_reader *reader;

#define CALL_START "<methodCall><methodName>VM.start</methodName><params><param>"
#define CALL_END "</param></params></methodCall>"
#define CALL(value) CALL_START value CALL_END

static const char *read_bytes(const char *bytes, size_t length, char **ret_method,
			      struct value **ret_parameters)
{
	/* An exact copy, so that the sanitizer sees a read past its end. */
	AUTO_TEXT copy = allocate(length);

	memcpy(copy, bytes, length);
	return xmlrpc_read_call(reader, &limits, copy, length, ret_method, ret_parameters);
}

static const struct {
	const char *name;
	const char *value;
	const char *want;
} values[] = {
	{"untyped text", "<value>abc</value>", "\"abc\""},
	{"untyped, empty", "<value></value>", "\"\""},
	{"untyped, self-closed", "<value/>", "\"\""},
	{"untyped space is text", "<value> \n </value>", "\" \n \""},
	{"string", "<value><string>abc</string></value>", "\"abc\""},
	{"string, empty", "<value><string></string></value>", "\"\""},
	{"string, self-closed", "<value><string/></value>", "\"\""},
	{"string keeps its space", "<value><string> a\n\tb </string></value>", "\" a\n\tb \""},
	{"entities", "<value>&lt;&gt;&amp;&quot;&apos;&#65;&#x41;</value>", "\"<>&\"'AA\""},
	{"carriage return", "<value>a&#13;b</value>", "\"a\rb\""},
	{"line ends are line feeds", "<value>a\r\nb\rc</value>", "\"a\nb\nc\""},
	{"emoji", "<value>😀 &#x1F600;</value>", "\"😀 😀\""},
	{"CDATA", "<value><![CDATA[<a>&]]>b</value>", "\"<a>&b\""},
	{"comments", "<value>a<!-- x -->b</value>", "\"ab\""},
	{"processing instructions", "<value>a<?x y?>b</value>", "\"ab\""},
	{"attributes are ignored", "<value a='1'>b</value>", "\"b\""},
	{"comment beside a type", "<value><!-- x --><int>1</int><!-- y --></value>", "1"},
	{"int", "<value><int>42</int></value>", "42"},
	{"i4", "<value><i4>-42</i4></value>", "-42"},
	{"i8", "<value><i8>8589934592</i8></value>", "8589934592"},
	{"int with a plus", "<value><int>+7</int></value>", "7"},
	{"int with space", "<value><int> \n42\t</int></value>", "42"},
	{"int with zeros", "<value><int>0000000000000000000000042</int></value>", "42"},
	{"most", "<value><i8>9223372036854775807</i8></value>", "9223372036854775807"},
	{"least", "<value><int>-9223372036854775808</int></value>", "-9223372036854775808"},
	{"too much", "<value><i8>9223372036854775808</i8></value>", "\"9223372036854775808\""},
	{"too little", "<value><i8>-9223372036854775809</i8></value>", "\"-9223372036854775809\""},
	{"no number", "<value><int> 4 2</int></value>", "\" 4 2\""},
	{"no number, hexadecimal", "<value><int>0x10</int></value>", "\"0x10\""},
	{"no number, empty", "<value><int/></value>", "\"\""},
	{"no number, a sign", "<value><int>-</int></value>", "\"-\""},
	{"true", "<value><boolean>1</boolean></value>", "true"},
	{"false", "<value><boolean> 0 </boolean></value>", "false"},
	{"no boolean", "<value><boolean>true</boolean></value>", "\"true\""},
	{"no boolean, 2", "<value><boolean>2</boolean></value>", "\"2\""},
	{"double", "<value><double>-1.5</double></value>", "-1.5"},
	{"double with exponent", "<value><double> 1e+06 </double></value>", "1000000"},
	{"double without a point", "<value><double>2</double></value>", "2"},
	{"double that begins with it", "<value><double>.5</double></value>", "0.5"},
	{"double that ends with it", "<value><double>5.</double></value>", "5"},
	{"double too small", "<value><double>1e-999</double></value>", "0"},
	{"double too large", "<value><double>1e999</double></value>", "\"1e999\""},
	{"nan", "<value><double>nan</double></value>", "\"nan\""},
	{"inf", "<value><double>-inf</double></value>", "\"-inf\""},
	{"no double, a point", "<value><double>.</double></value>", "\".\""},
	{"no double, hexadecimal", "<value><double>0x1p3</double></value>", "\"0x1p3\""},
	{"no double, half an exponent", "<value><double>1e</double></value>", "\"1e\""},
	{"no double, a comma", "<value><double>1,5</double></value>", "\"1,5\""},
	{"date", "<value><dateTime.iso8601>19700101T00:00:00Z</dateTime.iso8601></value>",
	 "@19700101T00:00:00Z"},
	{"Go's date", "<value><dateTime.iso8601>111T0:0:0</dateTime.iso8601></value>",
	 "@111T0:0:0"},
	{"no date", "<value><dateTime.iso8601/></value>", "@"},
	{"base64", "<value><base64>aMOpbGxv</base64></value>", "\"héllo\""},
	{"base64 in lines", "<value><base64>\naMOp\nbGxvIQ==\n</base64></value>", "\"héllo!\""},
	{"base64, empty", "<value><base64/></value>", "\"\""},
	{"nil", "<value><nil/></value>", "nil"},
	{"nil, open", "<value><nil> </nil></value>", "nil"},
	{"array",
	 "<value><array><data><value>a</value><value><int>1</int></value></data></array></value>",
	 "[\"a\", 1]"},
	{"array, empty data", "<value><array><data></data></array></value>", "[]"},
	{"array, data self-closed", "<value><array><data/></array></value>", "[]"},
	{"array without data", "<value><array></array></value>", "[]"},
	{"array, self-closed", "<value><array/></value>", "[]"},
	{"libxen's array",
	 "<value><array><data><param><value>a</value></param><param><value>b</value></param></data>"
	 "</array></value>",
	 "[\"a\", \"b\"]"},
	{"libxen's array without data",
	 "<value><array><param><value>a</value></param><param><value>b</value></param></array></value>",
	 "[\"a\", \"b\"]"},
	{"arrays in arrays",
	 "<value><array><data><value><array><data><value>a</value></data></array></value>"
	 "<value><array/></value></data></array></value>",
	 "[[\"a\"], []]"},
	{"struct",
	 "<value><struct><member><name>b</name><value>1</value></member>"
	 "<member><name>a</name><value><nil/></value></member></struct></value>",
	 "{a: nil, b: \"1\"}"},
	{"member the other way round",
	 "<value><struct><member><value>1</value><name>a</name></member></struct></value>",
	 "{a: \"1\"}"},
	{"struct, empty", "<value><struct></struct></value>", "{}"},
	{"struct, self-closed", "<value><struct/></value>", "{}"},
	{"member without letters",
	 "<value><struct><member><name/><value>1</value></member></struct></value>", "{: \"1\"}"},
	{"names are exact",
	 "<value><struct><member><name> a&amp;</name><value/></member></struct></value>",
	 "{ a&: \"\"}"},
	{"space everywhere",
	 "\n<value> <struct>\t<member>\r\n<name>a</name> <value>\n<array> <data> <value> <i4>1</i4> "
	 "</value> </data>\n</array> </value>\n</member> </struct> </value>\n",
	 "{a: [1]}"},
};

static void test_values(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		AUTO_TEXT call = text_format("%s%s%s", CALL_START, values[i].value, CALL_END);
		AUTO_TEXT want = text_format("[%s]", values[i].want);
		AUTO_TEXT got = NULL;
		AUTO_TEXT method = NULL;
		AUTO(value) parameters = NULL;
		const char *problem = read_bytes(call, strlen(call), &method, &parameters);

		got = problem ? text_copy(problem) : value_show(parameters);
		is_str(got, want, "%s", values[i].name);
	}
}

#define PARAM "<param><value>a</value></param>"

static const struct {
	const char *name;
	const char *call;
	const char *want;
} calls[] = {
	{"no params", "<methodCall><methodName>m</methodName></methodCall>", "m[]"},
	{"empty params", "<methodCall><methodName>m</methodName><params/></methodCall>", "m[]"},
	{"params with space",
	 "<methodCall><methodName>m</methodName><params> </params></methodCall>", "m[]"},
	{"two params",
	 "<methodCall><methodName>a.B_9</methodName><params>" PARAM PARAM "</params></methodCall>",
	 "a.B_9[\"a\", \"a\"]"},
	{"declaration", "<?xml version=\"1.0\"?>\n" CALL("<value/>") "\n", "VM.start[\"\"]"},
	{"declaration, single quotes", "<?xml version='1.0'?>" CALL("<value/>"), "VM.start[\"\"]"},
	{"declaration, UTF-8", "<?xml version='1.0' encoding='utf-8'?>" CALL("<value>é</value>"),
	 "VM.start[\"é\"]"},
	{"standalone", "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>" CALL("<value/>"),
	 "VM.start[\"\"]"},
	{"byte order mark", "\xef\xbb\xbf<?xml version='1.0'?>" CALL("<value/>"), "VM.start[\"\"]"},
	{"comments around", "<!-- a -->" CALL("<value/>") "<!-- b -->", "VM.start[\"\"]"},
};

static void test_calls(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		AUTO_TEXT got = NULL;
		AUTO_TEXT shown = NULL;
		AUTO_TEXT method = NULL;
		AUTO(value) parameters = NULL;
		const char *problem =
			read_bytes(calls[i].call, strlen(calls[i].call), &method, &parameters);

		shown = problem ? text_copy(problem) : value_show(parameters);
		got = text_format("%s%s", method ? method : "", shown);
		is_str(got, calls[i].want, "%s", calls[i].name);
	}
}

#define NO_VALUE(name, value)     \
	{                         \
		name, CALL(value) \
	}
#define BOMB                                                                                \
	"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>" \
	"<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>]>"

static const struct {
	const char *name;
	const char *call;
} refused[] = {
	{"nothing", ""},
	{"space", " "},
	{"no XML", "hello"},
	{"another document", "<html/>"},
	{"a response", "<methodResponse><params/></methodResponse>"},
	{"unknown element", "<methodCall><methodName>m</methodName><x/></methodCall>"},
	{"no method", "<methodCall><params/></methodCall>"},
	{"no method, nothing", "<methodCall/>"},
	{"method twice",
	 "<methodCall><methodName>m</methodName><methodName>m</methodName></methodCall>"},
	{"params first", "<methodCall><params/><methodName>m</methodName></methodCall>"},
	{"params twice", "<methodCall><methodName>m</methodName><params/><params/></methodCall>"},
	{"empty method", "<methodCall><methodName/></methodCall>"},
	{"method with space", "<methodCall><methodName> m</methodName></methodCall>"},
	{"method with other letters", "<methodCall><methodName>VM/é</methodName></methodCall>"},
	{"text in the call", "<methodCall>x<methodName>m</methodName></methodCall>"},
	{"text in params", "<methodCall><methodName>m</methodName><params>x</params></methodCall>"},
	{"value in params",
	 "<methodCall><methodName>m</methodName><params><value/></params></methodCall>"},
	{"garbage after it", CALL("<value/>") "x"},
	{"a second call", CALL("<value/>") CALL("<value/>")},
	{"empty param", CALL("")},
	NO_VALUE("two values", "<value/><value/>"),
	NO_VALUE("text in param", "x<value/>"),
	NO_VALUE("two types", "<value><int>1</int><int>1</int></value>"),
	NO_VALUE("text before a type", "<value>x<int>1</int></value>"),
	NO_VALUE("text after a type", "<value><int>1</int>x</value>"),
	NO_VALUE("value in a value", "<value><value/></value>"),
	NO_VALUE("element in a string", "<value><string>a<b/></string></value>"),
	NO_VALUE("element in an int", "<value><int><int>1</int></int></value>"),
	NO_VALUE("nil with text", "<value><nil>x</nil></value>"),
	NO_VALUE("unknown type", "<value><long>1</long></value>"),
	NO_VALUE("type in capitals", "<value><INT>1</INT></value>"),
	NO_VALUE("value in array without data", "<value><array><value/></array></value>"),
	NO_VALUE("data twice", "<value><array><data/><data/></array></value>"),
	NO_VALUE("param after data",
		 "<value><array><data/><param><value/></param></array></value>"),
	NO_VALUE("empty param in array", "<value><array><param/></array></value>"),
	NO_VALUE("text in data", "<value><array><data>x</data></array></value>"),
	NO_VALUE("text in struct", "<value><struct>x</struct></value>"),
	NO_VALUE("value in struct", "<value><struct><value/></struct></value>"),
	NO_VALUE("empty member", "<value><struct><member/></struct></value>"),
	NO_VALUE("member without value",
		 "<value><struct><member><name>a</name></member></struct></value>"),
	NO_VALUE("member without name",
		 "<value><struct><member><value/></member></struct></value>"),
	NO_VALUE(
		"member with two names",
		"<value><struct><member><name>a</name><name>b</name><value/></member></struct></value>"),
	NO_VALUE("member with two values",
		 "<value><struct><member><name>a</name><value/><value/></member></struct></value>"),
	NO_VALUE(
		"the same member twice",
		"<value><struct><member><name>a</name><value/></member><member><name>b</name><value/>"
		"</member><member><name>a</name><value/></member></struct></value>"),
	NO_VALUE("base64 with other letters", "<value><base64>aM!p</base64></value>"),
	NO_VALUE("base64 cut off", "<value><base64>aMOpb</base64></value>"),
	NO_VALUE("base64 after its end", "<value><base64>aQ==aQ==</base64></value>"),
	NO_VALUE("base64 of a NUL", "<value><base64>AA==</base64></value>"),
	NO_VALUE("base64 of a control character", "<value><base64>AQ==</base64></value>"),
	NO_VALUE("base64 of bad UTF-8", "<value><base64>/w==</base64></value>"),
	NO_VALUE("bad UTF-8", "<value>\xff</value>"),
	NO_VALUE("overlong UTF-8", "<value>\xc0\xaf</value>"),
	NO_VALUE("surrogates", "<value>\xed\xa0\xbd</value>"),
	NO_VALUE("control character", "<value>\x01</value>"),
	NO_VALUE("control character by number", "<value>&#1;</value>"),
	NO_VALUE("NUL by number", "<value>&#0;</value>"),
	NO_VALUE("U+FFFF", "<value>\xef\xbf\xbf</value>"),
	NO_VALUE("unknown entity", "<value>&nbsp;</value>"),
	NO_VALUE("bare ampersand", "<value>a & b</value>"),
	NO_VALUE("namespaced nil", "<value><ex:nil/></value>"),
	{"encoding latin1",
	 "<?xml version='1.0' encoding='ISO-8859-1'?>" CALL("<value>\xe9</value>")},
	{"encoding unknown", "<?xml version='1.0' encoding='x-y'?>" CALL("<value/>")},
	{"encoding said to be UTF-16", "<?xml version='1.0' encoding='UTF-16'?>" CALL("<value/>")},
	{"DOCTYPE", "<!DOCTYPE methodCall>" CALL("<value/>")},
	{"DOCTYPE elsewhere", "<!DOCTYPE methodCall SYSTEM 'file:///etc/passwd'>" CALL("<value/>")},
	{"entity bomb", BOMB CALL("<value>&d;</value>")},
	{"external entity",
	 "<!DOCTYPE a [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" CALL("<value>&a;</value>")},
	{"parameter entity",
	 "<!DOCTYPE a [<!ENTITY % a SYSTEM 'http://127.0.0.1/'>%a;]>" CALL("<value/>")},
};

/* Returns the problem, or NULL when it was taken. */
static const char *problem_of(const char *bytes, size_t length)
{
	AUTO_TEXT method = NULL;
	AUTO(value) parameters = NULL;

	return read_bytes(bytes, length, &method, &parameters);
}

static void test_refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		const char *problem = problem_of(refused[i].call, strlen(refused[i].call));

		ok(problem != NULL, "refused: %s (%s)", refused[i].name,
		   problem ? problem : "taken");
	}
}

int main(void)
{
	reader = xmlrpc_reader_new();
	test_values();
	test_calls();
	test_refused();
	xmlrpc_reader_free(reader);
	return done_testing();
}
