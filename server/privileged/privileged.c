/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* privileged.c – the lines to the privileged process, and who waits for one */
#include "server/privileged/privileged.h"

#include "schema/clock.h"
#include "schema/log.h"
#include "schema/thread.h"
#include "server/host/rules.h"
#include "server/host/tool.h"
#include "server/privileged/adapter.h"
#include "server/privileged/frame.h"
#include "server/privileged/hello.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

/* How long a call waits for a process that is being started again. */
#define PATIENCE_MS 5000
#define HELLO_SECONDS 5
#define ENDED_WITHIN \
	"the privileged process has ended within the call: what it has done of it is not known"
#define IDLE_MOST 4096
#define NOT_THERE                                                                                  \
	"the privileged process (xenapid-privileged) is not there; when it does not come back by " \
	"itself, its log says why"

struct privileged {
	char *path;
	int listening;
	int ending;  /* an eventfd */
	int wake;    /* another */
	int event;   /* the line on which an event is waited for, −1: none; of that thread */
	bool missed; /* likewise: it was lost */
	pthread_t acceptor;
	pthread_mutex_t lock;
	pthread_cond_t came;
	int idle[IDLE_MOST]; /* under the lock, as what follows */
	size_t idle_count;
	bool known; /* what follows does not change any more */
	char *name;
	struct adapter adapter;
	struct host_facts facts;
	struct host_proxy host;
};

static void say(int eventfd)
{
	ssize_t ignored = write(eventfd, &(uint64_t){1}, sizeof(uint64_t));

	(void)ignored;
}

static void hear(int eventfd)
{
	uint64_t count;
	ssize_t ignored = read(eventfd, &count, sizeof(count));

	(void)ignored;
}

static void give_back(struct privileged *privileged, int line)
{
	bool kept;

	pthread_mutex_lock(&privileged->lock);
	kept = privileged->idle_count < IDLE_MOST;
	if (kept)
		privileged->idle[privileged->idle_count++] = line;
	pthread_cond_broadcast(&privileged->came);
	pthread_mutex_unlock(&privileged->lock);
	if (!kept)
		close(line);
}

/* Nothing is said on an idle line, unless it is its end. */
static bool is_fresh(int line)
{
	struct pollfd fd = {.fd = line, .events = POLLIN};

	return poll(&fd, 1, 0) == 0;
}

/* Those of a process that has ended. */
static void drop_dead_lines(struct privileged *privileged)
{
	size_t kept = 0;

	pthread_mutex_lock(&privileged->lock);
	for (size_t i = 0; i < privileged->idle_count; i++) {
		if (is_fresh(privileged->idle[i]))
			privileged->idle[kept++] = privileged->idle[i];
		else
			close(privileged->idle[i]);
	}
	privileged->idle_count = kept;
	pthread_mutex_unlock(&privileged->lock);
}

/* −1: none came in time. */
static int take_line(struct privileged *privileged, int timeout_ms)
{
	int64_t until_ns = clock_ns() + timeout_ms * INT64_C(1000000);
	bool waits = true;
	int line = -1;

	pthread_mutex_lock(&privileged->lock);
	while (line < 0) {
		if (privileged->idle_count) {
			line = privileged->idle[--privileged->idle_count];
			if (is_fresh(line))
				break;
			close(line);
			line = -1;
		} else if (!waits) {
			break;
		} else {
			waits = clock_wait(&privileged->came, &privileged->lock, until_ns);
		}
	}
	pthread_mutex_unlock(&privileged->lock);
	return line;
}

/* Another hypervisor than before would be taken for the one that the records are of. */
static bool note(struct privileged *privileged, char *name, const struct host_facts *facts)
{
	bool same;

	pthread_mutex_lock(&privileged->lock);
	same = !privileged->known || strcmp(privileged->name, name) == 0;
	if (!privileged->known) {
		privileged->name = text_copy(name);
		privileged->adapter = (struct adapter){privileged->name, "", &privileged_ops};
		privileged->facts = *facts;
		privileged->known = true;
	}
	pthread_mutex_unlock(&privileged->lock);
	return same;
}

static bool set_patience(int line, int seconds)
{
	const struct timeval patience = {.tv_sec = seconds};

	return setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0;
}

static void add_line(struct privileged *privileged, int line)
{
	struct host_facts *facts = allocate(sizeof(*facts));
	int64_t peer = hello_peer(line);
	AUTO_TEXT problem = NULL;
	AUTO_TEXT name = NULL;

	if (peer != 0 && peer != (int64_t)geteuid())
		problem = text_format("uid %lld, who is not root", (long long)peer);
	else if (set_patience(line, HELLO_SECONDS) && hello_receive(line, &name, facts, &problem) &&
		 set_patience(line, 0) && !note(privileged, name, facts))
		problem = text_format("its hypervisor is %s, and was %s", name, privileged->name);
	free(facts);
	drop_dead_lines(privileged);
	if (problem)
		log_error("whoever has connected to %s is refused: %s", privileged->path, problem);
	if (problem || !name)
		close(line);
	else
		give_back(privileged, line);
}

