/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* certificate.h – a certificate of the server's own, where none is given. */
#ifndef SERVER_HTTP_CERTIFICATE_H
#define SERVER_HTTP_CERTIFICATE_H

/*
 * Makes an RSA key and a certificate for this host that the key itself has signed, in one PEM file
 * that only its owner can read, if there is none yet. Nobody ever sees half of it. −1 with
 * *ret_problem, to be freed.
 */
int certificate_make(const char *path, char **ret_problem);

/* The certificates of a PEM file and nothing else of it, to be freed; NULL: there is none. */
char *certificate_read(const char *path);

#endif
