/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ids.h – a number for each class, field, message, enum and operation of the .def files. */
#ifndef SCHEMA_IDS_H
#define SCHEMA_IDS_H

/*
 * Numbers: CLASS_VM, VM_name_label (a field's place in its class), MESSAGE_VM_start (over all
 * classes), ENUM_vm_power_state, OPERATION_start. Names keep the wire's spelling.
 */
enum class_id {
#define CLASS(cls, ...) CLASS_##cls,
#include "schema/classes.def"
	CLASS_COUNT
};

enum schema_fields {
	SCHEMA_FIELDS_BEFORE_THE_FIRST_CLASS,
#define CLASS(cls, ...)  \
	}                \
	;                \
	enum cls##_field \
	{
#define FIELD(cls, field, ...) cls##_##field,
#include "schema/classes.def"
};

enum message_id {
#define MESSAGE(cls, message, ...) MESSAGE_##cls##_##message,
#include "schema/classes.def"
	MESSAGE_COUNT
};

enum enum_id {
#define ENUMERATION(name, ...) ENUM_##name,
#include "schema/enums.def"
#undef ENUMERATION
	ENUM_COUNT
};

enum operation_id {
	OPERATION_none,
#define OPERATION(name, ...) OPERATION_##name,
#include "schema/operations.def"
#undef OPERATION
	OPERATION_COUNT
};

#endif
