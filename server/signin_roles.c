/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin_roles.c – rows of the configuration that give somebody a role. */
#include "server/signin_roles.h"

#include "schema/base.h"

/* The role is the last word; who it is for may have spaces. */
static enum role split(const char *text, char **ret_who)
{
	const char *space = strrchr(text, ' ');
	size_t length = space ? (size_t)(space - text) : 0;

	while (length && text[length - 1] == ' ')
		length--;
	*ret_who = text_format("%.*s", (int)length, text);
	return space ? role_named(space + 1) : ROLE_nobody;
}

const char *signin_role_problem(const char *text)
{
	AUTO_TEXT who = NULL;
	enum role role = split(text, &who);

	if (!*who || strcmp(who, "@") == 0)
		return "nobody is named";
	return role == ROLE_nobody ? "its last word is no role" : NULL;
}

enum role signin_role_of(char *const *rows, signin_match_fn matches, const void *argument)
{
	enum role highest = ROLE_nobody;

	for (; rows && *rows; rows++) {
		AUTO_TEXT who = NULL;
		enum role role = split(*rows, &who);

		if (role > highest && matches(argument, who))
			highest = role;
	}
	return highest;
}
