# SPDX-License-Identifier: LGPL-2.1-or-later
# page/local.mk – the web page, installed as it is; a new file is one line here and one in server/http/page_files.def

pagedir = $(pkgdatadir)/page
dist_page_DATA =
dist_page_DATA += %D%/app.js
dist_page_DATA += %D%/create.js
dist_page_DATA += %D%/format.js
dist_page_DATA += %D%/host.js
dist_page_DATA += %D%/htm.js
dist_page_DATA += %D%/html.js
dist_page_DATA += %D%/index.html
dist_page_DATA += %D%/libraries.txt
dist_page_DATA += %D%/list.js
dist_page_DATA += %D%/memory.js
dist_page_DATA += %D%/model.js
dist_page_DATA += %D%/past.js
dist_page_DATA += %D%/plot.js
dist_page_DATA += %D%/preact-hooks.js
dist_page_DATA += %D%/preact.js
dist_page_DATA += %D%/rpc.js
dist_page_DATA += %D%/style.css
dist_page_DATA += %D%/vm.js
