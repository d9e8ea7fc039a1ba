// SPDX-License-Identifier: LGPL-2.1-or-later
// past.js – what waits for the next start of a VM, and what was changed of it
import * as format from "./format.js";
import {html, useEffect, useState} from "./html.js";

// Read anew whenever the VM has changed.
function useAnswer(session, vm, method, parameters, fallback) {
	const [answer, setAnswer] = useState(fallback);
	useEffect(() => {
		let current = true;
		session.call(method, vm.ref, ...parameters).then((found) => current && setAnswer(found), () => {});
		return () => { current = false; };
	}, [vm.ref, vm.record]);
	return answer;
}

export function Pending({session, vm, act}) {
	const pending = useAnswer(session, vm, "VM.get_pending", [], {});
	const names = Object.keys(pending);
	if (!names.length)
		return null;
	const drop = (fields) => act(() => session.call("VM.drop_pending", vm.ref, fields), "Dropped.");
	return html`<section aria-labelledby="pending"><h2 id="pending">With the next start</h2>
		<ul class="changes">${names.map((name) => html`<li key=${name}>
			<span><b>${format.field(name)}</b> ${format.value(name, pending[name].running)} → ${format.value(name, pending[name].next)}</span>
			<button onClick=${() => drop([name])} aria-label=${"Drop " + format.field(name)}>Drop</button>
		</li>`)}</ul>
	</section>`;
}

// What the server says itself: shown where it says something, and nothing that could be undone.
const OWN = new Set(["power_state", "requires_reboot"]);
const isOwn = (name, values) => OWN.has(name) || JSON.stringify(values).includes('"OpaqueRef:');
const fieldsOf = (entry) => Object.entries(JSON.parse(entry.fields || "{}"));
const canUndo = (entry) => entry.kind === "changed" && fieldsOf(entry).some(([name, values]) => !isOwn(name, values));

function changesOf(entry) {
	const shown = fieldsOf(entry).filter(([name, values]) => name === "power_state" || !isOwn(name, values));
	if (!shown.length)
		return html`<div class="note">nothing of the record itself</div>`;
	return shown.map(([name, values]) => html`<div key=${name}><b>${format.field(name)}</b> ${Array.isArray(values) && entry.kind === "changed" ?
		`${format.value(name, values[0])} → ${format.value(name, values[1])}` : format.value(name, Array.isArray(values) ? values[0] : values)}</div>`);
}

// What an undo would do, before it is done.
function Plan({plan, onUndo, onLeave}) {
	const names = Object.keys(plan.changed ?? {});
	return html`<div class="plan" role="group" aria-label="What the undo would change">
		${names.map((name) => html`<div key=${name}><b>${format.field(name)}</b> ${format.value(name, plan.changed[name].old)} → ${format.value(name, plan.changed[name].new)}</div>`)}
		${names.length ? html`<button class="primary" onClick=${onUndo}>Undo this</button>` : "There is nothing to undo."}
		<button onClick=${onLeave}>Leave it</button></div>`;
}

export function History({session, vm, act}) {
	const entries = useAnswer(session, vm, "VM.history", [{limit: "20"}], []);
	const [planned, setPlanned] = useState(null);
	const options = {when: "auto"};
	const plan = (revision) => act(async () => setPlanned({revision, plan: await session.call("VM.undo", vm.ref, revision, {...options, dry_run: true})}));
	const undo = (revision) => act(async () => { await session.call("VM.undo", vm.ref, revision, options); setPlanned(null); }, "Undone.");
	return html`<section aria-labelledby="history"><h2 id="history">History</h2>
		<ol class="history">${entries.map((entry) => html`<li key=${entry.revision}>
			<div class="entry"><span><time>${format.time(entry.time)}</time> <span class="who">${entry.user || "xenapid"}</span> <code>${entry.call}</code></span>
				${canUndo(entry) && html`<button onClick=${() => plan(entry.revision)} aria-label=${"Undo revision " + entry.revision}>Undo …</button>`}</div>
			${entry.kind === "created" ? html`<div class="note">made</div>` : changesOf(entry)}
			${planned?.revision === entry.revision && html`<${Plan} plan=${planned.plan} onUndo=${() => undo(entry.revision)} onLeave=${() => setPlanned(null)} />`}
		</li>`)}</ol>
		${!entries.length && html`<p class="note">Nothing yet.</p>`}
	</section>`;
}
