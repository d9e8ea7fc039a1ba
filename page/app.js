// SPDX-License-Identifier: LGPL-2.1-or-later
// app.js – signing in, where one is, and what is said about it
import {Create} from "./create.js";
import {Host, HostPage, Tasks} from "./host.js";
import {html, render, useEffect, useRef, useState} from "./html.js";
import {List} from "./list.js";
import {Model} from "./model.js";
import {Session} from "./rpc.js";
import {Vm} from "./vm.js";

function SignIn({onSession}) {
	const [problem, setProblem] = useState("");
	const [busy, setBusy] = useState(false);
	const submit = async (event) => {
		event.preventDefault();
		const form = new FormData(event.target);
		setBusy(true);
		setProblem("");
		try {
			onSession(await Session.signIn(form.get("user"), form.get("password")));
		} catch (error) {
			setProblem(error.code === "SESSION_AUTHENTICATION_FAILED" ? "The name or the password is not right, or the user has no role here." : error.parameters?.[0] ?? error.message);
			setBusy(false);
		}
	};
	return html`<main class="sign-in"><h1>xenapid</h1>
		<form onSubmit=${submit}>
			<label><span>User</span><input name="user" autocomplete="username" required autofocus /></label>
			<label><span>Password</span><input name="password" type="password" autocomplete="current-password" /></label>
			<button class="primary" disabled=${busy}>Sign in</button>
			<p role="alert" class="problem">${problem}</p>
		</form></main>`;
}

function useRoute() {
	const [route, setRoute] = useState(location.hash);
	useEffect(() => {
		const follow = () => setRoute(location.hash);
		addEventListener("hashchange", follow);
		return () => removeEventListener("hashchange", follow);
	}, []);
	return route;
}

// What was said last: errors stay until the next thing is done.
function useActions(session) {
	const [said, setSaid] = useState({text: "", bad: false});
	const act = async (work, text) => {
		setSaid({text: "", bad: false});
		try {
			const answer = await work();
			setSaid({text: text ?? (typeof answer === "string" ? answer : ""), bad: false});
			return true;
		} catch (error) {
			if (error.name !== "AbortError")
				setSaid({text: await session.explain(error), bad: true});
			return false;
		}
	};
	return [said, act, () => setSaid({text: "", bad: false})];
}

function Said({said, onClose}) {
	return html`<div class="said">
		<div role="alert">${said.bad && said.text && html`<p class="problem">${said.text} <button onClick=${onClose} aria-label="Close">×</button></p>`}</div>
		<div role="status">${!said.bad && said.text && html`<p class="done">${said.text}</p>`}</div>
	</div>`;
}

function useModel(session) {
	const [model] = useState(() => new Model(session));
	const [, setVersion] = useState(0);
	useEffect(() => {
		const leave = model.listen(() => setVersion(model.version));
		model.run();
		return () => { leave(); model.end(); };
	}, [model]);
	return model;
}

function Main({session}) {
	const model = useModel(session);
	const route = useRoute();
	const main = useRef(null);
	const [said, act, hush] = useActions(session);
	const [view, setView] = useState({words: "", state: "", sort: ["name_label", true]});
	const [, kind, uuid] = route.split("/");
	useEffect(() => {
		hush();
		main.current.focus();
		if (kind !== "vm" && kind !== "host")
			document.title = "xenapid";
	}, [route]);
	return html`
		<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>To the content</a>
		<header><a class="home" href="#/">${model.host()?.name || "xenapid"}</a>
			<${Host} model=${model} />
			<nav aria-label="Main"><a href="#/" aria-current=${kind ? null : "page"}>VMs</a><a href="#/new" aria-current=${kind === "new" ? "page" : null}>New VM</a>
				<a href="#/host" aria-current=${kind === "host" ? "page" : null}>Host</a>
				<button class="plain" onClick=${() => session.signOut()}>Sign out<span class="user"> ${session.user}</span></button></nav>
		</header>
		${model.state === "away" && html`<p class="problem" role="alert">The server does not answer; what is shown may be old. Trying again …</p>`}
		<${Said} said=${said} onClose=${hush} />
		<${Tasks} model=${model} act=${act} />
		<main id="main" tabindex="-1" ref=${main}>
			${kind === "vm" ? html`<${Vm} key=${uuid} model=${model} uuid=${uuid} act=${act} />` :
				kind === "new" ? html`<${Create} session=${session} act=${act} />` :
				kind === "host" ? html`<${HostPage} model=${model} />` :
				html`<${List} model=${model} view=${view} setView=${setView} />`}
		</main>`;
}

function App() {
	const [session, setSession] = useState(Session.stored);
	if (!session)
		return html`<${SignIn} onSession=${setSession} />`;
	session.onEnd = () => setSession(null);
	return html`<${Main} key=${session.ref} session=${session} />`;
}

render(html`<${App} />`, document.getElementById("app"));
