"""The page at /docs: every endpoint with an example to send; one file, nothing from elsewhere."""

import html
import json
from typing import Any

HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
_LONGEST = 4000  # characters of an example that is shown; a picture has thousands of zeros

_STYLE = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 56rem; padding: 1rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
details { border-bottom: 1px solid #8886; padding: .5rem 0; }
textarea, pre { box-sizing: border-box; font: 13px/1.4 ui-monospace, monospace; width: 100%; }
pre { max-height: 20rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
"""

_SCRIPT = """\
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const shown = form.querySelector("pre");
    const token = document.getElementById("token").value;
    const headers = { "Content-Type": "application/json" };
    if (token) headers.Authorization = "Bearer " + token;
    shown.textContent = "...";
    try {
      const answer = await fetch(form.dataset.path, {
        method: "POST", headers, body: form.querySelector("textarea").value,
      });
      shown.textContent = answer.status + " " + (await answer.text()).slice(0, 20000);
    } catch (error) {
      shown.textContent = String(error);
    }
  });
}
"""


def made(document: dict[str, Any], why_no_explorer: str) -> bytes:
    """The page of an OpenAPI document, as HTML.

    Args:
        document: OpenAPI's.
        why_no_explorer: a sentence; "" where the explorer is at /, and is linked to.
    """
    explorer = '<a href="/">The explorer</a>: a walk through the latent spaces, in the browser.'
    parts = [_operation(path, each) for path, each in document["paths"].items()]
    description = html.escape(document["info"]["description"])
    return f"""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>vae-zoo</title>
<style>{_STYLE}</style>
<h1>vae-zoo</h1>
<p>{description} The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>
<p>{html.escape(why_no_explorer) or explorer}</p>
<p><label>Token, where the server asks for one:
<input id="token" type="password" autocomplete="off"></label></p>
{"".join(parts)}
<script>{_SCRIPT}</script>
</html>
""".encode()


def _operation(path: str, operations: dict[str, Any]) -> str:
    (method, operation), *_ = operations.items()
    shown, place = html.escape(operation["summary"]), html.escape(path, quote=True)
    head = f"<summary><code>{method.upper()} {place}</code> {shown}</summary>"
    if method != "post":
        return f"<details>{head}</details>\n"
    content = operation["requestBody"]["content"]["application/json"]
    text = json.dumps(content["example"])
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
    return f"""\
<details>{head}
<form data-path="{place}">
<label>Request<textarea rows="6" spellcheck="false">{html.escape(text)}</textarea></label>
<button>Send</button>
<pre aria-live="polite"></pre>
</form></details>
"""
