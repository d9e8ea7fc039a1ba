/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin_file.c – users and their hashes in a file. */
#include "server/signin_method.h"

#include "schema/buffer.h"
#include "schema/log.h"

#include <crypt.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

struct user {
	char *name;
	char *hash;
	bool superuser;
};

struct user_file {
	char *path;
	pthread_mutex_t lock; /* guards the rest */
	struct user *users;
	size_t count;
	struct stat status; /* of what was read; zeroed: nothing */
};

static void forget_users(struct user_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		free(file->users[i].name);
		explicit_bzero(file->users[i].hash, strlen(file->users[i].hash));
		free(file->users[i].hash);
	}
	free(file->users);
	file->users = NULL;
	file->count = 0;
}

static void read_line(struct user_file *file, char *line, int number)
{
	char *colon;
	char *hash;

	line[strcspn(line, "\r\n")] = '\0';
	if (!*line || *line == '#')
		return;
	colon = strchr(line, ':');
	if (!colon || colon == line || !colon[1]) {
		log_warning("%s:%d: no USER:HASH, the line is left out", file->path, number);
		return;
	}
	*colon = '\0';
	hash = colon + 1;
	colon = strchr(hash, ':');
	if (colon)
		*colon++ = '\0'; /* a line of shadow(5) has numbers there */
	if (crypt_checksalt(hash) == CRYPT_SALT_INVALID) {
		log_warning("%s:%d: no hash of crypt(3), %s can not sign in", file->path, number,
			    line);
		return;
	}
	file->users = reallocate(file->users, (file->count + 1) * sizeof(*file->users));
	file->users[file->count].name = text_copy(line);
	file->users[file->count].superuser = !colon || strcmp(colon, "subject") != 0;
	file->users[file->count++].hash = text_copy(hash);
}

static void read_users(struct user_file *file, FILE *stream)
{
	char *line = NULL;
	size_t capacity = 0;
	int number = 0;

	forget_users(file);
	while (getline(&line, &capacity, stream) >= 0)
		read_line(file, line, ++number);
	if (line)
		explicit_bzero(line, capacity);
	free(line);
	if (file->status.st_mode & (S_IRWXO | S_IWGRP))
		log_warning("%s can be read by everybody or written by others: chmod 600",
			    file->path);
	log_info("%zu users may sign in, says %s", file->count, file->path);
}

static bool has_changed(const struct stat *a, const struct stat *b)
{
	return a->st_dev != b->st_dev || a->st_ino != b->st_ino || a->st_size != b->st_size ||
	       a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
	       a->st_mode != b->st_mode;
}

/* Under the lock. −1 with errno: then nobody is known. */
static int refresh(struct user_file *file)
{
	struct stat status;
	FILE *stream;
	int saved;

	if (stat(file->path, &status) == 0 && !has_changed(&status, &file->status))
		return 0;
	stream = fopen(file->path, "re");
	if (stream && fstat(fileno(stream), &file->status) == 0) {
		read_users(file, stream);
		fclose(stream);
		return 0;
	}
	saved = errno;
	if (stream)
		fclose(stream);
	forget_users(file);
	file->status = (struct stat){0};
	errno = saved;
	return -1;
}

struct user_file *user_file_open(const char *path, char **ret_problem)
{
	struct user_file *file = allocate(sizeof(*file));

	file->path = text_copy(path);
	pthread_mutex_init(&file->lock, NULL);
	if (refresh(file) == 0)
		return file;
	*ret_problem = text_format("can not read the users of %s: %s", path, strerror(errno));
	user_file_close(file);
	return NULL;
}

/* The time does not depend on where they differ. */
static bool hashes_equal(const char *a, const char *b)
{
	size_t length = strlen(a);
	unsigned different = length != strlen(b);

	for (size_t i = 0; i < length && !(different && i >= strlen(b)); i++)
		different |= (unsigned)(a[i] ^ b[i]);
	return !different;
}

/* The user's hash. For one that there is not it is another's, which takes as long to check. */
static char *find_hash(struct user_file *file, const char *user, bool *ret_known,
		       bool *ret_superuser)
{
	const char *hash = "$6$saltsaltsaltsalt$";
	char *copy;

	pthread_mutex_lock(&file->lock);
	if (refresh(file) < 0)
		log_error("nobody can sign in, %s can not be read: %s", file->path,
			  strerror(errno));
	*ret_known = false;
	*ret_superuser = false;
	for (size_t i = 0; i < file->count && !*ret_known; i++) {
		*ret_known = strcmp(file->users[i].name, user) == 0;
		if (i == 0 || *ret_known)
			hash = file->users[i].hash;
		*ret_superuser = *ret_known && file->users[i].superuser;
	}
	copy = text_copy(hash);
	pthread_mutex_unlock(&file->lock);
	return copy;
}

bool user_file_check(struct user_file *file, const char *user, const char *password,
		     bool *ret_superuser)
{
	struct crypt_data *data = allocate(sizeof(*data)); /* 32 KiB: much for a worker's stack */
	bool known;
	char *hash = find_hash(file, user, &known, ret_superuser);
	const char *made = crypt_r(password, hash, data);
	/* crypt(3) marks a failure by a text that starts with * */
	bool equal = made && made[0] != '*' && hashes_equal(made, hash);

	explicit_bzero(data, sizeof(*data));
	explicit_bzero(hash, strlen(hash));
	free(data);
	free(hash);
	return known && equal;
}

void user_file_close(struct user_file *file)
{
	if (!file)
		return;
	forget_users(file);
	pthread_mutex_destroy(&file->lock);
	free(file->path);
	free(file);
}
