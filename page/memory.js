// SPDX-License-Identifier: LGPL-2.1-or-later
// memory.js – the four memory limits and the target as one bar: dragged, moved by keys, or typed
import * as format from "./format.js";
import {html, useRef, useState} from "./html.js";

const {MIB} = format;
// From the least to the most; a handle stays between its neighbours.
const LIMITS = ["memory_static_min", "memory_dynamic_min", "memory_target", "memory_dynamic_max", "memory_static_max"];

export function valuesOf(vm) {
	const values = Object.fromEntries(LIMITS.map((name) => [name, Number(vm[name])]));
	values.memory_target ||= values.memory_dynamic_min;
	return values;
}

// The bar's end: room to raise the most, in steps that leave it still while it is dragged.
function endOf(values) {
	let end = 256 * MIB;
	while (end < values.memory_static_max * 1.25)
		end *= 2;
	return end;
}

// What a handle may be; the target is moved along by the balloon's limits.
function rangeOf(name, values, end) {
	const at = (other) => values[other];
	switch (name) {
	case "memory_static_min": return [0, at("memory_dynamic_min")];
	case "memory_dynamic_min": return [at("memory_static_min"), at("memory_dynamic_max")];
	case "memory_target": return [at("memory_dynamic_min"), at("memory_dynamic_max")];
	case "memory_dynamic_max": return [at("memory_dynamic_min"), at("memory_static_max")];
	default: return [at("memory_dynamic_max"), end];
	}
}

export function move(values, name, bytes, end) {
	const [least, most] = rangeOf(name, values, end);
	const moved = {...values, [name]: Math.max(least, Math.min(most, bytes))};
	moved.memory_target = Math.max(moved.memory_dynamic_min, Math.min(moved.memory_dynamic_max, moved.memory_target));
	return moved;
}

const KEYS = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 8, PageDown: -8};

function Handle({name, values, end, step, set, apply, bar}) {
	const [least, most] = rangeOf(name, values, end);
	const bytes = values[name];
	const to = (goal) => set((draft) => move(draft, name, goal, end));
	const onKeyDown = (event) => {
		if (event.key === "Enter")
			return apply();
		if (event.key === "Home" || event.key === "End")
			to(event.key === "Home" ? least : most);
		else if (KEYS[event.key])
			set((draft) => move(draft, name, Math.round(draft[name] / step + KEYS[event.key]) * step, end));
		else
			return;
		event.preventDefault();
	};
	const onPointerMove = (event) => {
		if (!event.target.hasPointerCapture(event.pointerId))
			return;
		const box = bar.current.getBoundingClientRect();
		to(Math.round((event.clientX - box.left) / box.width * end / step) * step);
	};
	const onPointerDown = (event) => {
		event.target.setPointerCapture(event.pointerId);
		event.target.focus();
		event.preventDefault();
	};
	return html`<div role="slider" class=${"handle " + name} tabindex="0" aria-label=${format.field(name)} aria-orientation="horizontal"
		aria-valuemin=${least / MIB} aria-valuemax=${most / MIB} aria-valuenow=${bytes / MIB} aria-valuetext=${format.memory(bytes)}
		title=${format.field(name) + ": " + format.memory(bytes)} style=${{left: `${100 * bytes / end}%`}}
		onKeyDown=${onKeyDown} onPointerDown=${onPointerDown} onPointerMove=${onPointerMove}></div>`;
}

function Typed({name, values, set, end}) {
	// half a number is kept while the page is drawn anew
	const [text, setText] = useState(null);
	const onChange = (event) => {
		const bytes = Math.round(Number(event.target.value)) * MIB;
		setText(null);
		set((draft) => move(draft, name, bytes, Math.max(end, bytes)));
	};
	return html`<label class=${name}><span>${format.field(name)}</span>
		<input type="number" inputmode="numeric" min="0" step="1" value=${text ?? Math.round(values[name] / MIB)} onInput=${(event) => setText(event.target.value)} onChange=${onChange} /> MiB</label>`;
}

export function Memory({vm, actual, update}) {
	const stored = valuesOf(vm);
	// what others change is shown, unless one is about to change it oneself
	const [mine, setMine] = useState(null);
	const draft = mine ?? stored;
	const bar = useRef(null);
	const set = (change) => setMine((before) => change(before ?? stored));

	const end = Math.max(endOf(stored), endOf({memory_static_max: draft.memory_static_max / 1.25}));
	const step = Math.max(1, end / MIB / 256) * MIB;
	const changed = Object.fromEntries(LIMITS.filter((name) => draft[name] !== stored[name]).map((name) => [name, draft[name]]));
	const count = Object.keys(changed).length;
	const apply = async () => {
		const applied = mine;
		if (count && await update(changed))
			setMine((now) => now === applied ? null : now);
	};
	const part = (from, to) => ({left: `${100 * draft[from] / end}%`, width: `${100 * (draft[to] - draft[from]) / end}%`});

	return html`<section aria-labelledby="memory"><h2 id="memory">Memory</h2>
		<div class="bar" ref=${bar} role="group" aria-label="Memory limits and target">
			<div class="track"></div>
			<div class="static" style=${part("memory_static_min", "memory_static_max")}></div>
			<div class="dynamic" style=${part("memory_dynamic_min", "memory_dynamic_max")}></div>
			${actual > 0 && html`<div class="actual" style=${{width: `${Math.min(100, 100 * actual / end)}%`}} title=${"in use " + format.memory(actual)}></div>`}
			${LIMITS.map((name) => html`<${Handle} key=${name} name=${name} values=${draft} end=${end} step=${step} set=${set} apply=${apply} bar=${bar} />`)}
		</div>
		<div class="scale" aria-hidden="true"><span>0</span><span>${format.memory(end / 2)}</span><span>${format.memory(end)}</span></div>
		<div class="typed">${LIMITS.map((name) => html`<${Typed} key=${name} name=${name} values=${draft} set=${set} end=${end} />`)}</div>
		<p class="actions">
			<button class="primary" disabled=${!count} onClick=${apply}>Apply memory</button>
			<button disabled=${!count} onClick=${() => setMine(null)}>Discard</button>
			${actual > 0 && html`<span class="note">It has ${format.memory(actual)} now.</span>`}
		</p>
	</section>`;
}
