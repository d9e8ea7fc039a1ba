/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* storage.c – what SRs, PBDs and VDIs share, and what is there when the server starts. */
#include "server/api/storage.h"

#include "schema/log.h"
#include "server/api/vbd.h"

static pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER;

void storage_lock(void)
{
	pthread_mutex_lock(&names);
}

void storage_unlock(void)
{
	pthread_mutex_unlock(&names);
}

const struct backend *storage_backend(const char *type, struct error *err)
{
	const struct backend *backend = backend_find(type);

	if (!backend)
		fail(err, ERROR_SR_UNKNOWN_DRIVER, type);
	return backend;
}

static int fail_detached(struct error *err, const char *sr)
{
	return fail(err, ERROR_SR_HAS_NO_PBDS, sr);
}

static struct record *attached_pbd(struct api *api, const struct record *sr)
{
	const struct value *pbds = record_get(sr, SR_PBDs);

	for (uint32_t i = 0; i < pbds->length; i++) {
		AUTO(record) pbd = store_read(api->store, CLASS_PBD, pbds->items[i]->text);

		if (pbd && record_bool(pbd, PBD_currently_attached))
			return TAKE(pbd);
	}
	return NULL;
}

bool storage_is_attached(struct api *api, const struct record *sr)
{
	AUTO(record) pbd = attached_pbd(api, sr);

	return pbd;
}

int storage_open_place(struct api *api, const char *sr, struct place **ret_place, struct error *err)
{
	AUTO(record) record = store_read(api->store, CLASS_SR, sr);
	AUTO(record) pbd = record ? attached_pbd(api, record) : NULL;
	const struct backend *backend;

	if (!record)
		return fail(err, ERROR_HANDLE_INVALID, "SR", sr);
	if (!pbd)
		return fail_detached(err, sr);
	backend = storage_backend(record_text(record, SR_type), err);
	if (!backend)
		return -1;
	return place_open(backend, &api->options, record_get(pbd, PBD_device_config), false,
			  ret_place, err);
}

int storage_check_attached(struct transaction *transaction, const char *sr, struct error *err)
{
	const struct record *record = transaction_read(transaction, CLASS_SR, sr);
	const struct value *pbds = record ? record_get(record, SR_PBDs) : NULL;

	if (!record)
		return fail(err, ERROR_HANDLE_INVALID, "SR", sr);
	for (uint32_t i = 0; i < pbds->length; i++)
		if (record_bool(transaction_read(transaction, CLASS_PBD, pbds->items[i]->text),
				PBD_currently_attached))
			return 0;
	return fail_detached(err, sr);
}

void storage_set_attached(struct record *sr, bool attached)
{
	static const char *const with[] = {"scan",	    "unplug",	    "vdi_create",
					   "vdi_introduce", "vdi_destroy",  "vdi_resize",
					   "vdi_clone",	    "vdi_snapshot", "vdi_copy",
					   "vdi_forget"};
	static const char *const without[] = {"destroy",    "forget",	  "plug",
					      "vdi_forget", "pbd_create", "pbd_destroy"};
	const char *const *words = attached ? with : without;
	size_t count = attached ? ARRAY_SIZE(with) : ARRAY_SIZE(without);
	struct value *allowed = value_set();

	for (size_t i = 0; i < count; i++)
		value_append(allowed, value_string(words[i]));
	record_set(sr, SR_allowed_operations, allowed);
}

void storage_account(struct transaction *transaction, const char *sr, int64_t bytes)
{
	struct record *record = transaction_edit(transaction, CLASS_SR, sr);

	if (record)
		record_set_int(record, SR_virtual_allocation,
			       record_int(record, SR_virtual_allocation) + bytes);
}

int storage_check_uuid(struct transaction *transaction, enum class_id cls, const char *uuid,
		       struct error *err)
{
	AUTO_TEXT field = NULL;

	if (!*uuid || !transaction_read(transaction, cls, uuid))
		return 0;
	field = text_format("uuid: another %s has it", schema_classes[cls]->name);
	return fail(err, ERROR_INVALID_VALUE, field, uuid);
}

/* The SR of a plugged PBD, if its place is there; what a crash left half made is deleted. */
static bool is_usable(struct api *api, const struct record *sr)
{
	AUTO_ERROR err = {0};
	AUTO(record) pbd = attached_pbd(api, sr);
	struct place *place = NULL;
	AUTO_TEXT text = NULL;

	if (pbd && storage_open_place(api, record_ref(sr), &place, &err) == 0) {
		if (place->backend->drop_parts)
			place->backend->drop_parts(place);
		place_close(place);
		return true;
	}
	text = error_text(&err);
	if (pbd)
		log_warning("SR %s (%s) can not be used: %s", record_text(sr, SR_name_label),
			    record_uuid(sr), text);
	return false;
}

struct finding {
	struct api *api;
	struct value *usable; /* refs of SRs */
};

