# SPDX-License-Identifier: LGPL-2.1-or-later
# page/local.mk – the web page, installed as it is; a new file is one line here and one in server/http/page_files.def

pagedir = $(pkgdatadir)/page
dist_page_DATA =
dist_page_DATA += %D%/index.html
dist_page_DATA += %D%/style.css
