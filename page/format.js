// SPDX-License-Identifier: LGPL-2.1-or-later
// format.js – values as people read them

export const MIB = 1 << 20;

export function memory(bytes) {
	if (bytes >= 1024 * MIB && bytes % (1024 * MIB / 4) === 0)
		return `${bytes / (1024 * MIB)} GiB`;
	if (bytes >= 10240 * MIB)
		return `${(bytes / (1024 * MIB)).toFixed(1)} GiB`;
	return `${Math.round(bytes / MIB)} MiB`;
}

export const percent = (share) => `${Math.round(100 * share)} %`;

// 20261123T15:57:22Z
export function time(text) {
	const iso = String(text).replace(/^(\d{4})(\d\d)(\d\d)T/, "$1-$2-$3T");
	const date = new Date(/^\d+(\.\d+)?$/.test(iso) ? Number(iso) * 1000 : iso);
	return isNaN(date) ? String(text) : date.toLocaleString();
}

// clean_shutdown → Shut down
const NAMES = {
	start: "Start", pause: "Pause", unpause: "Continue", clean_shutdown: "Shut down", clean_reboot: "Reboot",
	hard_shutdown: "Power off", hard_reboot: "Reset", suspend: "Suspend", resume: "Resume",
};
export const operation = (name) => NAMES[name] ?? name.replaceAll("_", " ");

const FIELDS = {
	memory_static_min: "Least possible", memory_dynamic_min: "Balloon down to", memory_target: "Target",
	memory_dynamic_max: "Balloon up to", memory_static_max: "Most possible",
	VCPUs_max: "vCPUs at most", VCPUs_at_startup: "vCPUs", name_label: "Name", name_description: "Description",
};
export const field = (name) => FIELDS[name] ?? name;

export function value(name, text) {
	if (text === null || text === undefined || text === "")
		return "(none)";
	if (/^memory_/.test(name) && /^\d+$/.test(text))
		return memory(Number(text));
	return typeof text === "object" ? JSON.stringify(text) : String(text);
}
