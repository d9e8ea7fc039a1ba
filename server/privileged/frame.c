/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frame.c – whole messages, whatever pieces they come in */
#include "server/privileged/frame.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

bool frame_send(int fd, const struct buffer *bytes)
{
	uint32_t length = (uint32_t)bytes->length;
	struct iovec parts[] = {{&length, sizeof(length)}, {bytes->data, bytes->length}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	while (message.msg_iovlen) {
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return false;
		while (sent > 0 && message.msg_iovlen) {
			struct iovec *part = message.msg_iov;
			size_t done = (size_t)lesser_of(sent, (int64_t)part->iov_len);

			part->iov_base = (char *)part->iov_base + done;
			part->iov_len -= done;
			sent -= (ssize_t)done;
			if (part->iov_len)
				break;
			message.msg_iov++;
			message.msg_iovlen--;
		}
	}
	return true;
}

static bool receive(int fd, void *bytes, size_t length)
{
	for (size_t got = 0; got < length;) {
		ssize_t n = recv(fd, (char *)bytes + got, length - got, 0);

		if (n > 0)
			got += (size_t)n;
		else if (n == 0)
			errno = 0;
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
	}
	return true;
}

bool frame_receive(int fd, size_t most, struct buffer *ret_bytes)
{
	uint32_t length;

	buffer_clear(ret_bytes);
	if (!receive(fd, &length, sizeof(length)))
		return false;
	if (length > most) {
		errno = EMSGSIZE;
		return false;
	}
	buffer_reserve(ret_bytes, length);
	if (!receive(fd, ret_bytes->data, length))
		return false;
	ret_bytes->length = length;
	ret_bytes->data[length] = '\0';
	return true;
}

/* Room for one descriptor, aligned as the kernel wants it. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

bool frame_send_descriptor(int fd, int descriptor)
{
	union control control = {.bytes = {0}};
	struct iovec part = {"", 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	control.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(descriptor));
	return sendmsg(fd, &message, MSG_NOSIGNAL) == 1;
}

int frame_receive_descriptor(int fd)
{
	union control control = {.bytes = {0}};
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int descriptor = -1;

	if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message) &&
	    control.header.cmsg_type == SCM_RIGHTS)
		memcpy(&descriptor, CMSG_DATA(&control.header), sizeof(descriptor));
	return descriptor;
}
