/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* server.c – the daemon's parts, in the order in which they need each other. */
#include "server/server.h"

#include "rpc/provision_read.h"
#include "rpc/xmlrpc.h"
#include "schema/log.h"
#include "server/api/api.h"
#include "server/digest.h"
#include "server/host/rules.h"
#include "server/http/address.h"
#include "server/http/certificate.h"
#include "server/http/http.h"
#include "server/http/inherited.h"
#include "server/hypervisor/hypervisor.h"
#include "server/options_host.h"
#include "server/privileged/privileged.h"
#include "server/privileged/sandbox.h"
#include "server/process.h"
#include "server/signin.h"
#include "server/store/store.h"

#include <errno.h>

/* How long it is waited for at the start. */
#define PRIVILEGED_MS 60000

struct server {
	const struct options *options;
	struct store *store;
	struct privileged *privileged; /* NULL: this process may do everything itself */
	struct hypervisor *hypervisor;
	struct signin *signin;
	struct api *api;
	struct http *http;
	struct inherited inherited;
	char *suspend_folder;
	char *backup_folder;
	char *own_certificate; /* the server's own, which may not be there */
};

static int open_store(struct server *server, char **ret_problem)
{
	const struct store_options options = {.path = server->options->database,
					      .history_kept = server->options->history_entries,
					      .history_seconds =
						      server->options->history_age / 1000};

	server->store = store_open(&options, ret_problem);
	return server->store ? 0 : -1;
}

static int open_privileged(struct server *server, char **ret_problem)
{
	const char *path = server->options->privileged_socket;

	if (*path)
		server->privileged = privileged_open(path, PRIVILEGED_MS, ret_problem);
	return *path && !server->privileged ? -1 : 0;
}

/* Once everything is open: what is left to do needs none of it. */
static int give_up_rights(const struct server *server, char **ret_problem)
{
	if (!server->privileged || sandbox_enter())
		return 0;
	*ret_problem =
		text_format("the filter of system calls can not be set: %s", strerror(errno));
	return -1;
}

static int open_hypervisor(struct server *server, char **ret_problem)
{
	const struct options *options = server->options;
	struct hypervisor_options hypervisor_options = options_for_hypervisor(options);
	struct hypervisor_error err = {0};

	hypervisor_options.privileged = server->privileged;
	server->hypervisor =
		server->privileged ?
			hypervisor_open_with(privileged_adapter(server->privileged), NULL,
					     &hypervisor_options, &err) :
			hypervisor_open(options->hypervisor, &hypervisor_options, &err);
	if (server->hypervisor)
		return 0;
	*ret_problem = text_format("the hypervisor (%s) can not be used: %s", options->hypervisor,
				   err.text);
	return -1;
}

static bool has_certificate(const struct options *options)
{
	return *options->tls_certificate != '\0';
}

static struct signin_rules signin_rules_of(const struct options *options)
{
	return (struct signin_rules){.admin_group = options->admin_group,
				     .roles = &options->role,
				     .certificate_roles = &options->certificate_role};
}

static struct tls_files tls_files_of(const struct server *server)
{
	const struct options *options = server->options;
	bool given = has_certificate(options);

	return (struct tls_files){
		.certificate = given ? options->tls_certificate : server->own_certificate,
		.key = given ? options->tls_key : server->own_certificate,
		.client_ca = options->tls_client_ca,
		.needs_client = strcmp(options->tls_client_certificate, "required") == 0};
}

/* Without the key, which may be in the same file. */
static char *read_certificate(void *context)
{
	return certificate_read(tls_files_of(context).certificate);
}

static int open_api(struct server *server, char **ret_problem)
{
	const struct options *options = server->options;
	const struct api_options api_options = {
		.write_result = xmlrpc_write_value,
		.read_provision = provision_read,
		.authenticator = signin_authenticator(server->signin),
		.suspend_folder = server->suspend_folder,
		.backup_folder = server->backup_folder,
		.sr_folders = host_rules()->sr_folders,
		.disk_folders = (const char *const *)options->disk_folders.items,
		.kernel_folders = (const char *const *)options->kernel_folders.items,
		.get_certificate = read_certificate,
		.certificate_context = server,
		.audit = options->audit,
		.digest = digest_make,
		.session_idle_seconds = (int)(options->session_idle / 1000),
		.session_limit = (int)options->session_limit,
		.operation_wait_ms = (int)options->operation_wait,
		.shutdown_timeout_ms = (int)options->shutdown_timeout,
		.guests_timeout_ms = (int)options->guests_timeout,
		.boot_id = options->boot_id,
		.worker_threads = (int)options->worker_threads,
		.metrics_interval_ms = (int)options->metrics_interval,
		.login_delay_ms = (int)options->login_delay,
		.guest_restart_delay_ms = (int)options->guest_restart_delay,
		.guest_restart_window_s = (int)(options->guest_restart_window / 1000),
		.force_adapter = options->force_adapter};
	AUTO_ERROR err = {0};
	AUTO_TEXT text = NULL;

	server->api = api_open(server->store, server->hypervisor, &api_options, &err);
	if (server->api)
		return 0;
	text = error_text(&err);
	*ret_problem = text_format("the API can not be served: %s", text);
	return -1;
}

