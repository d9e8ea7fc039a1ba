/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log.c – one line per event on standard error. */
#include "schema/log.h"

#include "schema/buffer.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RECENT_MOST 65536

static const struct {
	const char *name;
	int priority; /* of syslog, as sd-daemon(3) wants it */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3}, [LOG_LEVEL_WARNING] = {"warning", 4},
	[LOG_LEVEL_INFO] = {"info", 6},	  [LOG_LEVEL_DEBUG] = {"debug", 7},
	[LOG_LEVEL_AUDIT] = {"audit", 5},
};

static atomic_int level_shown = LOG_LEVEL_INFO;
static atomic_bool journal_reads;
static log_journal_fn journal_send; /* set before there are threads */
static _Thread_local struct log_request serving;

void log_set_request(const struct log_request *request)
{
	if (request)
		serving = *request;
	else
		serving.id[0] = '\0';
}

static void add_time(struct buffer *line)
{
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	buffer_add_format(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", utc.tm_year + 1900,
			  utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
			  (int)(now.tv_nsec / 1000000));
}

/* C0, DEL, and C1 as UTF-8 spells it: a terminal obeys them all. */
static bool is_control(const unsigned char *byte)
{
	return byte[0] < 0x20 || byte[0] == 0x7f || (byte[0] == 0xc2 && (byte[1] & 0xe0) == 0x80);
}

static void add_escaped(struct buffer *line, const char *text)
{
	for (const unsigned char *byte = (const unsigned char *)text; *byte; byte++) {
		if (!is_control(byte)) {
			buffer_add_char(line, (char)*byte);
			continue;
		}
		buffer_add_format(line, "\\x%02x", *byte);
		if (*byte == 0xc2)
			buffer_add_format(line, "\\x%02x", *++byte);
	}
}

/* Lines that may be asked for; what does not fit any more falls out in front, a line at a time. */
static struct {
	pthread_mutex_t lock;
	size_t length;
	char bytes[RECENT_MOST];
} recent = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void drop_oldest(size_t at_least)
{
	const char *end = memchr(recent.bytes + at_least, '\n', recent.length - at_least);
	size_t dropped = end ? (size_t)(end + 1 - recent.bytes) : recent.length;

	recent.length -= dropped;
	memmove(recent.bytes, recent.bytes + dropped, recent.length);
}

static void keep_recent(const struct buffer *line)
{
	if (line->length > RECENT_MOST)
		return;
	pthread_mutex_lock(&recent.lock);
	if (recent.length + line->length > RECENT_MOST)
		drop_oldest(recent.length + line->length - RECENT_MOST - 1);
	memcpy(recent.bytes + recent.length, line->data, line->length);
	recent.length += line->length;
	pthread_mutex_unlock(&recent.lock);
}

char *log_recent(void)
{
	struct buffer text = {0};

	pthread_mutex_lock(&recent.lock);
	buffer_add(&text, recent.bytes, recent.length);
	pthread_mutex_unlock(&recent.lock);
	return buffer_take(&text);
}

/* Returns where in the line begins what the journal takes as the message. */
static size_t add_front(struct buffer *line, enum log_level level)
{
	size_t message;

	if (!atomic_load_explicit(&journal_reads, memory_order_relaxed)) {
		add_time(line);
		buffer_add_format(line, "%s: ", levels[level].name);
		return line->length;
	}
	buffer_add_format(line, "<%d>", levels[level].priority);
	message = line->length;
	if (level == LOG_LEVEL_AUDIT)
		buffer_add_text(line, "audit: ");
	return message;
}

static bool goes_to_journal(enum log_level level, const char *message)
{
	return atomic_load_explicit(&journal_reads, memory_order_relaxed) && journal_send &&
	       journal_send(levels[level].priority, message, serving.id);
}

static void __attribute__((format(printf, 2, 0)))
log_line(enum log_level level, const char *format, va_list arguments)
{
	AUTO_BUFFER line = {0};
	AUTO_TEXT text = NULL;
	int saved_errno = errno;
	size_t message;
	bool is_taken;

	if (level != LOG_LEVEL_AUDIT &&
	    (int)level > atomic_load_explicit(&level_shown, memory_order_relaxed))
		return;
	text = text_format_list(format, arguments);
	message = add_front(&line, level);
	add_escaped(&line, text);
	if (*serving.id)
		buffer_add_format(&line, " request=%s", serving.id);
	is_taken = goes_to_journal(level, line.data + message);
	buffer_add_char(&line, '\n');
	/* Nobody is left to be told that the log can not be written. */
	ssize_t ignored __attribute__((unused)) =
		is_taken ? 0 : write(STDERR_FILENO, line.data, line.length);
	if (level != LOG_LEVEL_AUDIT)
		keep_recent(&line);
	errno = saved_errno;
}

#define LOG_FUNCTION(function, level)               \
	void function(const char *format, ...)      \
	{                                           \
		va_list arguments;                  \
                                                    \
		va_start(arguments, format);        \
		log_line(level, format, arguments); \
		va_end(arguments);                  \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(log_audit, LOG_LEVEL_AUDIT)

void log_open(log_journal_fn journal)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	uintmax_t device;
	uintmax_t inode;

	journal_send = journal;
	/* Inherited by what a service starts, so it holds only if standard error still is that
	 * stream. */
	if (stream && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
	    fstat(STDERR_FILENO, &status) == 0)
		atomic_store(&journal_reads, status.st_dev == device && status.st_ino == inode);
}

void log_set_level(enum log_level level)
{
	atomic_store(&level_shown, (int)level);
}

bool log_level_from_name(const char *name, enum log_level *ret_level)
{
	for (int i = 0; i < LOG_LEVEL_AUDIT; i++) {
		if (strcmp(levels[i].name, name) == 0) {
			*ret_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}
