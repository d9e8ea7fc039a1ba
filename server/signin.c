/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin.c – who may sign in: PAM, a file of users, or everybody; and who the configuration says
 * they are. */
#include "server/signin.h"

#include "schema/log.h"
#include "server/privileged/privileged.h"
#include "server/signin_method.h"
#include "server/signin_roles.h"

#include <pthread.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#define PAM_SERVICE_FILE "/etc/pam.d/xenapid"

struct signin {
	struct privileged *privileged; /* who asks PAM; NULL: this process itself */
	bool open_to_all;
	struct user_file *file; /* NULL: PAM, and names are accounts of the system */
	pthread_rwlock_t lock;	/* read while it is asked for groups, which may take long */
	char *admin_group;	/* under the lock, as the rest */
	char **roles;
	char **certificate_roles;
};

static char **copy_list(const struct text_list *list)
{
	char **copy = allocate((list->count + 1) * sizeof(*copy));

	for (size_t i = 0; i < list->count; i++)
		copy[i] = text_copy(list->items[i]);
	return copy;
}

static void free_list(char **list)
{
	for (char **item = list; item && *item; item++)
		free(*item);
	free(list);
}

static void forget_rules(struct signin *signin)
{
	free(signin->admin_group);
	free_list(signin->roles);
	free_list(signin->certificate_roles);
}

struct account {
	const char *user;
	bool of_system;
};

static bool is_account(const void *argument, const char *who)
{
	const struct account *account = argument;

	return *who == '@' ? account->of_system && signin_account_in_group(account->user, who + 1) :
			     strcmp(who, account->user) == 0;
}

/* What the rows "role" say; of an account of the system, who is an administrator too. */
static void grant(struct signin *signin, const char *user, bool of_system,
		  struct api_grant *ret_grant)
{
	struct account account = {user, of_system};

	pthread_rwlock_rdlock(&signin->lock);
	ret_grant->role = signin_role_of(signin->roles, is_account, &account);
	if (of_system)
		ret_grant->superuser = signin_account_is_root(user) ||
				       (*signin->admin_group &&
					signin_account_in_group(user, signin->admin_group));
	pthread_rwlock_unlock(&signin->lock);
}

static bool check_by_pam(const struct signin *signin, const char *user, const char *password)
{
	const struct request request = {
		.op = REQUEST_OP_check_password, .text = user, .secret = password};
	struct hypervisor_error err = {0};
	struct answer answer;
	bool allowed;

	if (!signin->privileged)
		return signin_check_pam(user, password);
	allowed = privileged_ask(signin->privileged, &request, 0, &answer, &err) == 0 &&
		  answer.number == 1;
	if (*err.text)
		log_error("a password can not be checked: %s", err.text);
	answer_clear(&answer);
	return allowed;
}

static int check(void *context, const char *user, const char *password, struct api_grant *ret_grant)
{
	struct signin *signin = context;
	bool allowed = signin->file ? user_file_check(signin->file, user, password,
						      &ret_grant->superuser) :
				      check_by_pam(signin, user, password);

	/* for everybody, so that it takes as long for a wrong password */
	grant(signin, user, !signin->file, ret_grant);
	if (allowed && !ret_grant->superuser && !ret_grant->role)
		log_debug("%s has a right password, and no role by the configuration", user);
	return allowed ? 0 : -1;
}

/* Colons and capitals do not matter. */
static bool same_fingerprint(const char *who, const char *fingerprint)
{
	for (; *who || *fingerprint; who++) {
		if (*who == ':' && *fingerprint != ':')
			continue;
		if (strncasecmp(who, fingerprint, 1) != 0)
			return false;
		fingerprint++;
	}
	return true;
}

static bool is_certificate(const void *argument, const char *who)
{
	const struct api_origin *origin = argument;

	return strcmp(who, origin->certificate) == 0 || same_fingerprint(who, origin->fingerprint);
}

/* The name that the connection shows; NULL: none. */
static char *shown_name(const struct signin *signin, const struct api_origin *origin)
{
	if (origin->certificate)
		return text_copy(origin->certificate);
	return origin->is_unix && !signin->file ? signin_account_name(origin->uid) : NULL;
}

static int recognize(void *context, const struct api_origin *origin, const char *user,
		     struct api_grant *ret_grant)
{
	struct signin *signin = context;
	AUTO_TEXT name = shown_name(signin, origin);

	if (!name || !*name || strlen(name) > API_USER_MAX || (*user && strcmp(user, name) != 0))
		return -1;
	*ret_grant = (struct api_grant){0};
	strcpy(ret_grant->user, name);
	if (!origin->certificate) {
		grant(signin, name, true, ret_grant);
		return 0;
	}
	pthread_rwlock_rdlock(&signin->lock);
	ret_grant->role = signin_role_of(signin->certificate_roles, is_certificate, origin);
	pthread_rwlock_unlock(&signin->lock);
	return 0;
}

struct signin *signin_open(const char *method, const struct signin_rules *rules,
			   struct privileged *privileged, char **ret_problem)
{
	struct signin *signin = allocate(sizeof(*signin));

	signin->privileged = privileged;
	pthread_rwlock_init(&signin->lock, NULL);
	signin_set_rules(signin, rules);
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

void signin_set_rules(struct signin *signin, const struct signin_rules *rules)
{
	pthread_rwlock_wrlock(&signin->lock);
	forget_rules(signin);
	signin->admin_group = text_copy(rules->admin_group);
	signin->roles = copy_list(rules->roles);
	signin->certificate_roles = copy_list(rules->certificate_roles);
	pthread_rwlock_unlock(&signin->lock);
}

struct api_authenticator signin_authenticator(struct signin *signin)
{
	return (struct api_authenticator){.check = check,
					  .recognize = recognize,
					  .context = signin,
					  .open_to_all = signin->open_to_all};
}

void signin_close(struct signin *signin)
{
	if (!signin)
		return;
	user_file_close(signin->file);
	pthread_rwlock_destroy(&signin->lock);
	forget_rules(signin);
	free(signin);
}
