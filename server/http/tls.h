/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tls.h – the certificate that https shows, and which of clients' it takes; both can be changed
 * while the server runs. */
#ifndef SERVER_HTTP_TLS_H
#define SERVER_HTTP_TLS_H

#include <gnutls/abstract.h>
#include <stdbool.h>

struct tls_files {
	const char *certificate; /* with its chain; PEM, as all of them */
	const char *key;
	const char *client_ca; /* "": clients are asked for none */
	bool needs_client;     /* one that shows none is refused */
};

/*
 * From now on handshakes take what the files hold; those that are over are not touched. Files that
 * are not right change nothing: −1 with *ret_problem, to be freed. There is one such state in the
 * process, since libmicrohttpd passes its callback no context.
 */
int tls_load(const struct tls_files *files, char **ret_problem);
/* Of a client whose certificate is trusted now: its name as RFC 4514 has it, and "sha256:HEX"; to
 * be freed. False: it shows none. */
bool tls_identify(gnutls_session_t session, char **ret_name, char **ret_fingerprint);
/* When no handshake can come any more. */
void tls_forget(void);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
		 const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
		 gnutls_pcert_st **ret_chain, unsigned *ret_length, gnutls_privkey_t *ret_key);

#endif
