// SPDX-License-Identifier: LGPL-2.1-or-later
// vm.js – one VM
import * as format from "./format.js";
import {html, useEffect, useState} from "./html.js";
import {State} from "./list.js";
import {Memory, valuesOf} from "./memory.js";
import {History, Pending} from "./past.js";
import {LastHour} from "./plot.js";

// In the order of the buttons: operation, and what its message takes beside the VM.
const POWER = {
	start: [false, false], resume: [false, false], unpause: [], pause: [], suspend: [], clean_shutdown: [], clean_reboot: [],
	hard_reboot: [], hard_shutdown: [],
};
const HARSH = {
	hard_shutdown: "This takes the power from the guest, which may lose what it has not written.",
	hard_reboot: "This resets the guest, which may lose what it has not written.",
};

function Power({session, vm, record, act}) {
	const [asked, setAsked] = useState(null);
	const run = (name) => {
		setAsked(null);
		act(() => session.call(`VM.${name}`, vm.ref, ...POWER[name]), `${format.operation(name)}: done.`);
	};
	const names = Object.keys(POWER).filter((name) => record.allowed_operations.includes(name));
	return html`<div class="actions" role="group" aria-label="Power">
		${names.map((name) => html`<button key=${name} class=${HARSH[name] ? "harsh" : ""}
			onClick=${() => HARSH[name] ? setAsked(name) : run(name)}>${format.operation(name)}</button>`)}
		${!names.length && html`<span class="note">${Object.keys(record.current_operations).length ? "Busy …" : "Nothing can be done with it now."}</span>`}
		${asked && html`<div class="plan" role="alertdialog" aria-label="Sure?"><p>${HARSH[asked]}</p>
			<button class="primary harsh" onClick=${() => run(asked)}>${format.operation(asked)} now</button>
			<button onClick=${() => setAsked(null)}>Leave it</button></div>`}
	</div>`;
}

function Vcpus({record, metrics, update}) {
	const [draft, setDraft] = useState(null);
	const shown = draft ?? {count: Number(record.VCPUs_at_startup), most: Number(record.VCPUs_max)};
	const set = (change) => setDraft({...shown, ...change});
	const apply = async (event) => {
		event.preventDefault();
		const changed = {};
		if (shown.count !== Number(record.VCPUs_at_startup))
			changed.VCPUs_at_startup = shown.count;
		if (shown.most !== Number(record.VCPUs_max))
			changed.VCPUs_max = shown.most;
		if (Object.keys(changed).length && await update(changed))
			setDraft(null);
	};
	const busy = Object.values(metrics?.VCPUs_utilisation ?? {});
	return html`<section aria-labelledby="vcpus"><h2 id="vcpus">vCPUs</h2>
		<form class="typed" onSubmit=${apply}>
			<label><span>vCPUs</span><input type="number" min="1" value=${shown.count} onInput=${(event) => set({count: Number(event.target.value)})} /></label>
			<label><span>at most</span><input type="number" min="1" value=${shown.most} onInput=${(event) => set({most: Number(event.target.value)})} /></label>
			<button class="primary" disabled=${!draft}>Apply vCPUs</button>
			<button type="button" disabled=${!draft} onClick=${() => setDraft(null)}>Discard</button>
		</form>
		${record.power_state === "Running" && busy.length > 0 && html`<div class="loads" role="img"
			aria-label=${"busy: " + busy.map(format.percent).join(", ")}>${busy.map((share, i) => html`<span class="load" key=${i} title=${`vCPU ${i}: ${format.percent(share)}`}><i style=${{height: format.percent(share).replace(" ", "")}}></i></span>`)}</div>`}
	</section>`;
}

export function Vm({model, uuid, act}) {
	const {session} = model;
	const row = [...model.vms.values()].find((vm) => vm.uuid === uuid);
	const ref = row?.ref ?? model.open?.ref;
	useEffect(() => {
		if (row)
			act(() => model.openVm(row.ref));
		return () => model.closeVm();
	}, [row?.ref]);
	useEffect(() => { document.title = `${row?.name_label ?? "VM"} – xenapid`; }, [row?.name_label]);
	if (!row)
		return html`<p class="nothing">${model.state === "live" ? "There is no such VM (any more)." : "Loading …"}</p>`;
	const record = model.open?.vm;
	if (!record || model.open.ref !== ref)
		return html`<p class="nothing">Loading …</p>`;
	const {metrics} = model.open;
	const vm = {ref, record};
	const update = (fields) => act(async () => {
		const result = await session.call("VM.update", ref, fields, {when: "auto"});
		await model.readOpen(ref);
		model.changed();
		const later = Object.keys(result.next_boot ?? {}).length || result.next_boot?.length;
		return later ? "Changed; some of it waits for the next start." : "Changed.";
	});
	const running = record.power_state === "Running" || record.power_state === "Paused";
	return html`<article class="vm" aria-labelledby="name">
		<div class="title"><h1 id="name" tabindex="-1">${record.name_label || uuid}</h1><${State} vm=${record} /></div>
		${record.name_description && html`<p class="note">${record.name_description}</p>`}
		<${Power} session=${session} vm=${vm} record=${record} act=${act} />
		<${Pending} session=${session} vm=${vm} act=${act} />
		<${Memory} key=${ref} vm=${record} actual=${running ? Number(metrics?.memory_actual ?? 0) : 0} update=${update} />
		<${LastHour} key=${ref + "h"} id=${ref} read=${() => session.call("VM.get_data_source_archives", ref)} most=${Number(record.memory_static_max)}
			target=${running ? valuesOf(record).memory_target : 0} />
		<${Vcpus} key=${ref + "v"} record=${record} metrics=${metrics} update=${update} />
		<${History} session=${session} vm=${vm} act=${act} />
	</article>`;
}
