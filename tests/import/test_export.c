/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_export – what a VM is exported as makes the same VM again, whatever its fields are */

#include "schema/buffer.h"
#include "schema/text.h"
#include "server/import/export.h"
#include "server/import/import.h"
#include "tests/tap.h"

#include <inttypes.h>
#include <stdio.h>

#define ROUNDS 400

/* xorshift: the same values in each run */
static uint64_t state = 88172645463325252;

static unsigned draw(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % below);
}

static const char *draw_text(void)
{
	static const char *const texts[] = {
		"",
		"plain",
		"two words",
		"a \"b\" 'c' \\d\\n",
		"line\nline\ttab",
		"caf\xC3\xA9 \xF0\x9F\x98\x80",
		"a=b,c;(d) #e",
		"0",
		"-1",
		"[ 'a' ]",
		"/srv/a,b.img",
		" led",
		"x:y",
		"{}",
		"%s%%",
		"true",
	};

	return texts[draw(ARRAY_SIZE(texts))];
}

static const char *draw_key(void)
{
	static const char *const keys[] = {
		"mask",	   "weight",	 "cap",	     "order",	"firmware",	"acpi",
		"pae",	   "timeoffset", "a b",	     "=",	"xl:x",		"xl:vnc",
		"xl:disk", "xl:name",	 "mac_seed", "xl:acpi", "xl:A",		"\"",
		"",	   "xl:vif",	 "xl:model", "xl:root", "device-model", "tsc_mode",
	};

	return keys[draw(ARRAY_SIZE(keys))];
}

static const char *draw_member(void)
{
	static const char *const texts[] = {
		"true", "false",     "1",   "0",     "256",   "0,2;1",	      "0,1",
		"cd",	"uefi",	     "'x'", "\"y\"", "['a']", "1\nvcpus = 7", "qemu-upstream",
		"x",	"[ 'a' 'b'", ";",   "65536",
	};

	return texts[draw(ARRAY_SIZE(texts))];
}

static struct value *draw_map(void)
{
	struct value *map = value_map();

	for (unsigned count = draw(4); count > 0; count--) {
		const char *key = draw_key();

		if (!value_find(map, key))
			value_put(map, key, value_string(draw(4) ? draw_member() : draw_text()));
	}
	value_sort(map);
	return map;
}

static struct value *draw_enum(const struct type *type, struct value *zero)
{
	static const char *const words[] = {"destroy",
					    "restart",
					    "preserve",
					    "soft_reboot",
					    "coredump_and_destroy",
					    "coredump_and_restart",
					    "rename_restart",
					    "hvm",
					    "pv",
					    "pvh",
					    "pv_in_pvh",
					    "unlocked",
					    "locked",
					    "RO",
					    "RW"};

	for (int i = 0; i < 20; i++) {
		const char *word = words[draw(ARRAY_SIZE(words))];

		if (schema_enum_has(type->enumeration, word))
			return value_string(word);
	}
	return value_reference(zero);
}

static struct value *draw_value(const struct field_info *field)
{
	static const int64_t numbers[] = {0,	   1,	    7,		68,	   1500,
					  1 << 20, 3145728, 1073741824, 1073741825};
	struct value *set;

	switch (field->type->kind) {
	case TYPE_STRING:
		return value_string(draw_text());
	case TYPE_INT:
		return value_int(numbers[draw(ARRAY_SIZE(numbers))]);
	case TYPE_FLOAT:
		return value_float(draw(3) + 1 + draw(3) / 3.0);
	case TYPE_BOOL:
		return value_bool(draw(2));
	case TYPE_ENUM:
		return draw_enum(field->type, field->default_value);
	case TYPE_MAP:
		if (field->type->item->kind == TYPE_STRING && field->type->key->kind == TYPE_STRING)
			return draw_map();
		break;
	case TYPE_SET:
		if (field->type->item->kind != TYPE_STRING)
			break;
		set = value_set();
		for (unsigned i = draw(3); i > 0; i--)
			value_append(set, value_string(draw_text()));
		return set;
	default:
		break;
	}
	return value_reference(field->default_value);
}

static struct value *draw_fields(const struct class_info *cls)
{
	struct value *fields = value_map();

	for (int i = 0; i < cls->field_count; i++)
		if (export_has_field(&cls->fields[i]))
			value_put(fields, cls->fields[i].name,
				  draw(3) ? value_reference(cls->fields[i].default_value) :
					    draw_value(&cls->fields[i]));
	return fields;
}

static void set(struct value **map, const char *key, struct value *value)
{
	struct value *with = value_map_with(*map, key, value);

	value_release(*map);
	*map = with;
}

static struct value *draw_vifs(void)
{
	struct value *vifs = value_set();

	for (unsigned i = 0, count = draw(3); i < count; i++) {
		struct value *vif = draw_fields(schema_class("VIF"));

		set(&vif, "device", value_string_format("%u", 3 * i));
		set(&vif, "MAC", value_string_format("00:16:3e:00:00:%02x", i));
		set(&vif, "MTU", value_int(1500));
		set(&vif, "bridge", value_string("xenbr0"));
		value_append(vifs, vif);
	}
	return vifs;
}

