/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_escape – every text comes back from its disguise, and xmlrpc-c can carry the disguise */

#include "rpc/xm/codec.h"
#include "rpc/xm/escape.h"
#include "tests/tap.h"

#include <stdio.h>

static void check_text(const char *text, const char *want)
{
	AUTO_BUFFER escaped = {0};
	AUTO_BUFFER back = {0};

	escape_text(&escaped, text, strlen(text));
	if (want)
		is_str(escaped.data, want, "the disguise of %s", text);
	unescape_text(&back, escaped.data, escaped.length);
	is_str(back.data, text, "and back");
}

static void check_xml(const char *xml, const char *want)
{
	AUTO_BUFFER escaped = {0};

	escape_xml(&escaped, xml, strlen(xml));
	is_str(escaped.data, want, "in XML: %s", xml);
}

/* Through xmlrpc-c and back, as a reply that holds it. */
static void check_reply(const char *content, const char *want)
{
	AUTO_TEXT xml = text_format("<methodResponse><params><param><value>%s</value></param>"
				    "</params></methodResponse>",
				    content);
	AUTO(value) value = NULL;
	AUTO_TEXT reason = NULL;

	if (ok(codec_read_reply(xml, strlen(xml), &value, &reason) == 0, "%s is read", content))
		is_str(value->text, want, "as it is");
	else
		diag("%s", reason);
}

static unsigned next_random(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Characters of which something may go wrong, in any order; 2000 texts. */
static void check_random(void)
{
	static const char *const pieces[] = {
		"a",
		"r",
		"\r",
		"\n",
		"&",
		"\xEE\x80\x80",
		"\xEE\x8F\xBF",
		"\xEE\x90\x80",
		"\xEE\x9F\xBF",
		"\xEE\xA0\x80",
		"\xEE\xA0\x81",
		"\xF0\x90\x80\x80",
		"\xF4\x8F\xBF\xBF",
		"\xF0\x9F\x98\x80",
		"\xC3\xA9",
		"\xE2\x82\xAC",
		"\xEE",
		"\xF0\x9F",
	};
	unsigned state = 1, wrong = 0;

	for (int i = 0; i < 2000; i++) {
		AUTO_BUFFER text = {0};
		AUTO_BUFFER escaped = {0};
		AUTO_BUFFER back = {0};

		for (unsigned n = next_random(&state) % 12 + 1; n; n--)
			buffer_add_text(&text, pieces[next_random(&state) % ARRAY_SIZE(pieces)]);
		escape_text(&escaped, text.data, text.length);
		unescape_text(&back, escaped.data, escaped.length);
		wrong += back.length != text.length || strcmp(back.data, text.data) != 0;
	}
	is_int(wrong, 0, "random texts come back");
}

int main(void)
{
	check_text("plain \xC3\xA9 \xE2\x82\xAC\n", "plain \xC3\xA9 \xE2\x82\xAC\n");
	check_text("\xF0\x9F\x98\x80", "\xEE\x80\xBD\xEE\x98\x80");
	check_text("\xF0\x90\x80\x80", "\xEE\x80\x80\xEE\x90\x80");
	check_text("\xEE\x80\x80\xEE\x90\x80", NULL);
	check_text("a\rb", "a\xEE\xA0\x80rb");
	check_text("\xEE\xA0\x80r", NULL);
	check_text("\xEE\x80\x80 alone, \xEE\x90\x80 too", NULL);
	check_text("broken \xF0\x9F\x98", "broken \xF0\x9F\x98");
	check_xml("&#x1F600;", "\xEE\x80\xBD\xEE\x98\x80");
	check_xml("&#128512;&#13;", "\xEE\x80\xBD\xEE\x98\x80\xEE\xA0\x80r");
	check_xml("&#x41;&amp;&#;&#x;&", "&#x41;&amp;&#;&#x;&");
	check_xml("&#xE000;", "\xEE\xA0\x80\xEE\x80\x80");
	check_xml("<![CDATA[&#128512;]]>&#128512;",
		  "<![CDATA[&#128512;]]>\xEE\x80\xBD\xEE\x98\x80");
	check_xml("<![CDATA[\xF0\x9F\x98\x80", "<![CDATA[\xEE\x80\xBD\xEE\x98\x80");
	check_reply("a&#13;&#10;b", "a\r\nb");
	check_reply("&#x1F600;\xF0\x9F\x98\x80\xEE\x80\xBD\xEE\x98\x80",
		    "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xEE\x80\xBD\xEE\x98\x80");
	check_reply("<string>&lt;&amp;&gt;</string>", "<&>");
	check_reply("", "");
	check_random();
	return done_testing();
}
