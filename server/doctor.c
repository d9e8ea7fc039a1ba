/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor.c – xenapid doctor: what is wrong with a database, and what to do about it. */
#include "server/doctor.h"

#include "schema/log.h"
#include "schema/uuid.h"
#include "server/api/identity.h"
#include "server/store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

struct doctor {
	const struct options *options;
	int found;
	int mendable; /* of them, by --repair */
};

static void __attribute__((format(printf, 2, 3)))
say(struct doctor *doctor, const char *format, ...)
{
	va_list arguments;

	doctor->found++;
	fputs("- ", stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

/* Drawn anew, so it is not said which. */
static bool is_drawn(const struct store_finding *finding)
{
	return strcmp(finding->column, "_ref") == 0 || strcmp(finding->column, "uuid") == 0;
}

static void say_finding(void *argument, const struct store_finding *finding)
{
	struct doctor *doctor = argument;
	const char *served;

	doctor->mendable += !finding->cls || finding->value;
	if (!finding->cls) {
		say(doctor,
		    "The file is damaged: %s. --repair takes all rows that can still be read.",
		    finding->problem);
		return;
	}
	served = finding->left_out ? "It is not served" : "It is served without that";
	if (is_drawn(finding))
		say(doctor, "%s %s: %s. %s. --repair gives it a new %s.", finding->cls->name,
		    finding->ref, finding->problem, served, finding->column);
	else
		say(doctor, "%s %s: %s. %s. --repair sets %s to \"%s\".", finding->cls->name,
		    finding->ref, finding->problem, served, finding->column, finding->value);
}

static void say_mending(void *argument, const struct store_finding *finding)
{
	(void)argument;
	if (finding->cls)
		printf("mending %s %s: %s; %s becomes \"%s\"\n", finding->cls->name, finding->ref,
		       finding->problem, finding->column, finding->value);
	else
		puts("mending the file: all rows that can be read go into a new one");
}

static void check_identity(struct doctor *doctor, struct store *store)
{
	struct identity now = {.world = ""};
	bool is_new;
	AUTO_TEXT problem = NULL;

	identity_now(doctor->options->hypervisor, &now);
	problem = identity_differs(store, &now, &is_new);
	if (problem)
		say(doctor, "A start is refused: %s.", problem);
}

static void check_mode(struct doctor *doctor)
{
	const char *path = doctor->options->database;
	struct stat status;

	if (stat(path, &status) == 0 && (status.st_mode & 077))
		say(doctor, "Others may read or write it. Type: chmod 600 %s", path);
}

/* The file that has the memory of that VM has this name. */
static bool names_image(const struct record *vm, const char *name)
{
	const char *image = record_text(vm, VM_suspend_image);
	const char *uuid = record_uuid(vm);
	const char *own = *image ? image : uuid;
	size_t length = strlen(own);

	if (record_is(vm, VM_power_state, "Halted"))
		return false;
	return strncmp(name, own, length) == 0 &&
	       (!name[length] || strcmp(name + length, ".resumed") == 0);
}

static bool is_image_of_any(struct record *const *vms, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (names_image(vms[i], name))
			return true;
	return false;
}

static bool looks_like_image(const char *name)
{
	AUTO_TEXT uuid = text_format("%.*s", UUID_SIZE - 1, name);
	const char *suffix = name + strlen(uuid);

	return uuid_is_valid(uuid) && (!*suffix || strcmp(suffix, ".resumed") == 0);
}

static void check_leftovers(struct doctor *doctor, const char *folder, struct record *const *vms,
			    size_t count)
{
	DIR *list = opendir(folder);
	const struct dirent *entry;

	while (list && (entry = readdir(list)))
		if (looks_like_image(entry->d_name) && !is_image_of_any(vms, count, entry->d_name))
			say(doctor,
			    "%s/%s is the memory of a VM that is not suspended any more, or that cannot be "
			    "read. When it is not wanted, type: rm %s/%s",
			    folder, entry->d_name, folder, entry->d_name);
	if (list)
		closedir(list);
}

static void check_image(struct doctor *doctor, const char *folder, const struct record *vm)
{
	const char *image = record_text(vm, VM_suspend_image);
	AUTO_TEXT path = text_format("%s/%s", folder, *image ? image : record_uuid(vm));
	AUTO_TEXT used = text_format("%s.resumed", path);

	if (record_is(vm, VM_power_state, "Suspended") && access(path, F_OK) < 0 &&
	    access(used, F_OK) < 0)
		say(doctor,
		    "VM %s (%s) is Suspended, but its memory %s is not there. When it cannot be put back, "
		    "type: xm shutdown --force %s",
		    record_uuid(vm), record_text(vm, VM_name_label), path, record_uuid(vm));
}

static void check_images(struct doctor *doctor, struct store *store)
{
	AUTO_TEXT folder = options_suspend_folder(doctor->options);
	size_t count;
	struct record **vms = store_list(store, CLASS_VM, &count);

	for (size_t i = 0; i < count; i++)
		check_image(doctor, folder, vms[i]);
	check_leftovers(doctor, folder, vms, count);
	store_free_list(vms, count);
}

/* The copies that are known of. */
static void say_copies(const struct doctor *doctor)
{
	const char *path = doctor->options->database;
	AUTO_TEXT folder = options_backup_folder(doctor->options);
	AUTO_TEXT beside = text_format("%s.before-*Z*", path);
	AUTO_TEXT made = text_format("%s/*.db", folder);
	glob_t found = {0};

	glob(beside, 0, NULL, &found);
	glob(made, GLOB_APPEND, NULL, &found);
	if (found.gl_pathc)
		printf("\nTo go back to a copy, stop the daemon and type one of these:\n");
	for (size_t i = 0; i < found.gl_pathc; i++)
		printf("    xenapid --database %s restore %s\n", path, found.gl_pathv[i]);
	globfree(&found);
}

static void say_end(const struct doctor *doctor, size_t vms)
{
	const char *path = doctor->options->database;

	if (!doctor->found) {
		printf("%s is fine: %zu VMs\n", path, vms);
		return;
	}
	if (doctor->mendable)
		printf("\nTo mend what can be, after a copy, stop the daemon and type:\n"
		       "    xenapid --database %s doctor --repair\n",
		       path);
	say_copies(doctor);
}

static bool examine(const struct options *options)
{
	struct doctor doctor = {.options = options};
	struct store *store = NULL;
	AUTO_TEXT problem = backup_examine(options->database, say_finding, &doctor, &store);
	size_t vms = 0;

	if (problem)
		say(&doctor, "A start is refused: %s", problem);
	else
		check_mode(&doctor);
	if (store) {
		check_identity(&doctor, store);
		check_images(&doctor, store);
		vms = store_count(store, CLASS_VM);
		store_close(store);
	}
	say_end(&doctor, vms);
	return !doctor.found;
}

static bool repair(const struct options *options)
{
	AUTO_TEXT kept = NULL;
	AUTO_TEXT problem = backup_repair(options->database, say_mending, NULL, &kept);

	if (problem)
		log_error("%s", problem);
	if (kept)
		printf("what was there is %s\n", kept);
	return !problem;
}

bool doctor_run(const struct options *options)
{
	return (!options->repair || repair(options)) && examine(options);
}
