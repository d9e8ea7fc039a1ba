/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image.h – VDIs and SRs that arguments name. */
#ifndef RPC_XM_IMAGE_H
#define RPC_XM_IMAGE_H

#include "rpc/xm/object.h"

/* By name, uuid, location in its SR, or the path of the image, with file: or phy: before it. */
enum status image_find(struct xm *xm, const char *argument, struct object *ret_vdi);
/* The same for a drive: a disk that is there already becomes a VDI, if the server takes such; there
 * is no record of it then. */
enum status image_use(struct xm *xm, const char *argument, struct object *ret_vdi);
/* By name or uuid; the pool's default one if `argument` is NULL. */
enum status image_find_sr(struct xm *xm, const char *argument, struct object *ret_sr);

#endif