static void detach(struct transaction *transaction, const struct record *pbd, void *argument)
{
	const struct finding *finding = argument;

	if (record_bool(pbd, PBD_currently_attached) &&
	    !value_set_has(finding->usable, record_text(pbd, PBD_SR)))
		record_set(transaction_edit(transaction, CLASS_PBD, record_ref(pbd)),
			   PBD_currently_attached, value_bool(false));
}

static void say_allowed(struct transaction *transaction, const struct record *sr, void *argument)
{
	const struct finding *finding = argument;

	storage_set_attached(transaction_edit(transaction, CLASS_SR, record_ref(sr)),
			     value_set_has(finding->usable, record_ref(sr)));
}

struct sm_search {
	const char *type;
	const char *ref;
};

static void find_sm(struct transaction *transaction, const struct record *sm, void *argument)
{
	struct sm_search *search = argument;

	(void)transaction;
	if (record_is(sm, SM_type, search->type))
		search->ref = record_ref(sm);
}

static void set_features(struct record *sm, const struct backend *backend)
{
	static const char *const words[] = {"SR_SCAN",	   "VDI_INTRODUCE", "VDI_CREATE",
					    "VDI_DELETE",  "VDI_RESIZE",    "VDI_CLONE",
					    "VDI_SNAPSHOT"};
	size_t count = backend->name_image ? ARRAY_SIZE(words) : 2;
	struct value *features = value_map();
	struct value *capabilities = value_set();

	for (size_t i = 0; i < count; i++) {
		value_append(capabilities, value_string(words[i]));
		value_put(features, words[i], value_int(1));
	}
	value_sort(features);
	record_set(sm, SM_features, features);
	record_set(sm, SM_capabilities, capabilities);
}

static void describe(struct transaction *transaction, const struct backend *backend)
{
	struct sm_search search = {.type = backend->type};
	struct value *configuration = value_map();
	struct value *formats = value_set();
	struct record *sm;

	transaction_each(transaction, CLASS_SM, find_sm, &search);
	sm = search.ref ? transaction_edit(transaction, CLASS_SM, search.ref) :
			  transaction_create(transaction, CLASS_SM, NULL);
	if (backend->key)
		value_put(configuration, backend->key, value_string(backend->key_description));
	for (const char *const *format = backend->formats; *format; format++)
		value_append(formats, value_string(*format));
	record_set_text(sm, SM_name_label, backend->name_label);
	record_set_text(sm, SM_name_description, backend->name_description);
	record_set_text(sm, SM_type, backend->type);
	record_set_text(sm, SM_vendor, "xenapid");
	record_set_text(sm, SM_version, PACKAGE_VERSION);
	record_set(sm, SM_configuration, configuration);
	record_set(sm, SM_supported_image_formats, formats);
	set_features(sm, backend);
}

static void find_existing(struct transaction *transaction, const struct record *sr, void *argument)
{
	bool *found = argument;

	(void)transaction;
	*found = *found || record_is(sr, SR_type, backend_existing.type);
}

/* The SR of what disk-folders allow; one is enough. */
static void make_existing(struct transaction *transaction, const struct finding *finding)
{
	bool found = !finding->api->options.disk_folders;
	struct record *sr;
	struct record *pbd;

	transaction_each(transaction, CLASS_SR, find_existing, &found);
	if (found)
		return;
	sr = transaction_create(transaction, CLASS_SR, NULL);
	record_set_text(sr, SR_name_label, backend_existing.name_label);
	record_set_text(sr, SR_name_description, backend_existing.name_description);
	record_set_text(sr, SR_type, backend_existing.type);
	record_set_text(sr, SR_content_type, "user");
	pbd = transaction_create(transaction, CLASS_PBD, NULL);
	record_set_text(pbd, PBD_host, finding->api->host_ref);
	record_set_text(pbd, PBD_SR, record_ref(sr));
	record_set(pbd, PBD_currently_attached, value_bool(true));
	value_append(finding->usable, value_string(record_ref(sr)));
}

static void follow_use(struct transaction *transaction, const struct record *vdi, void *argument)
{
	(void)argument;
	vdi_follow(transaction, record_ref(vdi));
}

static int write_down(struct transaction *transaction, void *argument, struct error *err)
{
	(void)err;
	for (size_t i = 0; backend_at(i); i++)
		describe(transaction, backend_at(i));
	transaction_each(transaction, CLASS_PBD, detach, argument);
	make_existing(transaction, argument);
	transaction_each(transaction, CLASS_SR, say_allowed, argument);
	transaction_each(transaction, CLASS_VDI, follow_use, argument);
	return 0;
}

int storage_open(struct api *api, struct error *err)
{
	AUTO(value) usable = value_set();
	struct finding finding = {api, usable};
	size_t count;
	struct record **srs = store_list(api->store, CLASS_SR, &count);

	for (size_t i = 0; i < count; i++)
		if (is_usable(api, srs[i]))
			value_append(usable, value_reference(srs[i]->ref));
	store_free_list(srs, count);
	return store_mutate(api->store, write_down, &finding, err);
}
