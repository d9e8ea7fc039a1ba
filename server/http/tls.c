/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tls.c – the certificate that https shows, and which of clients' it takes. */
#include "server/http/tls.h"

#include "schema/buffer.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <pthread.h>

#define CHAIN_MAX 16

/* Earlier ones are kept to the end: a handshake may be using them. */
struct identity {
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned length;
	gnutls_privkey_t key;
	gnutls_x509_trust_list_t clients; /* NULL: none is asked for */
	bool needs_client;
	struct identity *earlier;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct identity *newest;

static struct identity *identity_now(void)
{
	struct identity *identity;

	pthread_mutex_lock(&lock);
	identity = newest;
	pthread_mutex_unlock(&lock);
	return identity;
}

static void identity_free(struct identity *identity)
{
	for (unsigned i = 0; i < identity->length; i++)
		gnutls_pcert_deinit(&identity->chain[i]);
	if (identity->key)
		gnutls_privkey_deinit(identity->key);
	if (identity->clients)
		gnutls_x509_trust_list_deinit(identity->clients, 1);
	free(identity);
}

static int say(char **ret_problem, const char *path, int status)
{
	*ret_problem = text_format("can not use %s for TLS: %s", path,
				   status == GNUTLS_E_FILE_ERROR ? strerror(errno) :
								   gnutls_strerror(status));
	return -1;
}

static void forget_datum(gnutls_datum_t *datum)
{
	if (datum->data)
		explicit_bzero(datum->data, datum->size);
	gnutls_free(datum->data);
	datum->data = NULL;
}

static int load_chain(struct identity *identity, const char *path, char **ret_problem)
{
	gnutls_datum_t text = {0};
	unsigned length = CHAIN_MAX;
	int status = gnutls_load_file(path, &text);

	if (status == 0)
		status = gnutls_pcert_list_import_x509_raw(identity->chain, &length, &text,
							   GNUTLS_X509_FMT_PEM, 0);
	forget_datum(&text);
	if (status < 0)
		return say(ret_problem, path, status);
	identity->length = length;
	return 0;
}

static int load_key(struct identity *identity, const char *path, char **ret_problem)
{
	gnutls_datum_t text = {0};
	int status = gnutls_load_file(path, &text);

	if (status == 0)
		status = gnutls_privkey_init(&identity->key);
	if (status == 0)
		status = gnutls_privkey_import_x509_raw(identity->key, &text, GNUTLS_X509_FMT_PEM,
							NULL, 0);
	forget_datum(&text);
	return status < 0 ? say(ret_problem, path, status) : 0;
}

static bool belong_together(const struct identity *identity)
{
	unsigned char shown[64], own[64];
	size_t shown_size = sizeof(shown), own_size = sizeof(own);
	gnutls_pubkey_t public;
	bool same;

	if (gnutls_pubkey_init(&public) < 0)
		return false;
	same = gnutls_pubkey_import_privkey(public, identity->key, 0, 0) == 0 &&
	       gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, own, &own_size) == 0 &&
	       gnutls_pubkey_get_key_id(identity->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, shown,
					&shown_size) == 0 &&
	       own_size == shown_size && memcmp(own, shown, own_size) == 0;
	gnutls_pubkey_deinit(public);
	return same;
}

static int load_clients(struct identity *identity, const char *path, char **ret_problem)
{
	gnutls_datum_t text = {0};
	int status = gnutls_load_file(path, &text);

	if (status == 0)
		status = gnutls_x509_trust_list_init(&identity->clients, 0);
	if (status == 0)
		status = gnutls_x509_trust_list_add_trust_mem(identity->clients, &text, NULL,
							      GNUTLS_X509_FMT_PEM, 0, 0);
	forget_datum(&text);
	/* else it is how many there are */
	if (status == 0)
		status = GNUTLS_E_NO_CERTIFICATE_FOUND;
	return status < 0 ? say(ret_problem, path, status) : 0;
}

static int load(struct identity *identity, const struct tls_files *files, char **ret_problem)
{
	if (load_chain(identity, files->certificate, ret_problem) < 0 ||
	    load_key(identity, files->key, ret_problem) < 0)
		return -1;
	if (!belong_together(identity)) {
		*ret_problem = text_format("the key %s is not that of the certificate %s",
					   files->key, files->certificate);
		return -1;
	}
	identity->needs_client = files->needs_client;
	return *files->client_ca ? load_clients(identity, files->client_ca, ret_problem) : 0;
}

