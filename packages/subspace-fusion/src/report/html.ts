/** Markup that may stand in a page as it is. Everything else is text and gets escaped. */
export interface Html {
  readonly html: string;
}

type Content = Html | string | number | undefined | readonly Content[];

/** Template tag: the literal parts are markup; a value is escaped unless it is `Html`, lists are joined, undefined is nothing. */
export function html(literals: TemplateStringsArray, ...values: readonly Content[]): Html {
  return { html: literals.reduce((page, literal, i) => page + render(values[i - 1]) + literal) };
}

/** Declares a string to be markup already, for example a drawn figure. */
export function markup(html: string): Html {
  return { html };
}

function render(part: Content): string {
  if (part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escape(String(part));
  return 'html' in part ? part.html : part.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** A table with a header cell for each column and each row. `columns` names the first column too. */
export function table(caption: string, columns: readonly string[], rows: readonly (readonly Content[])[]): Html {
  return scrolling(
    caption,
    html`<table><caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(
      ([first, ...rest]) => html`<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
    )}</tbody></table>`,
  );
}

/** What may be wider than a phone: it scrolls by itself, by the arrow keys too. */
export function scrolling(label: string, inner: Html): Html {
  return html`<div class="scroll" role="group" tabindex="0" aria-label="${label}">${inner}</div>`;
}

/**
 * A page up to its title and the warning that it is no medical device, its header left open. The page carries its style and asks nothing
 * of a network.
 * @param sources more that its content security policy allows, as in `; img-src data:`
 */
export function pageHead(title: string, style: string, sources = ''): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${sources}">
<title>${title}</title>
<style>${markup(style)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="warning" role="note"><strong>Research software. Not a medical device.</strong> Nothing here may guide the care of a patient.</p>`;
}

/**
 * The page's style sheet. Colours are those of Okabe and Ito, which people with colour-blindness can tell apart, in a dark shade
 * for light paper and a light shade for dark paper; text has a contrast of at least 4.5 to 1 in both.
 */
export const STYLE = `
:root {
  --paper: #ffffff; --ink: #1b1f24; --quiet: #59636e; --line: #d5dae0; --shade: #f4f6f8; --warn-paper: #fff4e0; --warn-ink: #6b3d00;
  --blue: #00629b; --orange: #b84a00; --green: #00775a; --pink: #a8487d;
}
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171a; --ink: #e8eaed; --quiet: #a3adb8; --line: #363d45; --shade: #1e2328; --warn-paper: #3a2a10; --warn-ink: #ffd9a0;
  --blue: #62b8ea; --orange: #f2994a; --green: #3cc79f; --pink: #e294bd;
} }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.4rem; margin: 2.5rem 0 0.75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
h4 { font-size: 0.95rem; margin: 0 0 0.25rem; }
p { margin: 0.6rem 0; max-width: 46rem; }
a { color: var(--blue); }
.warning { padding: 0.7rem 1rem; max-width: none;
  border-left: 4px solid var(--orange); background: var(--warn-paper); color: var(--warn-ink); }
.lead { font-size: 1.15rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: 0.4rem; }
th, td { padding: 0.35rem 0.75rem 0.35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--quiet); vertical-align: bottom; }
tbody th { font-weight: 500; }
td { white-space: nowrap; }
tbody th { min-width: 7.5rem; }
#checklists tbody th { min-width: 0; }
.refused { display: inline-block; min-width: 11rem; white-space: normal; color: var(--quiet); font-style: italic; }
.confusion th, .confusion td { padding: 0.45rem 0.7rem; }
.confusion td { text-align: right; }
.confusion td.right { background: color-mix(in srgb, var(--blue) calc(var(--share) * 45%), transparent); }
.confusion td.wrong { background: color-mix(in srgb, var(--orange) calc(var(--share) * 45%), transparent); }
.confusion td small { display: block; }
figure { margin: 1.5rem 0; break-inside: avoid; max-width: 40rem; }
figure > svg { display: block; width: 100%; height: auto; font-size: 12px; font-family: inherit; background: none; overflow: visible; }
figcaption { font-size: 0.85rem; color: var(--quiet); margin-top: 0.4rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 1.5rem 2.5rem; margin: 1rem 0; }
.grid figure { margin: 0; max-width: 26rem; }
.legend { list-style: none; margin: 0 0 0.4rem; padding: 0; display: flex; flex-wrap: wrap; gap: 0.1rem 1.2rem; color: var(--ink); }
.swatch { vertical-align: middle; }
nav ul { list-style: none; margin: 0.5rem 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; }
nav ul ul { margin: 0 0 0.3rem 1rem; font-size: 0.92rem; flex-basis: 100%; }
nav ul:has(ul) > li { flex-basis: 100%; }
nav a { display: inline-block; padding: 0.2rem 0; }
section > section { scroll-margin-top: 1rem; }
.missing { padding: 0.6rem 1rem; max-width: none; border-left: 4px solid var(--quiet); background: var(--shade); }
.wrap { display: inline-block; min-width: 12rem; max-width: 22rem; white-space: normal; }
.long { display: inline-block; min-width: 9rem; max-width: 20rem; white-space: normal; }
.patient { margin-top: 1.5rem; padding-top: 0.5rem; border-top: 1px dashed var(--line); }
/* Maps over a slide have white paper of their own, and letters that do not shrink with the page. */
.sheet { max-width: none; }
.sheet svg { display: block; background: #ffffff; min-width: 36rem; max-width: 44rem; width: 100%; height: auto; }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--blue); }
pre { padding: 0.8rem 1rem; background: var(--shade); overflow-x: auto; font-size: 0.8rem; line-height: 1.45; }
footer { font-size: 0.92rem; }
/* A drawing of a full column shrinks on a phone, its letters less so. */
@media (max-width: 32rem) {
  figure > svg { font-size: 17px; }
  .grid figure > svg { font-size: 12px; }
  th, td { padding-right: 0.5rem; }
  tbody th { min-width: 5.5rem; }
  .wrap { min-width: 9rem; }
}
@media print {
  :root { --paper: #ffffff; --ink: #000000; --quiet: #444444; --line: #bbbbbb; --shade: #ffffff; --warn-paper: #ffffff; --warn-ink: #000000;
    --blue: #00629b; --orange: #b84a00; --green: #00775a; --pink: #a8487d; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .scroll, pre { overflow: visible; white-space: pre-wrap; }
  h2, h3 { break-after: avoid; }
  tr { break-inside: avoid; }
  table { font-size: 8.5pt; }
  td { white-space: normal; }
  .wrap, .long, .refused { min-width: 0; }
  .confusion td, .sheet svg { print-color-adjust: exact; }
  .sheet svg { min-width: 0; }
  nav { display: none; }
}
`;
