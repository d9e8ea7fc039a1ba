/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve.c – the privileged process's end of the lines: one thread for each, and always one that
 * waits for a call */
#include "server/privileged/serve.h"

#include "schema/clock.h"
#include "schema/log.h"
#include "schema/thread.h"
#include "server/host/disk_image.h"
#include "server/host/tool.h"
#include "server/hypervisor/hypervisor.h"
#include "server/privileged/frame.h"
#include "server/privileged/hello.h"
#include "server/signin_method.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINES_MOST 2048
#define PAUSE_US 100000
#define SAID_MOST 256 /* bytes of what a tool says, while it is at work */

struct service {
	struct service_options options;
	pthread_mutex_t event_lock; /* whoever waits for an event */
	pthread_mutex_t lock;
	pthread_cond_t ended; /* a call has */
	int lines;
	int idle;    /* of them; under the lock, as the rest */
	int waiting; /* for an event: they are not busy */
	bool is_ending;
	bool is_lost; /* said in the log */
};

static void *run_line(void *argument);

static void add_line(struct service *service)
{
	pthread_t thread;

	thread_start(&thread, "line", run_line, service);
	pthread_detach(thread);
}

/* A line is never closed from here: a call might be on its way over it. */
static void begin_call(struct service *service)
{
	bool needs_line;

	pthread_mutex_lock(&service->lock);
	needs_line = --service->idle == 0 && service->lines < LINES_MOST;
	service->lines += needs_line;
	service->idle += needs_line;
	pthread_mutex_unlock(&service->lock);
	if (needs_line)
		add_line(service);
}

static void end_call(struct service *service)
{
	pthread_mutex_lock(&service->lock);
	service->idle++;
	pthread_cond_broadcast(&service->ended);
	pthread_mutex_unlock(&service->lock);
}

static bool is_served(const struct service *service, int64_t peer)
{
	AUTO_TEXT name = peer < 0 ? NULL : signin_account_name((uid_t)peer);

	return peer == 0 || peer == (int64_t)geteuid() ||
	       (name && strcmp(name, service->options.user) == 0);
}

static int connect_once(struct service *service)
{
	struct sockaddr_un address;
	int line, number;

	if (!hello_address(service->options.path, &address))
		return -1;
	line = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (line < 0 || connect(line, (struct sockaddr *)&address, sizeof(address)) == 0)
		return line;
	number = errno;
	close(line);
	errno = number;
	return -1;
}

static void say_lost(struct service *service, bool is_lost, const char *why)
{
	pthread_mutex_lock(&service->lock);
	if (is_lost && !service->is_lost)
		log_info("waiting for xenapid at %s: %s", service->options.path, why);
	if (!is_lost && service->is_lost)
		log_info("connected to xenapid at %s", service->options.path);
	service->is_lost = is_lost;
	pthread_mutex_unlock(&service->lock);
}

/* Until there is somebody who may be served. */
static int connect_patiently(struct service *service)
{
	struct hypervisor *hypervisor = service->options.hypervisor;

	for (;;) {
		int line = connect_once(service);
		bool served = line >= 0 && is_served(service, hello_peer(line));

		if (served &&
		    hello_send(line, hypervisor_name(hypervisor), hypervisor_host(hypervisor))) {
			say_lost(service, false, "");
			return line;
		}
		say_lost(service, true,
			 line < 0 ? strerror(errno) :
			 served	  ? "it has closed the connection" :
				    "whoever listens there is not to be served");
		if (line >= 0)
			close(line);
		usleep(PAUSE_US);
	}
}

static bool is_gone(int line)
{
	struct pollfd fd = {.fd = line, .events = POLLRDHUP};

	return poll(&fd, 1, 0) != 0;
}

static void count_waiting(struct service *service, int change)
{
	pthread_mutex_lock(&service->lock);
	service->waiting += change;
	pthread_mutex_unlock(&service->lock);
}

static bool is_ending(struct service *service)
{
	bool ending;

	pthread_mutex_lock(&service->lock);
	ending = service->is_ending;
	pthread_mutex_unlock(&service->lock);
	return ending;
}

/* One that was asked for by a process that has ended makes room for the next. */
static int wait_event(struct service *service, int line, struct answer *answer)
{
	struct hypervisor *hypervisor = service->options.hypervisor;
	struct hypervisor_event *event = allocate(sizeof(*event));
	int rc = 0;

	answer->items = event;
	answer->size = sizeof(*event);
	count_waiting(service, 1);
	if (pthread_mutex_trylock(&service->event_lock) != 0) {
		hypervisor_wake(hypervisor);
		pthread_mutex_lock(&service->event_lock);
	}
	while (rc == 0 && !is_gone(line))
		rc = hypervisor_wait_event(hypervisor, -1, event, &answer->err);
	pthread_mutex_unlock(&service->event_lock);
	count_waiting(service, -1);
	answer->count = rc > 0;
	return rc < 0 ? rc : 0;
}

