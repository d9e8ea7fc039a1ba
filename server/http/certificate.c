/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* certificate.c – a certificate of the server's own, where none is given. */
#include "server/http/certificate.h"

#include "schema/buffer.h"
#include "schema/log.h"
#include "server/host/path_below.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define KEY_BITS 3072
#define VALID_SECONDS ((time_t)10 * 365 * 86400)
/* for clocks that are behind */
#define EARLIER_SECONDS 86400
#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"
/* of a common name, by X.520 */
#define NAME_MAX_LENGTH 64

static int set_names(gnutls_x509_crt_t certificate)
{
	char host[HOST_NAME_MAX + 1] = "";
	unsigned char address[16];
	int status;

	if (gethostname(host, sizeof(host) - 1) < 0 || !*host)
		strcpy(host, "localhost");
	status = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, host,
					       (unsigned)strnlen(host, NAME_MAX_LENGTH));
	if (status == 0)
		status = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, host,
							      (unsigned)strlen(host),
							      GNUTLS_FSAN_SET);
	if (status == 0)
		status = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME,
							      "localhost", strlen("localhost"),
							      GNUTLS_FSAN_APPEND);
	inet_pton(AF_INET, "127.0.0.1", address);
	if (status == 0)
		status = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS,
							      address, 4, GNUTLS_FSAN_APPEND);
	inet_pton(AF_INET6, "::1", address);
	if (status == 0)
		status = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS,
							      address, 16, GNUTLS_FSAN_APPEND);
	return status;
}

static int set_serial(gnutls_x509_crt_t certificate)
{
	unsigned char serial[16];
	int status = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	/* a positive number of this length */
	serial[0] = (serial[0] & 0x3f) | 0x40;
	return status < 0 ? status :
			    gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial));
}

static int sign(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key)
{
	time_t now = time(NULL);
	int status;

	if ((status = gnutls_x509_crt_set_version(certificate, 3)) < 0 ||
	    (status = gnutls_x509_crt_set_key(certificate, key)) < 0 ||
	    (status = set_serial(certificate)) < 0 ||
	    (status = gnutls_x509_crt_set_activation_time(certificate, now - EARLIER_SECONDS)) <
		    0 ||
	    (status = gnutls_x509_crt_set_expiration_time(certificate, now + VALID_SECONDS)) < 0 ||
	    (status = set_names(certificate)) < 0 ||
	    (status = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1)) < 0 ||
	    (status = gnutls_x509_crt_set_key_usage(
		     certificate, GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT)) <
		    0 ||
	    (status = gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER,
							  0)) < 0)
		return status;
	return gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0);
}

static void add_datum(struct buffer *text, gnutls_datum_t *datum)
{
	buffer_add(text, (const char *)datum->data, datum->size);
	explicit_bzero(datum->data, datum->size);
	gnutls_free(datum->data);
}

/* As PEM, the key first. */
static int write_text(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, struct buffer *text)
{
	gnutls_datum_t pem = {0};
	int status = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
						       GNUTLS_PKCS_PLAIN, &pem);

	if (status < 0)
		return status;
	add_datum(text, &pem);
	status = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem);
	if (status < 0)
		return status;
	add_datum(text, &pem);
	return 0;
}

static int make(struct buffer *text)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t certificate = NULL;
	int status = gnutls_x509_privkey_init(&key);

	if (status == 0)
		status = gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, KEY_BITS, 0);
	if (status == 0)
		status = gnutls_x509_crt_init(&certificate);
	if (status == 0)
		status = sign(certificate, key);
	if (status == 0)
		status = write_text(certificate, key, text);
	if (certificate)
		gnutls_x509_crt_deinit(certificate);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return status;
}

static int write_file(const char *path, const struct buffer *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t done = 0;
	int status = fd < 0 ? -1 : 0;

	while (status == 0 && done < text->length) {
		ssize_t written = write(fd, text->data + done, text->length - done);

		if (written < 0)
			status = -1;
		else
			done += (size_t)written;
	}
	if (status == 0)
		status = fsync(fd);
	if (fd >= 0)
		close(fd);
	return status;
}

/* What a crash left there is of no use. */
static int save(const char *path, const struct buffer *text)
{
	AUTO_TEXT draft = text_format("%s.new", path);
	AUTO_TEXT copy = text_copy(path);

	if (unlink(draft) < 0 && errno != ENOENT)
		return -1;
	if (write_file(draft, text) < 0 || rename(draft, path) < 0)
		return -1;
	return path_sync_folder(dirname(copy)) ? 0 : -1;
}

int certificate_make(const char *path, char **ret_problem)
{
	AUTO_BUFFER text = {0};
	int status;

	if (access(path, F_OK) == 0)
		return 0;
	status = make(&text);
	if (status < 0) {
		*ret_problem =
			text_format("can not make a certificate: %s", gnutls_strerror(status));
		return -1;
	}
	status = save(path, &text);
	explicit_bzero(text.data, text.length);
	if (status < 0) {
		*ret_problem = text_format("can not write %s: %s", path, strerror(errno));
		return -1;
	}
	log_info("made %s, a certificate for https that clients have to be told to trust", path);
	return 0;
}

char *certificate_read(const char *path)
{
	FILE *file = fopen(path, "re");
	AUTO_BUFFER text = {0};
	char *line = NULL;
	size_t capacity = 0;
	bool inside = false;

	while (file && getline(&line, &capacity, file) >= 0) {
		inside |= strncmp(line, BEGIN, strlen(BEGIN)) == 0;
		if (inside)
			buffer_add_text(&text, line);
		if (strncmp(line, END, strlen(END)) == 0)
			inside = false;
	}
	if (line)
		explicit_bzero(line, capacity); /* the key may be in the same file */
	free(line);
	if (file)
		fclose(file);
	return text.length ? buffer_take(&text) : NULL;
}
