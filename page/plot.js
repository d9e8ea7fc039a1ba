// SPDX-License-Identifier: LGPL-2.1-or-later
// plot.js – CPU and memory of the last hour
import * as format from "./format.js";
import {html, useEffect, useState} from "./html.js";

const HOUR = 3600;
const GAP = 150; // seconds without a sample: it was off
const AGAIN_MS = 10000;
const WIDTH = 360; // of the drawing; it is stretched
const HEIGHT = 100;

// The samples, read again and again while they are looked at.
function useSamples(read, key) {
	const [samples, setSamples] = useState(null);
	useEffect(() => {
		let ended = false;
		const look = async () => {
			if (document.hidden)
				return;
			try {
				const found = await read();
				if (!ended)
					setSamples(found);
			} catch {
				// who is away is said above; the next look may be answered
			}
		};
		look();
		const timer = setInterval(look, AGAIN_MS);
		return () => { ended = true; clearInterval(timer); };
	}, [key]);
	return samples;
}

// Pieces of what ran without a gap: [[x, y], …] each.
export function piecesOf(times, values, most, end) {
	const pieces = [];
	times.forEach((time, i) => {
		if (!i || time - times[i - 1] > GAP)
			pieces.push([]);
		pieces.at(-1).push([WIDTH * Math.max(0, 1 - (end - time) / HOUR), HEIGHT * (1 - Math.min(1, values[i] / most))]);
	});
	return pieces;
}

const lineOf = (piece) => "M" + piece.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
const areaOf = (piece) => `${lineOf(piece)}L${piece.at(-1)[0].toFixed(1)} ${HEIGHT}L${piece[0][0].toFixed(1)} ${HEIGHT}Z`;
const clock = (time) => new Date(time * 1000).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit"});

// What is seen, in words.
function summary(label, values, show) {
	const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
	return `${label} in the last hour: ${show(values.at(-1))} at its end, between ${show(Math.min(...values))} and ${show(Math.max(...values))}, ${show(mean)} on average`;
}

function Plot({label, times, values, most, show, mark}) {
	const [pointed, setPointed] = useState(null);
	const end = Date.now() / 1000;
	const pieces = piecesOf(times, values, most, end);
	const point = (event) => {
		const box = event.currentTarget.getBoundingClientRect();
		const time = end - HOUR * (1 - (event.clientX - box.left) / box.width);
		setPointed(times.reduce((best, other, i) => Math.abs(other - time) < Math.abs(times[best] - time) ? i : best, 0));
	};
	const shown = pointed !== null && pointed < times.length ? pointed : null;
	const x = shown !== null && WIDTH * Math.max(0, 1 - (end - times[shown]) / HOUR);
	return html`<figure class="plot">
		<figcaption>${label} <span class="number">${shown !== null ? `${clock(times[shown])}: ${show(values[shown])}` : show(values.at(-1))}</span></figcaption>
		<div class="plot-box">
			<svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${summary(label, values, show)}
				onPointerMove=${point} onPointerDown=${point} onPointerLeave=${() => setPointed(null)}>
				${[1, 2, 3].map((i) => html`<path key=${i} class="grid" d=${`M0 ${i * HEIGHT / 4}H${WIDTH}M${i * WIDTH / 4} 0V${HEIGHT}`} />`)}
				${pieces.map((piece, i) => html`<g key=${i}><path class="area" d=${areaOf(piece)} /><path class="line" d=${piece.length > 1 ? lineOf(piece) : lineOf(piece) + "h1"} /></g>`)}
				${mark > 0 && mark <= most && html`<path class="mark" d=${`M0 ${(HEIGHT * (1 - mark / most)).toFixed(1)}H${WIDTH}`} />`}
				${shown !== null && html`<path class="pointed" d=${`M${x.toFixed(1)} 0V${HEIGHT}`} />`}
			</svg>
			<div class="up" aria-hidden="true"><span>${show(most)}</span><span>${show(most / 2)}</span><span>0</span></div>
		</div>
		<div class="along" aria-hidden="true"><span>${clock(end - HOUR)}</span><span>${clock(end - HOUR / 2)}</span><span>${clock(end)}</span></div>
	</figure>`;
}

// read gives what get_data_source_archives says, of whom key names; target may be 0.
export function LastHour({read, id, most, target}) {
	const samples = useSamples(read, id);
	if (!samples)
		return null;
	return html`<section aria-labelledby="last-hour"><h2 id="last-hour">The last hour</h2>
		${!samples.time.length ? html`<p class="note">It did not run in the last hour, or has only just begun.</p>` : html`<div class="plots">
			<${Plot} label="CPU" times=${samples.time} values=${samples.cpu} most=${1} show=${format.percent} />
			<${Plot} label="Memory" times=${samples.time} values=${samples.memory} most=${Math.max(most, ...samples.memory)} show=${format.memory} mark=${target} />
		</div>${target > 0 && html`<p class="note key">The dashed line is the target.</p>`}`}
	</section>`;
}
