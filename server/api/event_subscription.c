/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_subscription.c – which objects somebody wants to know of. */
#include "server/api/event.h"

#include <strings.h>

struct object {
	enum class_id cls;
	struct value *ref;
};

struct subscriptions {
	atomic_uint references;
	uint64_t classes; /* of which every object is wanted */
	struct object *objects;
	size_t count;
};

_Static_assert(CLASS_COUNT <= 64, "a bit for each class");

static uint64_t bit(enum class_id cls)
{
	return UINT64_C(1) << cls;
}

uint64_t event_classes(void)
{
	uint64_t classes = 0;

	for (int i = 0; i < CLASS_COUNT; i++)
		if (!(schema_classes[i]->flags & (CLASS_UNLISTED | CLASS_WITHOUT_OBJECTS)))
			classes |= bit(i);
	return classes;
}

uint64_t event_classes_for(enum role role)
{
	uint64_t classes = event_classes();

	for (int i = 0; i < CLASS_COUNT; i++)
		if (schema_classes[i]->flags & CLASS_OF_ADMINS && role < ROLE_pool_admin)
			classes &= ~bit(i);
	return classes;
}

static const struct class_info *find_class(const char *name, size_t length)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		if (event_classes() & bit(i) && strlen(schema_classes[i]->name) == length &&
		    strncasecmp(schema_classes[i]->name, name, length) == 0)
			return schema_classes[i];
	return NULL;
}

const struct class_info *event_find_class(const char *name)
{
	return find_class(name, strlen(name));
}

static int compare(const void *a, const void *b)
{
	const struct object *first = a;
	const struct object *second = b;

	if (first->cls != second->cls)
		return first->cls < second->cls ? -1 : 1;
	return strcmp(first->ref->text, second->ref->text);
}

/* Found by halving from now on. */
static void put_in_order(struct subscriptions *subscriptions)
{
	if (subscriptions->count)
		qsort(subscriptions->objects, subscriptions->count, sizeof(struct object), compare);
}

static struct subscriptions *make(size_t capacity)
{
	struct subscriptions *subscriptions = allocate(sizeof(*subscriptions));

	atomic_init(&subscriptions->references, 1);
	subscriptions->objects = allocate(capacity * sizeof(struct object));
	return subscriptions;
}

static void add_object(struct subscriptions *subscriptions, enum class_id cls, struct value *ref)
{
	subscriptions->objects[subscriptions->count++] = (struct object){cls, ref};
}

/* Old clients use uuids as references. */
static struct value *canonical(struct store *store, enum class_id cls, const char *name)
{
	AUTO(record) record = store_read(store, cls, name);

	return record ? value_reference(record->ref) : value_string(name);
}

static int parse_one(struct store *store, const char *text, struct subscriptions *subscriptions,
		     struct error *err)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	const struct class_info *cls = find_class(text, length);

	if (!length || (slash && !slash[1]))
		return fail(err, ERROR_EVENT_SUBSCRIPTION_PARSE_FAILURE, text);
	if (strcmp(text, "*") == 0)
		subscriptions->classes |= event_classes();
	else if (cls && slash)
		add_object(subscriptions, cls->id, canonical(store, cls->id, slash + 1));
	else if (cls)
		subscriptions->classes |= bit(cls->id);
	return 0;
}

int subscriptions_parse(struct store *store, const struct value *texts,
			struct subscriptions **ret_subscriptions, struct error *err)
{
	struct subscriptions *subscriptions = make(texts->length);

	for (uint32_t i = 0; i < texts->length; i++)
		if (parse_one(store, texts->items[i]->text, subscriptions, err) < 0) {
			subscriptions_release(subscriptions);
			return -1;
		}
	put_in_order(subscriptions);
	*ret_subscriptions = subscriptions;
	return 0;
}

bool subscriptions_name(const struct subscriptions *subscriptions, enum class_id cls,
			const char *ref)
{
	struct value key = {.text = (char *)(uintptr_t)ref};
	const struct object object = {cls, &key};

	return subscriptions->count && bsearch(&object, subscriptions->objects,
					       subscriptions->count, sizeof(object), compare);
}

static void add_objects(struct subscriptions *to, const struct subscriptions *from,
			const struct subscriptions *but_not)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct object *object = &from->objects[i];

		if (!but_not || !subscriptions_name(but_not, object->cls, object->ref->text))
			add_object(to, object->cls, value_reference(object->ref));
	}
	put_in_order(to);
}

struct subscriptions *subscriptions_with(const struct subscriptions *some,
					 const struct subscriptions *more)
{
	struct subscriptions *both = make(some->count + more->count);

	both->classes = some->classes | more->classes;
	add_objects(both, some, NULL);
	add_objects(both, more, some);
	return both;
}

struct subscriptions *subscriptions_without(const struct subscriptions *some,
					    const struct subscriptions *others)
{
	struct subscriptions *rest = make(some->count);

	rest->classes = some->classes & ~others->classes;
	add_objects(rest, some, others);
	return rest;
}

struct subscriptions *subscriptions_reference(struct subscriptions *subscriptions)
{
	atomic_fetch_add_explicit(&subscriptions->references, 1, memory_order_relaxed);
	return subscriptions;
}

void subscriptions_release(struct subscriptions *subscriptions)
{
	if (!subscriptions ||
	    atomic_fetch_sub_explicit(&subscriptions->references, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < subscriptions->count; i++)
		value_release(subscriptions->objects[i].ref);
	free(subscriptions->objects);
	free(subscriptions);
}

uint64_t subscriptions_classes(const struct subscriptions *subscriptions)
{
	uint64_t classes = subscriptions->classes;

	for (size_t i = 0; i < subscriptions->count; i++)
		classes |= bit(subscriptions->objects[i].cls);
	return classes;
}

bool subscriptions_want(const struct subscriptions *subscriptions, enum class_id cls,
			const char *ref)
{
	return subscriptions->classes & bit(cls) || subscriptions_name(subscriptions, cls, ref);
}

void subscriptions_each_object(const struct subscriptions *subscriptions,
			       void (*each)(void *argument, enum class_id cls, const char *ref),
			       void *argument)
{
	for (size_t i = 0; i < subscriptions->count; i++)
		each(argument, subscriptions->objects[i].cls, subscriptions->objects[i].ref->text);
}
