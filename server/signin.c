/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin.c – who may sign in: PAM, a file of users, or everybody. */
#include "server/signin.h"

#include "schema/log.h"
#include "server/signin_method.h"

#include <pthread.h>
#include <unistd.h>

#define PAM_SERVICE_FILE "/etc/pam.d/xenapid"

struct signin {
	bool open_to_all;
	struct user_file *file; /* NULL: PAM */
	pthread_mutex_t lock;
	char *admin_group; /* under the lock */
};

static int check(void *context, const char *user, const char *password, bool *ret_superuser)
{
	struct signin *signin = context;
	AUTO_TEXT group = NULL;
	bool allowed;

	if (signin->file) {
		allowed = user_file_check(signin->file, user, password, ret_superuser);
	} else {
		pthread_mutex_lock(&signin->lock);
		group = text_copy(signin->admin_group);
		pthread_mutex_unlock(&signin->lock);
		allowed = signin_check_pam(user, password, group, ret_superuser);
	}
	return allowed ? 0 : -1;
}

struct signin *signin_open(const char *method, const char *admin_group, char **ret_problem)
{
	struct signin *signin = allocate(sizeof(*signin));

	pthread_mutex_init(&signin->lock, NULL);
	signin->admin_group = text_copy(admin_group);
	if (strcmp(method, "none") == 0) {
		signin->open_to_all = true;
		log_warning("auth = none: whoever can connect from this machine is root here");
	} else if (strncmp(method, "file:", 5) == 0) {
		signin->file = user_file_open(method + 5, ret_problem);
		if (!signin->file) {
			signin_close(signin);
			return NULL;
		}
	} else if (access(PAM_SERVICE_FILE, F_OK) < 0) {
		log_warning("there is no " PAM_SERVICE_FILE ": PAM takes its rules for other "
			    "services, which often let nobody in");
	}
	return signin;
}

void signin_set_admin_group(struct signin *signin, const char *admin_group)
{
	pthread_mutex_lock(&signin->lock);
	free(signin->admin_group);
	signin->admin_group = text_copy(admin_group);
	pthread_mutex_unlock(&signin->lock);
}

struct api_authenticator signin_authenticator(struct signin *signin)
{
	return (struct api_authenticator){
		.check = check, .context = signin, .open_to_all = signin->open_to_all};
}

void signin_close(struct signin *signin)
{
	if (!signin)
		return;
	user_file_close(signin->file);
	pthread_mutex_destroy(&signin->lock);
	free(signin->admin_group);
	free(signin);
}