static void *accept_lines(void *argument)
{
	struct privileged *privileged = argument;
	struct pollfd fds[] = {{.fd = privileged->listening, .events = POLLIN},
			       {.fd = privileged->ending, .events = POLLIN}};

	for (;;) {
		int line;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			log_error("the lines to the privileged process: %s", strerror(errno));
		if (fds[1].revents)
			return NULL;
		line = fds[0].revents ? accept4(privileged->listening, NULL, NULL, SOCK_CLOEXEC) :
					-1;
		if (line >= 0)
			add_line(privileged, line);
	}
}

/* Whoever can write to it may connect: this process and root. */
static int listen_at(const char *path)
{
	struct sockaddr_un address;
	int fd;

	if (!hello_address(path, &address))
		return -1;
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
			chmod(path, 0600) < 0 || listen(fd, SOMAXCONN) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

struct privileged *privileged_open(const char *path, int timeout_ms, char **ret_problem)
{
	struct privileged *privileged = allocate(sizeof(*privileged));
	int line;

	privileged->path = text_copy(path);
	privileged->event = -1;
	privileged->listening = listen_at(path);
	if (privileged->listening < 0) {
		*ret_problem = text_format("the socket for the privileged process, %s: %s", path,
					   strerror(errno));
		free(privileged->path);
		free(privileged);
		return NULL;
	}
	privileged->ending = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	privileged->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&privileged->lock, NULL);
	clock_init_condition(&privileged->came);
	thread_start(&privileged->acceptor, "lines", accept_lines, privileged);
	line = take_line(privileged, timeout_ms);
	if (line >= 0) {
		give_back(privileged, line);
		return privileged;
	}
	*ret_problem = text_format("%s: in %d s nobody has connected to %s", NOT_THERE,
				   timeout_ms / 1000, path);
	privileged_close(privileged);
	return NULL;
}

void privileged_close(struct privileged *privileged)
{
	if (!privileged)
		return;
	say(privileged->ending);
	pthread_join(privileged->acceptor, NULL);
	for (size_t i = 0; i < privileged->idle_count; i++)
		close(privileged->idle[i]);
	if (privileged->event >= 0)
		close(privileged->event);
	close(privileged->listening);
	unlink(privileged->path);
	close(privileged->ending);
	close(privileged->wake);
	pthread_cond_destroy(&privileged->came);
	pthread_mutex_destroy(&privileged->lock);
	free(privileged->path);
	free(privileged->name);
	free(privileged);
}

const struct adapter *privileged_adapter(const struct privileged *privileged)
{
	return &privileged->adapter;
}

const struct host_facts *privileged_facts(const struct privileged *privileged)
{
	return &privileged->facts;
}

/* A line on which the request was sent; −1 with *err: there is none, and nothing was asked. What
 * was sent to a process that had ended was not read by it. */
static int send_request(struct privileged *privileged, const struct request *request,
			int patience_ms, struct hypervisor_error *err)
{
	AUTO_BUFFER bytes = {0};
	int line;

	request_write(request, &bytes);
	if (bytes.length > REQUEST_MOST)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%zu bytes are asked of the privileged process, at most %d",
				       bytes.length, REQUEST_MOST);
	while ((line = take_line(privileged, patience_ms)) >= 0) {
		if (frame_send(line, &bytes))
			break;
		close(line);
	}
	explicit_bzero(bytes.data, request->secret ? bytes.length : 0);
	return line >= 0 ? line : hypervisor_fail(err, HYPERVISOR_FAILED, NOT_THERE);
}

static bool read_answer(int line, size_t item_size, struct answer *ret_answer)
{
	AUTO_BUFFER bytes = {0};

	*ret_answer = (struct answer){0};
	return frame_receive(line, ANSWER_MOST, &bytes) &&
	       answer_read(bytes.data, bytes.length, item_size, ret_answer);
}

/* The line is given back, or closed. */
static int receive_answer(struct privileged *privileged, int line, size_t item_size,
			  struct answer *ret_answer, struct hypervisor_error *err)
{
	const char *operation = err->operation;

	if (!read_answer(line, item_size, ret_answer)) {
		close(line);
		return hypervisor_fail(err, HYPERVISOR_FAILED, ENDED_WITHIN);
	}
	give_back(privileged, line);
	if (ret_answer->rc < 0) {
		*err = ret_answer->err;
		err->operation = operation;
	}
	return ret_answer->rc < 0 ? -1 : 0;
}

int privileged_ask(struct privileged *privileged, const struct request *request, size_t item_size,
		   struct answer *ret_answer, struct hypervisor_error *err)
{
	int line;

	*ret_answer = (struct answer){0};
	line = send_request(privileged, request, PATIENCE_MS, err);
	return line < 0 ? -1 : receive_answer(privileged, line, item_size, ret_answer, err);
}

