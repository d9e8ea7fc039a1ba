// SPDX-License-Identifier: LGPL-2.1-or-later
// html.js – the libraries, as all parts use them
import htm from "./htm.js";
import {h} from "./preact.js";

export {render} from "./preact.js";
export {useEffect, useLayoutEffect, useMemo, useRef, useState} from "./preact-hooks.js";
export const html = htm.bind(h);
