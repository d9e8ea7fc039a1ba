// SPDX-License-Identifier: LGPL-2.1-or-later
// rpc.js – calls of the server, by JSON-RPC at the address that the page came from

const KEY = "xenapid-session";

// What a call failed with: code and parameters, or 0 when there was no answer.
export class Failure extends Error {
	constructor(code, parameters) {
		super([code, ...parameters].join(": "));
		this.code = code;
		this.parameters = parameters;
	}
}

async function post(method, parameters, signal) {
	let response;
	try {
		response = await fetch("/jsonrpc", {
			method: "POST", signal, credentials: "omit",
			headers: {"Content-Type": "application/json"},
			body: JSON.stringify({jsonrpc: "2.0", id: 1, method, params: parameters}),
		});
	} catch (error) {
		if (error.name === "AbortError")
			throw error;
		throw new Failure("NO_ANSWER", ["The server does not answer. Is it running, and the network there?"]);
	}
	const text = await response.text();
	let reply;
	try {
		reply = JSON.parse(text);
	} catch {
		throw new Failure("NO_ANSWER", [text.trim() || `The server answered with status ${response.status}.`]);
	}
	if (reply.error)
		throw new Failure(reply.error.message, reply.error.data ?? []);
	return reply.result;
}

export class Session {
	constructor(ref, user) {
		this.ref = ref;
		this.user = user;
		this.onEnd = () => {};
	}

	static async signIn(user, password) {
		const ref = await post("session.login_with_password", [user, password, "1.0", "web page"]);
		// of this tab only: it is gone when the tab is closed
		sessionStorage.setItem(KEY, JSON.stringify({ref, user}));
		return new Session(ref, user);
	}

	static stored() {
		const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
		return kept && new Session(kept.ref, kept.user);
	}

	forget() {
		sessionStorage.removeItem(KEY);
		this.onEnd();
	}

	async signOut() {
		await post("session.logout", [this.ref]).catch(() => {});
		this.forget();
	}

	async call(method, ...parameters) {
		return this.callUntil(null, method, ...parameters);
	}

	// signal: gives up
	async callUntil(signal, method, ...parameters) {
		try {
			return await post(method, [this.ref, ...parameters], signal);
		} catch (error) {
			if (error.code === "SESSION_INVALID")
				this.forget();
			throw error;
		}
	}

	// An error in words: the server knows them.
	async explain(error) {
		if (!error.code)
			return String(error.message ?? error);
		if (error.code === "NO_ANSWER")
			return error.parameters[0];
		if (error.code === "SESSION_INVALID")
			return "The server has ended the session: sign in again.";
		try {
			const words = await this.call("session.explain_error", [error.code, ...error.parameters.map(String)]);
			return words.replace(/^[a-z]/gm, (letter) => letter.toUpperCase());
		} catch {
			return error.message;
		}
	}
}
