/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xm.c – one run of xm: options, sign-in, the command, what is said when it fails. */
#include "rpc/xm/xm.h"

#include "rpc/xm/complete.h"
#include "rpc/xm/explain.h"
#include "rpc/xm/globals.h"
#include "rpc/xm/manual.h"
#include "rpc/xm/plan.h"
#include "rpc/xm/terminal.h"
#include "schema/explain.h"
#include "schema/schema.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <sys/stat.h>

#define DEFAULT_SERVER "unix:/run/xenapid/xenapid.sock"

static void print_error(const char *format, va_list arguments)
{
	terminal_end_progress();
	fflush(stdout);
	fputs("Error: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

enum status xm_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_error(format, arguments);
	va_end(arguments);
	return STATUS_FAILED;
}

enum status xm_misuse(const struct xm *xm, const char *format, ...)
{
	const struct command *command = xm ? xm->command : NULL;
	va_list arguments;

	va_start(arguments, format);
	print_error(format, arguments);
	va_end(arguments);
	if (command)
		fprintf(stderr, "Usage: xm %s%s%s\n", command->name, *command->usage ? " " : "",
			command->usage);
	else
		fputs("See xm help.\n", stderr);
	return STATUS_USAGE;
}

void xm_begin(struct xm *xm, const char *doing, const char *name)
{
	AUTO_TEXT shown = terminal_text(name);

	free(xm->doing);
	xm->doing = text_format("%s %s", doing, shown);
}

bool xm_call(struct xm *xm, const char *method, struct value *parameters, struct value **ret_result)
{
	struct value *result = NULL;
	int rc;

	failure_clear(&xm->failure);
	if (xm->plans && plan_is_due(method)) {
		xm->planned = plan_show(xm, method, parameters);
		return false;
	}
	rc = client_call(xm->client, method, parameters, &result, &xm->failure);
	terminal_end_progress();
	if (rc == 0 && ret_result)
		*ret_result = result;
	else
		value_release(result);
	return rc == 0;
}

struct value *xm_ask(struct xm *xm, const char *method, const char *parameter)
{
	struct value *answer = NULL;

	xm_call(xm, method, parameters_of(value_string(parameter), (struct value *)NULL), &answer);
	return answer;
}

/* A field of an object that an error names, asked for when it is not the subject's name. */
static char *field_of_ref(void *context, const char *cls, const char *ref, const char *field)
{
	struct xm *xm = context;
	AUTO_TEXT method = text_format("%s.get_%s", cls, field);
	AUTO(value) value = NULL;
	struct failure failure = {0};

	if (xm->subject.ref && xm->subject.name && strcmp(xm->subject.ref->text, ref) == 0 &&
	    strcmp(field, "name_label") == 0)
		return text_copy(xm->subject.name->text);
	client_call(xm->client, method, parameters_of(value_string(ref), (struct value *)NULL),
		    &value, &failure);
	failure_clear(&failure);
	return value && value->kind == VALUE_STRING ? text_copy(value->text) : NULL;
}

enum status xm_report(struct xm *xm)
{
	if (xm->planned)
		return STATUS_PLANNED;
	/* asking for names makes calls of its own */
	struct failure failure = xm->failure;
	struct explain_objects objects = {field_of_ref, xm};
	char *text;

	xm->failure = (struct failure){0};
	text = explain_failure(&failure, &objects);
	xm_fail("%s", text);
	free(text);
	failure_clear(&failure);
	return STATUS_FAILED;
}

/* Returns the place of the command, −1: the user was told what is wrong. */
static int read_globals(struct globals *globals, int argc, char **argv)
{
	int at = 1;

	globals_read_environment(globals);
	while (at < argc && argv[at][0] == '-') {
		int taken = globals_read(globals, argc - at, argv + at);

		if (!taken) {
			AUTO_TEXT shown = terminal_quoted(argv[at]);

			xm_misuse(NULL, "%s is not understood", shown);
			return -1;
		}
		at += taken;
	}
	return at;
}

/* The first line of the file. NULL: the user was told why. */
static char *read_password(const char *path)
{
	char line[1024];
	struct stat info;
	FILE *file = fopen(path, "re");
	AUTO_TEXT shown = terminal_text(path);
	char *password = NULL;

	if (!file || !fgets(line, sizeof(line), file)) {
		xm_fail("%s: %s", shown, file && feof(file) ? "it is empty" : strerror(errno));
		if (file)
			fclose(file);
		return NULL;
	}
	if (fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode) && info.st_mode & 077)
		fprintf(stderr, "Warning: %s may be read by others; chmod 600 it\n", shown);
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	if (strlen(line) == sizeof(line) - 1)
		xm_fail("%s: its first line is too long for a password", shown);
	else
		password = text_copy(line);
	explicit_bzero(line, sizeof(line));
	return password;
}

