/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* load.c – the database into memory; what makes no sense is set aside and the rest is served. */
#include "server/store/private.h"

#include "schema/log.h"
#include "schema/text.h"
#include "schema/uuid.h"

struct load {
	struct store *store;
	const struct class_info *cls;
	uint64_t newest;
	store_finding_fn each;
	void *argument;
};

void load_log_finding(void *argument, const struct store_finding *finding)
{
	(void)argument;
	if (finding->left_out)
		log_error(
			"%s %s is left out: %s. It stays in the database as it is. To repair it, stop the daemon and correct the row: "
			"sqlite3 DATABASE \"SELECT * FROM %s WHERE _ref = '%s'\", or let xenapid doctor do so",
			finding->cls->name, finding->ref, finding->problem, finding->cls->name,
			finding->ref);
	else
		log_warning("%s %s: %s, taken as unset", finding->cls->name, finding->ref,
			    finding->problem);
}

/* A value that the column may have in place of one that makes no sense. */
static char *mended(const struct class_info *cls, const char *column)
{
	char text[REF_SIZE];
	int uuid = cls->uuid;

	if (strcmp(column, "_ref") == 0) {
		draw_ref(text);
		return text_copy(text);
	}
	if (uuid >= 0 && strcmp(column, cls->fields[uuid].name) == 0) {
		uuid_draw(text);
		return text_copy(text);
	}
	if (schema_field(cls, column)->type->kind == TYPE_BOOL)
		return text_copy(schema_field(cls, column)->default_value->boolean ? "1" : "0");
	return value_to_text(schema_field(cls, column)->default_value);
}

static void set_aside(const struct load *load, const char *ref, const char *problem,
		      const char *column)
{
	AUTO_TEXT value = mended(load->cls, column);

	load->store->left_out[load->cls->id]++;
	load->each(load->argument, &(struct store_finding){.cls = load->cls,
							   .ref = ref,
							   .problem = problem,
							   .column = column,
							   .value = value,
							   .left_out = true});
}

static void take_row(void *argument, struct record *record, const char *ref, const char *problem,
		     const char *column)
{
	struct load *load = argument;
	struct table *table = &load->store->tables[load->cls->id];

	if (!problem && strncmp(ref, "OpaqueRef:", 10) != 0) {
		problem = "its _ref does not start with OpaqueRef:";
		column = "_ref";
	}
	if (!problem && load->cls->uuid >= 0) {
		column = load->cls->fields[load->cls->uuid].name;
		if (!*record_uuid(record))
			problem = "it has no uuid";
		else if (table_find_by_uuid(table, record_uuid(record)))
			problem = "its uuid belongs to another row as well";
	}
	if (problem) {
		set_aside(load, ref, problem, column);
		record_release(record);
		return;
	}
	if (record->modified > load->newest)
		load->newest = record->modified;
	table_put(table, record);
}

static void report_reference(const struct load *load, const struct record *record,
			     const struct field_info *field, const char *ref)
{
	AUTO_TEXT problem = text_format("its %s names a %s that is not there (%s)", field->name,
					field->type->cls, ref);

	load->each(load->argument, &(struct store_finding){.cls = record->cls,
							   .ref = record_ref(record),
							   .problem = problem,
							   .column = field->name,
							   .value = NULL_REF});
}

/* A reference to an object that is not there becomes null in memory; the row keeps it until the
 * field is set. */
static void check_references(const struct load *load, struct record *record)
{
	for (int i = 0; i < record->cls->field_count; i++) {
		const struct field_info *field = &record->cls->fields[i];
		const struct class_info *cls =
			field->type->kind == TYPE_REF ? schema_class(field->type->cls) : NULL;
		const char *ref = cls ? record_text(record, i) : NULL_REF;

		if (ref_is_null(ref) || table_find(&load->store->tables[cls->id], ref))
			continue;
		report_reference(load, record, field, ref);
		record_set_text(record, i, NULL_REF);
	}
}

static void mirror_record(struct store *store, const struct record *record)
{
#define RELATION(class_, field_, other_, mirror_)                                          \
	if (record->cls->id == CLASS_##class_) {                                           \
		struct record *other = table_find(&store->tables[CLASS_##other_],          \
						  record_text(record, class_##_##field_)); \
		if (other)                                                                 \
			record_set(other, other_##_##mirror_,                              \
				   value_set_with(record_get(other, other_##_##mirror_),   \
						  record_ref(record)));                    \
	}
#include "schema/relations.def"
}

static bool has_volatile_fields(const struct class_info *cls)
{
	for (int i = 0; i < cls->field_count; i++)
		if (cls->fields[i].storage != STORED)
			return true;
	return false;
}

/* Nobody knows what the volatile fields were: whoever asks what changed since must look again. */
static void finish_loading(const struct load *load)
{
	struct store *store = load->store;

	for (int c = 0; c < CLASS_COUNT; c++)
		for (struct slot *slot = store->tables[c].first; slot; slot = slot->next) {
			check_references(load, slot->record);
			if (has_volatile_fields(schema_classes[c]))
				slot->record->modified = store->next_revision;
		}
	for (int c = 0; c < CLASS_COUNT; c++)
		for (struct slot *slot = store->tables[c].first; slot; slot = slot->next)
			mirror_record(store, slot->record);
	for (int c = 0; c < CLASS_COUNT; c++) {
		table_order_changes(&store->tables[c]);
		/* and nobody knows which ones there were */
		if (schema_classes[c]->flags & CLASS_VOLATILE)
			store->tables[c].tombstones.forgotten = store->next_revision;
	}
}

static void take_tombstone(void *argument, const struct class_info *cls, const char *ref,
			   const char *uuid, uint64_t revision)
{
	struct store *store = argument;
	const struct tombstone tombstone = {value_string(ref), value_string(uuid), 0, revision};

	tombstones_add(&store->tables[cls->id].tombstones, tombstone, tombstones_kept(store, cls));
}

static bool load_tombstones(struct store *store)
{
	uint64_t forgotten = database_forgotten_revision(store->database);

	for (int c = 0; c < CLASS_COUNT; c++)
		store->tables[c].tombstones.forgotten = forgotten;
	return database_load_tombstones(store->database, take_tombstone, store);
}

static bool load_rows(struct load *load)
{
	struct store *store = load->store;

	if (!load_tombstones(store))
		return false;
	for (int c = 0; c < CLASS_COUNT; c++) {
		load->cls = schema_classes[c];
		if (load->cls->flags & CLASS_VOLATILE)
			continue;
		if (!database_load(store->database, load->cls, take_row, load))
			return false;
	}
	return true;
}

int load_tables(struct store *store, store_finding_fn each, void *argument)
{
	struct load load = {.store = store, .each = each, .argument = argument};

	if (!database_begin_reading(store->database) || !load_rows(&load) ||
	    !database_end_reading(store->database))
		return -1;
	/* above all numbers that the last daemon may have drawn without storing them */
	store->next_revision = database_reserved_revision(store->database);
	if (store->next_revision < load.newest)
		store->next_revision = load.newest;
	store->next_revision++;
	atomic_store(&store->revision, store->next_revision);
	finish_loading(&load);
	return 0;
}
