// SPDX-License-Identifier: LGPL-2.1-or-later
// model.js – what the server has, kept current by event.from; whoever shows something of it listens

const PAGE = 2000; // VMs that are asked for at once
const FIRST = 100; // shown before the others are there
const WAIT_SECONDS = 30;
const FIELDS = ["uuid", "name_label", "name_description", "power_state", "memory_target", "memory_dynamic_min",
	"memory_dynamic_max", "memory_static_max", "VCPUs_max", "VCPUs_at_startup", "current_operations", "metrics",
	"is_a_template", "is_a_snapshot", "is_control_domain"];
const SMALL = ["task", "host", "host_metrics", "host_cpu"];
const NULL = "OpaqueRef:NULL";

function rowOf(ref, record) {
	const row = {ref};
	for (const field of FIELDS)
		row[field] = record[field];
	row.key = record.name_label.toLowerCase() + " " + record.uuid;
	return row;
}

export class Model {
	constructor(session) {
		this.session = session;
		this.vms = new Map(); // what lists show
		this.others = new Map(SMALL.map((cls) => [cls, new Map()]));
		this.open = null; // {ref, vm, metrics}: the VM that is looked at, in full
		this.version = 0;
		this.state = "loading";
		this.listeners = new Set();
		this.ended = false;
	}

	listen(listener) {
		this.listeners.add(listener);
		return () => this.listeners.delete(listener);
	}

	// Many changes at once are shown once.
	changed() {
		this.version++;
		if (this.planned)
			return;
		this.planned = requestAnimationFrame(() => {
			this.planned = 0;
			for (const listener of this.listeners)
				listener();
		});
	}

	setState(state) {
		this.state = state;
		this.changed();
	}

	end() {
		this.ended = true;
		this.waiting?.abort();
	}

	// Of what is there now; later changes come by events, so nothing between the two is lost.
	async read() {
		const {token} = await this.session.call("event.from", ["pool"], "", 0);
		this.token = token;
		for (const cls of SMALL)
			this.others.set(cls, new Map(Object.entries(await this.session.call(`${cls}.get_all_records`))));
		const vms = new Map();
		let after = NULL;
		for (let limit = FIRST; ; limit = PAGE) {
			const rows = await this.session.call("VM.get_all_fields_where", FIELDS, "true", after, limit);
			for (const row of rows)
				this.put(vms, row.ref, row);
			this.vms = vms;
			this.setState("reading");
			if (rows.length < limit)
				break;
			after = rows.at(-1).ref;
		}
		if (this.open)
			await this.readOpen(this.open.ref);
		this.setState("live");
	}

	put(vms, ref, record) {
		if (record.is_a_template || record.is_a_snapshot)
			vms.delete(ref);
		else
			vms.set(ref, rowOf(ref, record));
	}

	apply(event) {
		const {ref, snapshot, operation} = event;
		const cls = event.class;
		if (cls === "vm") {
			if (operation === "del")
				this.vms.delete(ref);
			else if (snapshot)
				this.put(this.vms, ref, snapshot);
			if (this.open?.ref === ref)
				this.open = {...this.open, vm: operation === "del" ? null : snapshot, gone: operation === "del"};
		} else if (cls === "vm_metrics") {
			if (this.open?.vm?.metrics === ref)
				this.open = {...this.open, metrics: snapshot};
		} else if (this.others.has(cls)) {
			const objects = this.others.get(cls);
			if (operation === "del")
				objects.delete(ref);
			else
				objects.set(ref, snapshot);
		}
	}

	classes() {
		const metrics = this.open?.vm?.metrics;
		return ["VM", ...SMALL, ...(metrics && metrics !== NULL ? [`VM_metrics/${metrics}`] : [])];
	}

	async wait() {
		this.waiting = new AbortController();
		try {
			const {token, events} = await this.session.callUntil(this.waiting.signal, "event.from", this.classes(), this.token, WAIT_SECONDS);
			this.token = token;
			events.forEach((event) => this.apply(event));
			if (events.length)
				this.changed();
		} catch (error) {
			if (error.name !== "AbortError")
				throw error;
		}
	}

	// Until it is ended: a server that was away is asked again.
	async run() {
		for (let pause = 0; !this.ended;) {
			try {
				if (this.state !== "live")
					await this.read();
				pause = 0;
				while (!this.ended)
					await this.wait();
			} catch (error) {
				if (this.ended || error.code === "SESSION_INVALID")
					return;
				this.setState(error.code === "EVENTS_LOST" ? "loading" : "away");
				pause = Math.min(10000, pause * 2 + (error.code === "EVENTS_LOST" ? 0 : 500));
				await new Promise((resolve) => setTimeout(resolve, pause));
			}
		}
	}

	async readOpen(ref) {
		const vm = await this.session.call("VM.get_record", ref);
		const metrics = vm.metrics === NULL ? null : await this.session.call("VM_metrics.get_record", vm.metrics);
		if (this.open?.ref === ref)
			this.open = {ref, vm, metrics};
	}

	async openVm(ref) {
		this.open = {ref, vm: null, metrics: null};
		this.changed();
		await this.readOpen(ref);
		this.waiting?.abort(); // and waits for its figures, too
		this.changed();
	}

	closeVm() {
		this.open = null;
	}

	host() {
		const [[ref, host] = []] = this.others.get("host");
		const metrics = host && this.others.get("host_metrics").get(host.metrics);
		const cpus = [...this.others.get("host_cpu").values()];
		const busy = cpus.reduce((sum, cpu) => sum + cpu.utilisation, 0) / (cpus.length || 1);
		return host && {ref, name: host.name_label, total: Number(metrics?.memory_total ?? 0), free: Number(metrics?.memory_free ?? 0), cpus: cpus.length, busy};
	}
}
