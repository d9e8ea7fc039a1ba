// SPDX-License-Identifier: LGPL-2.1-or-later
// list.js – all VMs: a table of which only the rows in sight exist
import {memory} from "./format.js";
import {html, useEffect, useMemo, useRef, useState} from "./html.js";

const ROW = 44; // pixels, as style.css has it
const MORE = 8; // rows beyond those in sight
const collator = new Intl.Collator(undefined, {numeric: true});

// target: 0 means the least that the balloon may give
export const memoryOf = (vm) => Number(vm.memory_target) || Number(vm.memory_dynamic_min);
const ORDER = {Running: 0, Paused: 1, Suspended: 2, Halted: 3};
const COLUMNS = [
	["name_label", "Name", (a, b) => collator.compare(a.name_label, b.name_label)],
	["power_state", "State", (a, b) => ORDER[a.power_state] - ORDER[b.power_state]],
	["memory", "Memory", (a, b) => memoryOf(a) - memoryOf(b)],
	["vcpus", "vCPUs", (a, b) => a.VCPUs_at_startup - b.VCPUs_at_startup],
];

export function State({vm}) {
	const busy = Object.keys(vm.current_operations ?? {}).length > 0;
	return html`<span class=${"state " + vm.power_state}>${vm.power_state}${busy && html`<span class="busy"> …</span>`}</span>`;
}

function Row({vm, index, active}) {
	return html`<a role="row" class="row" href=${"#/vm/" + vm.uuid} aria-rowindex=${index + 2} data-index=${index}
		tabindex=${active ? 0 : -1} style=${{transform: `translateY(${index * ROW}px)`}}>
		<span role="cell" class="name">${vm.name_label || vm.uuid}</span>
		<span role="cell"><${State} vm=${vm} /></span>
		<span role="cell" class="number">${memory(memoryOf(vm))}</span>
		<span role="cell" class="number">${String(vm.VCPUs_at_startup)}</span>
	</a>`;
}

function useSelection(model, words, state, [column, up]) {
	return useMemo(() => {
		const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
		const compare = COLUMNS.find(([name]) => name === column)[2];
		const found = [];
		for (const vm of model.vms.values())
			if ((!state || vm.power_state === state) && parts.every((part) => vm.key.includes(part)))
				found.push(vm);
		return found.sort((a, b) => (up ? 1 : -1) * compare(a, b));
	}, [model.version, words, state, column, up]);
}

function Head({sort, setSort}) {
	const head = ([name, title]) => {
		const [column, up] = sort;
		const mine = column === name;
		return html`<span role="columnheader" aria-sort=${mine ? (up ? "ascending" : "descending") : "none"}>
			<button class="plain" onClick=${() => setSort([name, mine ? !up : true])}>${title}${mine ? (up ? " ▲" : " ▼") : ""}</button></span>`;
	};
	return html`<div role="row" class="row head" aria-rowindex="1">${COLUMNS.map(head)}</div>`;
}

const STEPS = {ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity};

export function List({model, view, setView}) {
	const {words, state, sort} = view;
	const set = (change) => setView({...view, ...change});
	const vms = useSelection(model, words, state, sort);
	const box = useRef(null);
	const [top, setTop] = useState(0);
	const [height, setHeight] = useState(600);
	const [active, setActive] = useState(0);
	const first = Math.max(0, Math.floor(top / ROW) - MORE);
	const last = Math.min(vms.length, Math.ceil((top + height) / ROW) + MORE);

	useEffect(() => {
		const observer = new ResizeObserver(([entry]) => setHeight(entry.contentRect.height));
		observer.observe(box.current);
		return () => observer.disconnect();
	}, []);

	const onKeyDown = (event) => {
		const step = STEPS[event.key];
		if (!step || !event.target.dataset.index)
			return;
		event.preventDefault();
		const next = Math.max(0, Math.min(vms.length - 1, Number(event.target.dataset.index) + step));
		const list = box.current;
		if (next * ROW < list.scrollTop)
			list.scrollTop = next * ROW;
		else if ((next + 1) * ROW > list.scrollTop + list.clientHeight)
			list.scrollTop = (next + 1) * ROW - list.clientHeight;
		setTop(list.scrollTop);
		setActive(next);
		requestAnimationFrame(() => setTimeout(() => list.querySelector(`[data-index="${next}"]`)?.focus()));
	};

	return html`<section class="list" aria-label="Virtual machines">
		<div class="tools">
			<label>Filter <input type="search" value=${words} onInput=${(event) => { box.current.scrollTop = 0; set({words: event.target.value}); }} /></label>
			<label>State <select value=${state} onChange=${(event) => set({state: event.target.value})}>
				<option value="">all</option>${Object.keys(ORDER).map((name) => html`<option value=${name}>${name}</option>`)}
			</select></label>
			<output>${vms.length} of ${model.vms.size}${model.state === "reading" ? " so far" : ""}</output>
		</div>
		<div role="table" aria-label="Virtual machines" aria-rowcount=${vms.length + 1}>
			<div role="rowgroup"><${Head} sort=${sort} setSort=${(value) => set({sort: value})} /></div>
			<div role="rowgroup" class="rows" ref=${box} onScroll=${() => setTop(box.current.scrollTop)} onKeyDown=${onKeyDown}>
				<div role="presentation" style=${{height: `${vms.length * ROW}px`}}>
					${vms.slice(first, last).map((vm, i) => html`<${Row} key=${vm.ref} vm=${vm} index=${first + i}
						active=${first + i === Math.min(Math.max(active, first), last - 1)} />`)}
				</div>
			</div>
			${vms.length === 0 && html`<p class="nothing">${model.vms.size ? "None is like that." : model.state === "live" ? "There are no VMs yet." : "Loading …"}</p>`}
		</div>
	</section>`;
}