/* It could not be asked, or has not said how it ended. */
static int fail_tool(const char *why, int number, struct tool_output *ret_output)
{
	*ret_output = (struct tool_output){text_copy(""), text_copy(why)};
	errno = number;
	return -1;
}

/* Whoever closes the line has the program killed. */
static int run_tool(void *context, int tool, const char *const *arguments,
		    int (*watch)(void *argument, const char *text), void *argument,
		    struct tool_output *ret_output)
{
	struct privileged *privileged = context;
	struct word words[TOOL_ARGUMENTS_MOST];
	struct request request = {.op = REQUEST_OP_run_tool, .number = tool, .words = words};
	struct hypervisor_error err = {0};
	struct answer answer = {0};
	int line, number = 0;

	for (; request.word_count < tool_count_arguments((enum tool)tool); request.word_count++)
		words[request.word_count].text = arguments[request.word_count];
	line = send_request(privileged, &request, PATIENCE_MS, &err);
	if (line < 0)
		return fail_tool(err.text, EIO, ret_output);
	while (read_answer(line, sizeof(number), &answer) && answer.number == TOOL_GOES_ON) {
		bool goes_on = !watch || watch(argument, answer.texts[0]) >= 0;

		answer_clear(&answer);
		if (goes_on)
			continue;
		close(line);
		return fail_tool("cancelled", ECANCELED, ret_output);
	}
	if (answer.count != 1) {
		close(line);
		fail_tool(answer.rc < 0 ? answer.err.text : ENDED_WITHIN, EIO, ret_output);
		answer_clear(&answer);
		return -1;
	}
	give_back(privileged, line);
	memcpy(&number, answer.items, sizeof(number));
	ret_output->text = TAKE(answer.texts[0]);
	ret_output->problem = TAKE(answer.texts[1]);
	tool = (int)answer.number;
	answer_clear(&answer);
	errno = number;
	return tool;
}

static int open_image(void *context, const char *path, unsigned places, int flags)
{
	struct privileged *privileged = context;
	const struct request request = {
		.op = REQUEST_OP_open_image, .text = path, .number = places, .other = flags};
	struct hypervisor_error err = {0};
	struct answer answer = {0};
	int line = send_request(privileged, &request, PATIENCE_MS, &err);
	int descriptor = -1;
	int number = EIO;

	if (line >= 0 && read_answer(line, 0, &answer)) {
		number = answer.rc < 0 ? EPERM : (int)answer.number;
		if (!number)
			descriptor = frame_receive_descriptor(line);
		give_back(privileged, line);
	} else if (line >= 0) {
		close(line);
	}
	answer_clear(&answer);
	errno = number;
	return descriptor;
}

const struct host_proxy *privileged_host(struct privileged *privileged)
{
	privileged->host = (struct host_proxy){run_tool, open_image, privileged};
	return &privileged->host;
}

/* Without a line for it another is looked for at the next call. */
static void begin_waiting(struct privileged *privileged)
{
	const struct request request = {.op = REQUEST_OP_wait_event, .number = -1};
	struct hypervisor_error ignored;

	if (privileged->event < 0)
		privileged->event = send_request(privileged, &request, 0, &ignored);
}

static int read_event(struct privileged *privileged, struct hypervisor_event *ret_event,
		      struct hypervisor_error *err)
{
	struct answer answer = {0};
	int line = privileged->event;
	int rc;

	privileged->event = -1;
	rc = receive_answer(privileged, line, sizeof(*ret_event), &answer, err);
	privileged->missed = privileged->missed || answer.rc == 0;
	if (rc == 0 && answer.count == 1) {
		memcpy(ret_event, answer.items, sizeof(*ret_event));
		privileged->missed = false;
		rc = 1;
	}
	answer_clear(&answer);
	return rc;
}

/* A second is short enough for whoever waits for the process to come back. */
static int wait_at_most(const struct privileged *privileged, int timeout_ms)
{
	bool short_enough = timeout_ms >= 0 && timeout_ms < 1000;

	return privileged->event >= 0 || short_enough ? timeout_ms : 1000;
}

int privileged_wait_event(struct privileged *privileged, int timeout_ms,
			  struct hypervisor_event *ret_event, struct hypervisor_error *err)
{
	struct pollfd fds[] = {{.fd = -1, .events = POLLIN},
			       {.fd = privileged->wake, .events = POLLIN}};

	begin_waiting(privileged);
	if (privileged->missed && privileged->event >= 0) {
		privileged->missed = false;
		*ret_event = (struct hypervisor_event){.kind = EVENT_MISSED};
		return 1;
	}
	fds[0].fd = privileged->event;
	poll(fds, ARRAY_SIZE(fds), wait_at_most(privileged, timeout_ms));
	if (fds[0].revents)
		return read_event(privileged, ret_event, err);
	if (fds[1].revents)
		hear(privileged->wake);
	return 0;
}

void privileged_wake(struct privileged *privileged)
{
	say(privileged->wake);
}