static struct http_limits http_limits_of(const struct options *options)
{
	return (struct http_limits){.connections = options->max_connections,
				    .connections_per_address = options->max_connections_per_address,
				    .request_bytes = options->max_request_bytes,
				    .bytes_in_flight = options->max_reply_bytes_in_flight,
				    .cached_bytes = options->record_cache,
				    .request_timeout_ms = options->request_timeout,
				    .idle_timeout_ms = options->idle_timeout};
}

static const char *page_folder_of(const struct options *options)
{
	if (!options->page)
		return NULL;
	return *options->page_folder ? options->page_folder : PKGDATADIR "/page";
}

static enum metrics_access metrics_access_of(const struct options *options)
{
	if (strcmp(options->metrics, "no") == 0)
		return METRICS_OFF;
	return strcmp(options->metrics, "local") == 0 ? METRICS_LOCAL : METRICS_SESSION;
}

static int open_http(struct server *server, char **ret_problem)
{
	const struct options *options = server->options;
	const struct http_options http_options = {.listen = options->listen.items,
						  .inherited = &server->inherited,
						  .socket_group = options->socket_group,
						  .tls = tls_files_of(server),
						  .makes_certificate = !has_certificate(options),
						  .page_folder = page_folder_of(options),
						  .local_pages_only =
							  strcmp(options->auth, "none") == 0,
						  .metrics = metrics_access_of(options),
						  .limits = http_limits_of(options)};

	server->http = http_open(server->api, &http_options, ret_problem);
	return server->http ? 0 : -1;
}

static int cannot_make(const char *what, const char *path, char **ret_problem)
{
	*ret_problem =
		text_format("can not make the folder of %s %s: %s", what, path, strerror(errno));
	return -1;
}

static int make_folders(struct server *server, char **ret_problem)
{
	const struct options *options = server->options;

	if (!process_make_folder_of(options->database, 0700))
		return cannot_make("the database", options->database, ret_problem);
	for (size_t i = 0; i < options->listen.count; i++) {
		struct address address = {0};

		address_parse(options->listen.items[i], &address);
		if (address.kind == ADDRESS_UNIX && !process_make_folder_of(address.path, 0755))
			return cannot_make("the socket", address.path, ret_problem);
	}
	server->suspend_folder = options_suspend_folder(options);
	server->backup_folder = options_backup_folder(options);
	server->own_certificate = options_beside_database(options, "tls.pem");
	/* Everything else works without it. */
	if (!process_make_folder(server->suspend_folder, 0700))
		log_warning("no VM can be suspended, there is no folder %s: %s",
			    server->suspend_folder, strerror(errno));
	return 0;
}

static int open_all(struct server *server, char **ret_problem)
{
	const struct options *options = server->options;
	const struct signin_rules rules = signin_rules_of(options);

	if (inherited_receive(&server->inherited, ret_problem) < 0 ||
	    make_folders(server, ret_problem) < 0 || open_store(server, ret_problem) < 0 ||
	    open_privileged(server, ret_problem) < 0 || open_hypervisor(server, ret_problem) < 0)
		return -1;
	options_set_host_rules(options);
	if (server->privileged)
		host_set_proxy(privileged_host(server->privileged));
	server->signin = signin_open(options->auth, &rules, server->privileged, ret_problem);
	if (!server->signin)
		return -1;
	if (open_api(server, ret_problem) < 0)
		return -1;
	if (open_http(server, ret_problem) < 0)
		return -1;
	return give_up_rights(server, ret_problem);
}

struct server *server_open(const struct options *options, char **ret_problem)
{
	struct server *server = allocate(sizeof(*server));

	server->options = options;
	process_raise_file_limit(options->max_connections);
	if (open_all(server, ret_problem) == 0)
		return server;
	server_close(server);
	return NULL;
}

const char *server_uri(const struct server *server, size_t i)
{
	return http_uri(server->http, i);
}

void server_reload(struct server *server)
{
	const struct http_limits limits = http_limits_of(server->options);
	const struct tls_files files = tls_files_of(server);
	const struct signin_rules rules = signin_rules_of(server->options);
	AUTO_TEXT problem = NULL;

	process_raise_file_limit(server->options->max_connections);
	http_set_limits(server->http, &limits);
	if (http_reload_tls(server->http, &files, &problem) < 0)
		log_error("%s; https goes on with what it had", problem);
	signin_set_rules(server->signin, &rules);
	api_set_audit(server->api, server->options->audit);
}

void server_close(struct server *server)
{
	/* Calls that are not finished in time are finished by api_close, for nobody. */
	if (server->api)
		api_stop_waiting(server->api);
	if (server->http)
		http_stop(server->http, server->options->stop_timeout);
	if (server->api)
		api_close(server->api);
	if (server->http)
		http_free(server->http);
	signin_close(server->signin);
	if (server->hypervisor)
		hypervisor_close(server->hypervisor);
	privileged_close(server->privileged);
	if (server->store)
		store_close(server->store);
	free(server->suspend_folder);
	free(server->backup_folder);
	free(server->own_certificate);
	free(server);
}
