// SPDX-License-Identifier: LGPL-2.1-or-later
// host.js – the host's memory and CPU, and what is under way
import * as format from "./format.js";
import {html, useEffect} from "./html.js";
import {LastHour} from "./plot.js";

function Meter({label, share, text}) {
	return html`<div class="meter"><span>${label}</span><span class="meter-bar" role="meter" aria-label=${label} aria-valuemin="0" aria-valuemax="100"
		aria-valuenow=${Math.round(100 * share)} aria-valuetext=${text}><i style=${{width: `${Math.min(100, 100 * share)}%`}}></i></span><span class="number">${text}</span></div>`;
}

export function Host({model}) {
	const host = model.host();
	if (!host)
		return null;
	const used = host.total - host.free;
	return html`<section class="host" aria-label="Host">
		<${Meter} label="Memory" share=${host.total ? used / host.total : 0} text=${`${format.memory(used)} of ${format.memory(host.total)}`} />
		<${Meter} label="CPU" share=${host.busy} text=${`${format.percent(host.busy)} of ${host.cpus}`} />
	</section>`;
}

export function HostPage({model}) {
	const host = model.host();
	useEffect(() => { document.title = `${host?.name ?? "Host"} – xenapid`; }, [host?.name]);
	if (!host)
		return html`<p class="nothing">Loading …</p>`;
	return html`<article aria-labelledby="name">
		<div class="title"><h1 id="name">${host.name}</h1></div>
		<p class="note">${host.cpus} CPUs, ${format.memory(host.total)} of memory, of which ${format.memory(host.free)} are free.</p>
		<${LastHour} id=${host.ref} read=${() => model.session.call("host.get_data_source_archives", host.ref)} most=${host.total} target=${0} />
	</article>`;
}

export function Tasks({model, act}) {
	const tasks = [...model.others.get("task")].filter(([, task]) => task.status === "pending" || task.status === "cancelling");
	const cancel = (ref) => act(() => model.session.call("task.cancel", ref), "Asked it to end.");
	if (!tasks.length)
		return null;
	return html`<section class="tasks" aria-label="Under way"><ul>${tasks.slice(0, 8).map(([ref, task]) => html`<li key=${ref}>
		<span class="name">${task.name_label}</span>
		<progress max="1" value=${task.progress} aria-label=${task.name_label}>${format.percent(task.progress)}</progress>
		${task.allowed_operations.includes("cancel") && html`<button onClick=${() => cancel(ref)} aria-label=${"Cancel " + task.name_label}>Cancel</button>`}
	</li>`)}</ul>${tasks.length > 8 && html`<p class="note">and ${tasks.length - 8} more</p>`}</section>`;
}
