/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin_pam.c – passwords checked by PAM. */
#include "server/signin_method.h"

#include "schema/base.h"
#include "schema/log.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <unistd.h>

#define SERVICE "xenapid"

static void drop_answers(struct pam_response *answers, int count)
{
	for (int i = 0; i < count; i++) {
		if (answers[i].resp)
			explicit_bzero(answers[i].resp, strlen(answers[i].resp));
		free(answers[i].resp);
	}
	free(answers);
}

/* Answers the password, and only that: whoever wants a one-time code as well can not be served
 * here. */
static int converse(int count, const struct pam_message **messages,
		    struct pam_response **ret_answers, void *context)
{
	const char *password = context;
	struct pam_response *answers = allocate((size_t)count * sizeof(*answers));

	for (int i = 0; i < count; i++) {
		int style = messages[i]->msg_style;

		if (style == PAM_PROMPT_ECHO_OFF) {
			answers[i].resp = text_copy(password);
		} else if (style != PAM_ERROR_MSG && style != PAM_TEXT_INFO) {
			drop_answers(answers, count);
			return PAM_CONV_ERR;
		}
	}
	*ret_answers = answers;
	return PAM_SUCCESS;
}

/* The name may have become another one in PAM. */
bool signin_check_pam(const char *user, const char *password)
{
	struct pam_conv conversation = {.conv = converse, .appdata_ptr = (void *)password};
	pam_handle_t *handle = NULL;
	const void *name = NULL;
	int status = pam_start(SERVICE, user, &conversation, &handle);
	bool same;

	if (status != PAM_SUCCESS) {
		log_error("PAM can not be used: %s", pam_strerror(NULL, status));
		return false;
	}
	status = pam_authenticate(handle, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
	if (status == PAM_SUCCESS)
		status = pam_acct_mgmt(handle, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
	if (status != PAM_SUCCESS)
		log_debug("PAM: %s", pam_strerror(handle, status));
	same = pam_get_item(handle, PAM_USER, &name) == PAM_SUCCESS && name &&
	       strcmp(name, user) == 0;
	pam_end(handle, status);
	return status == PAM_SUCCESS && same;
}