/* Says how far it is; −1: nobody wants to know any more. */
static int report(void *argument, const char *text)
{
	const int *line = argument;
	size_t length = strlen(text);
	struct answer answer = {.number = TOOL_GOES_ON};
	AUTO_BUFFER bytes = {0};

	answer.texts[0] = (char *)text + (length > SAID_MOST ? length - SAID_MOST : 0);
	answer_write(&answer, &bytes);
	return !is_gone(*line) && frame_send(*line, &bytes) ? 0 : -1;
}

static int run_tool(int line, const struct request *request, struct answer *answer)
{
	const char *arguments[TOOL_ARGUMENTS_MOST] = {NULL};
	struct tool_output output;
	int *number = allocate(sizeof(*number));

	for (size_t i = 0; i < request->word_count; i++)
		arguments[i] = request->words[i].text;
	errno = 0;
	answer->number = tool_run((enum tool)request->number, arguments, report, &line, &output);
	*number = errno;
	answer->items = number;
	answer->size = sizeof(*number);
	answer->count = 1;
	answer->texts[0] = output.text;
	answer->texts[1] = output.problem;
	return 0;
}

/* The descriptor follows the answer. */
static int open_image(const struct request *request, struct answer *answer, int *ret_descriptor)
{
	*ret_descriptor = disk_image_open(request->text, (unsigned)request->number,
					  (int)request->other | O_CLOEXEC);
	answer->number = *ret_descriptor < 0 ? errno : 0;
	return 0;
}

static int do_request(struct service *service, int line, const struct request *request,
		      struct answer *answer, int *ret_descriptor)
{
	if (is_ending(service))
		return hypervisor_fail(&answer->err, HYPERVISOR_FAILED,
				       "the privileged process is being stopped");
	switch (request->op) {
	case REQUEST_OP_wait_event:
		return wait_event(service, line, answer);
	case REQUEST_OP_check_password:
		answer->number = signin_check_pam(request->text, request->secret);
		return 0;
	case REQUEST_OP_run_tool:
		return run_tool(line, request, answer);
	case REQUEST_OP_open_image:
		return open_image(request, answer, ret_descriptor);
	default:
		return answer_request(service->options.hypervisor, request, answer);
	}
}

/* False: who is at the other end makes mistakes, or is not what it should be. */
static bool answer_bytes(struct service *service, int line, struct buffer *bytes)
{
	AUTO_BUFFER reply = {0};
	AUTO_TEXT problem = NULL;
	struct answer answer = {0};
	struct request request;
	int descriptor = -1;
	bool is_open, is_one = request_read(bytes->data, bytes->length, &request, &problem);

	answer.err.operation = "";
	if (is_one && check_request(&service->options.rules, &request, &problem))
		answer.rc = do_request(service, line, &request, &answer, &descriptor);
	else
		answer.rc = hypervisor_fail(&answer.err, HYPERVISOR_FAILED,
					    "the privileged process refuses this: %s", problem);
	if (answer.rc < 0)
		answer.count = 0;
	if (problem)
		log_warning("refused what xenapid asks (%s): %s",
			    is_one ? request_op_name(request.op) : "no request", problem);
	if (is_one && request.secret)
		explicit_bzero(bytes->data, bytes->length);
	answer_write(&answer, &reply);
	request_clear(&request);
	answer_clear(&answer);
	is_open = frame_send(line, &reply) && is_one;
	if (descriptor >= 0) {
		is_open = is_open && frame_send_descriptor(line, descriptor);
		close(descriptor);
	}
	return is_open;
}

static void *run_line(void *argument)
{
	struct service *service = argument;
	AUTO_BUFFER bytes = {0};

	for (;;) {
		int line = connect_patiently(service);
		bool is_open = true;

		while (is_open && frame_receive(line, REQUEST_MOST, &bytes)) {
			begin_call(service);
			is_open = answer_bytes(service, line, &bytes);
			end_call(service);
		}
		close(line);
	}
	return NULL;
}

struct service *serve_begin(const struct service_options *options)
{
	struct service *service = allocate(sizeof(*service));

	service->options = *options;
	service->lines = service->idle = 1;
	pthread_mutex_init(&service->event_lock, NULL);
	pthread_mutex_init(&service->lock, NULL);
	clock_init_condition(&service->ended);
	add_line(service);
	return service;
}

void serve_end(struct service *service, int timeout_ms)
{
	int64_t until_ns = clock_ns() + timeout_ms * INT64_C(1000000);

	pthread_mutex_lock(&service->lock);
	service->is_ending = true;
	while (service->idle + service->waiting < service->lines &&
	       clock_wait(&service->ended, &service->lock, until_ns))
		;
	pthread_mutex_unlock(&service->lock);
}
