/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* address.c – the URI of a listener. */
#include "server/http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const char *parse_port(const char *text, uint16_t *ret_port)
{
	unsigned port = 0;

	if (!*text || strlen(text) > 5)
		return "the port is missing or no number up to 65535";
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return "the port is missing or no number up to 65535";
		port = 10 * port + (unsigned)(*text - '0');
	}
	if (port > UINT16_MAX)
		return "the port is missing or no number up to 65535";
	*ret_port = (uint16_t)port;
	return NULL;
}

static const char *parse_host(const char *text, struct address *address)
{
	bool bracket = *text == '[';
	const char *host = bracket ? text + 1 : text;
	const char *end = strchr(host, bracket ? ']' : ':');
	const char *port = end && bracket ? end + 1 : end;
	struct in6_addr ignored;

	if (!port || *port != ':')
		return strchr(host, ']') || !end ? "the port is missing" :
						   "IPv6 addresses need brackets";
	if (end == host || (size_t)(end - host) >= sizeof(address->host))
		return "the host is missing or too long";
	memcpy(address->host, host, (size_t)(end - host));
	if (bracket && inet_pton(AF_INET6, address->host, &ignored) != 1)
		return "no IPv6 address between the brackets";
	if (!bracket && strchr(port + 1, ':'))
		return "IPv6 addresses need brackets";
	return parse_port(port + 1, &address->port);
}

const char *address_parse(const char *uri, struct address *ret_address)
{
	static const struct {
		const char *text;
		enum address_kind kind;
	} schemes[] = {
		{"unix:", ADDRESS_UNIX}, {"http://", ADDRESS_HTTP}, {"https://", ADDRESS_HTTPS}};
	struct address address = {0};
	const char *problem = NULL;
	const char *rest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(schemes) && !rest; i++) {
		if (strncmp(uri, schemes[i].text, strlen(schemes[i].text)) == 0) {
			address.kind = schemes[i].kind;
			rest = uri + strlen(schemes[i].text);
		}
	}
	if (!rest)
		return "no listener starts like this";
	if (address.kind != ADDRESS_UNIX)
		problem = parse_host(rest, &address);
	else if (*rest != '/')
		problem = "the path of a socket starts with /";
	else if (strlen(rest) >= sizeof(address.path))
		problem = "the path of a socket has at most 107 bytes";
	else
		strcpy(address.path, rest);
	if (!problem)
		*ret_address = address;
	return problem;
}

char *address_text(const struct address *address, uint16_t port)
{
	bool bracket = strchr(address->host, ':') != NULL;

	if (address->kind == ADDRESS_UNIX)
		return text_format("unix:%s", address->path);
	return text_format("%s://%s%s%s:%u", address->kind == ADDRESS_HTTPS ? "https" : "http",
			   bracket ? "[" : "", address->host, bracket ? "]" : "", port);
}

bool address_is_local(const struct address *address)
{
	struct in6_addr ipv6;
	struct in_addr ipv4;

	if (address->kind == ADDRESS_UNIX || strcmp(address->host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, address->host, &ipv4) == 1)
		return ntohl(ipv4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, address->host, &ipv6) == 1 && IN6_IS_ADDR_LOOPBACK(&ipv6);
}
