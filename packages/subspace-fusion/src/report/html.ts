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