static struct value *draw_vbds(void)
{
	struct value *vbds = value_set();

	for (unsigned i = 0, count = draw(3); i < count; i++) {
		struct value *vbd = draw_fields(schema_class("VBD")), *bare;
		bool is_cd = draw(2), is_empty = is_cd && draw(2);

		bare = value_map_without(vbd, "device");
		value_release(vbd);
		vbd = bare;
		set(&vbd, "userdevice", value_string_format("xvd%c", 'a' + 2 * i));
		set(&vbd, "type", value_string(is_cd ? "CD" : "Disk"));
		set(&vbd, "mode", value_string(is_cd || draw(2) ? "RO" : "RW"));
		set(&vbd, "empty", value_bool(is_empty));
		set(&vbd, "path", value_string(is_empty ? "" : "/srv/a,b c.img"));
		value_append(vbds, vbd);
	}
	return vbds;
}

static struct value *draw_vm(void)
{
	struct value *vm = draw_fields(schema_class("VM"));

	set(&vm, "uuid", value_string("0004fb00-0000-0003-0000-0000000000ab"));
	set(&vm, "VIFs", draw_vifs());
	set(&vm, "VBDs", draw_vbds());
	return vm;
}

/* Of what is not said the default counts. */
static bool is_same(const struct class_info *cls, const struct value *want, const struct value *got,
		    const char *format)
{
	bool same = true;

	for (int i = 0; i < cls->field_count; i++) {
		const struct field_info *field = &cls->fields[i];
		const struct value *value = value_find(want, field->name);
		const struct value *found = value_find(got, field->name);
		AUTO_TEXT one = NULL;
		AUTO_TEXT other = NULL;

		if (!export_has_field(field) || !value)
			continue;
		found = found ? found : field->default_value;
		if (value_equal(value, found))
			continue;
		one = value_to_text(value);
		other = value_to_text(found);
		diag("%s: %s.%s: %s became %s", format, cls->name, field->name, one, other);
		same = false;
	}
	return same;
}

static bool are_same(const char *cls, const struct value *want, const struct value *got,
		     const char *format)
{
	uint32_t count = got ? got->length : 0;
	bool same = want->length == count;

	for (uint32_t i = 0; same && i < count; i++)
		same = is_same(schema_class(cls), want->items[i], got->items[i], format);
	return same;
}

static bool comes_back(const struct value *vm, const char *format)
{
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};
	AUTO_BUFFER text = {0};
	bool same;
	int rc = strcmp(format, "xl") == 0 ? export_xl(vm, "# a note\n", &text, &err) :
					     export_sxp(vm, "# a note\n", &text, &err);

	if (rc == 0)
		rc = import_config(text.data, format, &record, &report, &err);
	if (rc < 0) {
		diag("%s: %s", format, error_text(&err));
		diag("%s", text.data ? text.data : "");
		return false;
	}
	same = strcmp(import_recognise(text.data), format) == 0;
	same = is_same(schema_class("VM"), vm, record, format) && same;
	same = are_same("VIF", value_find(vm, "VIFs"), value_find(record, "VIFs"), format) && same;
	same = are_same("VBD", value_find(vm, "VBDs"), value_find(record, "VBDs"), format) && same;
	if (!same)
		diag("%s", text.data);
	return same;
}

static void check_readable(void)
{
	AUTO(value) vm = value_map();
	AUTO_BUFFER text = {0};
	AUTO_ERROR err = {0};

	value_put(vm, "uuid", value_string("0004fb00-0000-0003-0000-0000000000ab"));
	value_put(vm, "name_label", value_string("demo"));
	value_put(vm, "domain_type", value_string("pvh"));
	value_put(vm, "memory_static_max", value_int(800 << 20));
	value_put(vm, "memory_dynamic_max", value_int(800 << 20));
	value_put(vm, "memory_dynamic_min", value_int(410 << 20));
	value_put(vm, "memory_target", value_int(410 << 20));
	value_put(vm, "VCPUs_at_startup", value_int(2));
	value_put(vm, "VCPUs_max", value_int(4));
	value_put(vm, "PV_kernel", value_string("/boot/vmlinuz"));
	value_put(vm, "tags",
		  value_set_with(schema_field(schema_class("VM"), "tags")->default_value, "web"));
	ok(export_xl(vm, "", &text, &err) == 0, "a common VM is exported");
	is_str(strchr(text.data, '\n') + 1,
	       "name = \"demo\"\nuuid = \"0004fb00-0000-0003-0000-0000000000ab\"\ntype = \"pvh\"\n"
	       "memory = \"410\"\nmaxmem = \"800\"\nvcpus = \"2\"\nmaxvcpus = \"4\"\n"
	       "kernel = \"/boot/vmlinuz\"\nxenapi.tags = \"[\\\"web\\\"]\"\n",
	       "as somebody would have written it");
}

int main(void)
{
	int bad = 0;

	schema_init();
	check_readable();
	for (int i = 0; i < ROUNDS && bad < 3; i++) {
		AUTO(value) vm = draw_vm();

		bad += !comes_back(vm, "xl");
		bad += !comes_back(vm, "sxp");
	}
	is_int(bad, 0, "all that were drawn come back from xl and sxp");
	return done_testing();
}