enum status xm_open(struct xm *xm, const struct globals *globals, long timeout_ms)
{
	struct transport_options options = {
		.server = globals->server ? globals->server : DEFAULT_SERVER,
		.cacert = globals->cacert,
		.cert = globals->cert,
		.insecure = globals->insecure,
		.timeout_ms = timeout_ms,
		.waiting = terminal_show_progress,
		.context = &xm->doing,
	};
	char *password;

	if (!transport_is_server(options.server)) {
		AUTO_TEXT shown = terminal_quoted(options.server);

		return xm_misuse(
			NULL, "%s is no server: unix:/PATH, http://HOST:PORT or https://HOST:PORT",
			shown);
	}
	password = globals->password_file ? read_password(globals->password_file) : text_copy("");
	if (!password)
		return STATUS_FAILED;
	xm->client = client_open(&options);
	xm->plans = globals->plans;
	xm->is_local = strncmp(options.server, "unix:", 5) == 0;
	client_set_account(xm->client, globals->user ? globals->user : "root", password);
	explicit_bzero(password, strlen(password));
	free(password);
	return STATUS_DONE;
}

void xm_close(struct xm *xm)
{
	client_close(TAKE(xm->client));
	value_release(xm->subject.ref);
	value_release(xm->subject.name);
	failure_clear(&xm->failure);
	free(xm->doing);
}

static enum status run_command(struct xm *xm, const struct globals *globals)
{
	enum status status = xm_open(xm, globals, 0);

	if (status == STATUS_DONE)
		status = xm->command->run(xm);
	xm_close(xm);
	return status == STATUS_PLANNED ? STATUS_DONE : status;
}

static enum status run(const struct globals *globals, int argc, char **argv)
{
	struct xm xm = {0};

	xm.command = command_find(argv[0]);
	if (!xm.command) {
		AUTO_TEXT shown = terminal_quoted(argv[0]);

		return xm_misuse(NULL, "there is no command %s", shown);
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		command_print_help(stdout, xm.command);
		return STATUS_DONE;
	}
	if (command_read_arguments(&xm, argc - 1, argv + 1) < 0)
		return STATUS_USAGE;
	return run_command(&xm, globals);
}

/* What users do not see: for their shells, and for the manual page. */
static int run_hidden(int argc, char **argv)
{
	if (strcmp(argv[0], "complete") == 0)
		return complete_run(argc - 1, argv + 1);
	if (argc == 2 && strcmp(argv[0], "manual") == 0)
		return manual_print(argv[1]);
	return -1;
}

int xm_run(int argc, char **argv)
{
	struct globals globals = {0};
	enum status status = STATUS_DONE;
	int at, hidden;

	/* for the widths of characters */
	setlocale(LC_CTYPE, "C.UTF-8");
	schema_init();
	hidden = argc > 1 ? run_hidden(argc - 1, argv + 1) : -1;
	if (hidden >= 0)
		return hidden;
	at = read_globals(&globals, argc, argv);
	if (at < 0)
		return STATUS_USAGE;
	if (globals.version) {
		puts("xm " PACKAGE_VERSION);
	} else if (globals.help) {
		command_print_all(stdout);
	} else if (at == argc) {
		command_print_all(stderr);
		return STATUS_USAGE;
	} else {
		status = run(&globals, argc - at, argv + at);
	}
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == STATUS_DONE)
		return xm_fail("the output could not be written: %s", strerror(errno));
	return status;
}
