/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hello.c – an answer that nobody asked for: the version and the adapter as texts, the host as its
 * item */
#include "server/privileged/hello.h"

#include "server/privileged/frame.h"

#include <errno.h>
#include <sys/socket.h>

bool hello_send(int fd, const char *adapter, const struct host_facts *facts)
{
	const struct answer answer = {.number = REQUEST_OPS,
				      .items = (void *)facts,
				      .size = sizeof(*facts),
				      .count = 1,
				      .texts = {(char *)PACKAGE_VERSION, (char *)adapter}};
	AUTO_BUFFER bytes = {0};

	answer_write(&answer, &bytes);
	return frame_send(fd, &bytes);
}

bool hello_receive(int fd, char **ret_adapter, struct host_facts *ret_facts, char **ret_problem)
{
	AUTO_BUFFER bytes = {0};
	struct answer answer = {0};
	bool fine;

	if (!frame_receive(fd, ANSWER_MOST, &bytes)) {
		*ret_problem = text_format("it says nothing: %s",
					   errno ? strerror(errno) : "the connection was closed");
		return false;
	}
	fine = answer_read(bytes.data, bytes.length, sizeof(*ret_facts), &answer) &&
	       answer.count == 1 && answer.number == REQUEST_OPS && answer.texts[0] &&
	       answer.texts[1] && strcmp(answer.texts[0], PACKAGE_VERSION) == 0;
	if (fine) {
		memcpy(ret_facts, answer.items, sizeof(*ret_facts));
		*ret_adapter = TAKE(answer.texts[1]);
	} else {
		*ret_problem =
			text_format("it is version %s, and this is " PACKAGE_VERSION
				    ": both are to be of one installation, and started again",
				    answer.texts[0] ? answer.texts[0] : "unknown");
	}
	answer_clear(&answer);
	return fine;
}

bool hello_address(const char *path, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret_address->sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(ret_address->sun_path, path);
	return true;
}

int64_t hello_peer(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ? -1 : (int64_t)peer.uid;
}
