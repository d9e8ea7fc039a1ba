// SPDX-License-Identifier: LGPL-2.1-or-later
// create.js – a VM from the text of an xl.cfg
import {html, useState} from "./html.js";

const EXAMPLE = 'name = "web"\nmemory = 512\nmaxmem = 1024\nvcpus = 2\nkernel = "/boot/vmlinuz"\n';

export function Create({session, act}) {
	const [text, setText] = useState("");
	const [made, setMade] = useState(null);
	const submit = (event) => {
		event.preventDefault();
		act(async () => {
			const {ref, report} = await session.call("VM.create_from_config", text);
			const uuid = await session.call("VM.get_uuid", ref);
			setMade({uuid, report});
			setText("");
		}, "The VM is made.");
	};
	const choose = async (event) => setText(await event.target.files[0].text());
	return html`<article class="create" aria-labelledby="create"><h1 id="create">New VM</h1>
		<form onSubmit=${submit}>
			<label class="wide"><span>Its xl.cfg</span>
				<textarea rows="12" spellcheck="false" placeholder=${EXAMPLE} value=${text} onInput=${(event) => setText(event.target.value)}></textarea></label>
			<p class="actions"><button class="primary" disabled=${!text.trim()}>Make it</button>
				<label class="file">or from a file <input type="file" onChange=${choose} /></label></p>
		</form>
		${made && html`<section aria-label="What became of each line"><p><a href=${"#/vm/" + made.uuid}>Open the new VM</a></p>
			<ul class="changes">${made.report.map((row) => html`<li><span><code>${row.key} = ${row.value}</code> ${row.outcome} <span class="note">${row.detail}</span></span></li>`)}</ul>
		</section>`}
	</article>`;
}