int tls_load(const struct tls_files *files, char **ret_problem)
{
	struct identity *identity = allocate(sizeof(*identity));

	if (load(identity, files, ret_problem) < 0) {
		identity_free(identity);
		return -1;
	}
	pthread_mutex_lock(&lock);
	identity->earlier = newest;
	newest = identity;
	pthread_mutex_unlock(&lock);
	return 0;
}

void tls_forget(void)
{
	while (newest) {
		struct identity *identity = newest;

		newest = identity->earlier;
		identity_free(identity);
	}
}

/* For clients, signed by whom we trust, and of these days. */
static bool is_trusted(const struct identity *identity, gnutls_x509_crt_t *chain, unsigned length)
{
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
					 .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
	unsigned wrong = 1;

	return gnutls_x509_trust_list_verify_crt2(identity->clients, chain, length, &purpose, 1, 0,
						  &wrong, NULL) == 0 &&
	       wrong == 0;
}

static bool are_trusted(const struct identity *identity, const gnutls_datum_t *peers,
			unsigned shown)
{
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned length = 0;
	bool trusted = true;

	for (; trusted && length < shown; length += trusted) {
		trusted = length < CHAIN_MAX && gnutls_x509_crt_init(&chain[length]) == 0;
		if (trusted && gnutls_x509_crt_import(chain[length], &peers[length],
						      GNUTLS_X509_FMT_DER) < 0) {
			gnutls_x509_crt_deinit(chain[length]);
			trusted = false;
		}
	}
	trusted = trusted && is_trusted(identity, chain, length);
	while (length)
		gnutls_x509_crt_deinit(chain[--length]);
	return trusted;
}

/* 0: the handshake goes on. Whether there must be one, GnuTLS looks after. */
static int judge_client(gnutls_session_t session)
{
	const struct identity *identity = identity_now();
	unsigned shown = 0;
	const gnutls_datum_t *peers = gnutls_certificate_get_peers(session, &shown);

	return !identity->clients || !peers || !shown || are_trusted(identity, peers, shown) ? 0 :
											       -1;
}

static char *name_of(const gnutls_datum_t *der)
{
	gnutls_x509_crt_t certificate;
	gnutls_datum_t name = {0};
	char *copy = NULL;

	if (gnutls_x509_crt_init(&certificate) < 0)
		return NULL;
	if (gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) == 0 &&
	    gnutls_x509_crt_get_dn3(certificate, &name, 0) == 0)
		copy = text_format("%.*s", (int)name.size, name.data);
	gnutls_free(name.data);
	gnutls_x509_crt_deinit(certificate);
	return copy;
}

static char *fingerprint_of(const gnutls_datum_t *der)
{
	AUTO_BUFFER text = {0};
	unsigned char hash[32];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, hash) < 0)
		return NULL;
	buffer_add_literal(&text, "sha256:");
	for (size_t i = 0; i < sizeof(hash); i++)
		buffer_add_format(&text, "%02x", hash[i]);
	return buffer_take(&text);
}

bool tls_identify(gnutls_session_t session, char **ret_name, char **ret_fingerprint)
{
	const struct identity *identity = identity_now();
	unsigned shown = 0;
	const gnutls_datum_t *peers = gnutls_certificate_get_peers(session, &shown);
	AUTO_TEXT name = NULL;
	AUTO_TEXT fingerprint = NULL;

	/* authorities may have changed since the handshake */
	if (!identity || !identity->clients || !peers || !shown ||
	    !are_trusted(identity, peers, shown))
		return false;
	name = name_of(&peers[0]);
	fingerprint = fingerprint_of(&peers[0]);
	if (!name || !fingerprint)
		return false;
	*ret_name = TAKE(name);
	*ret_fingerprint = TAKE(fingerprint);
	return true;
}

int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
		 const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
		 gnutls_pcert_st **ret_chain, unsigned *ret_length, gnutls_privkey_t *ret_key)
{
	struct identity *identity = identity_now();

	(void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
	if (identity->clients) {
		gnutls_session_set_verify_function(session, judge_client);
		gnutls_certificate_server_set_request(session, identity->needs_client ?
								       GNUTLS_CERT_REQUIRE :
								       GNUTLS_CERT_REQUEST);
	}
	*ret_chain = identity->chain;
	*ret_length = identity->length;
	*ret_key = identity->key;
	return 0;
}
