import { html, markup, type Html } from './html.js';

/**
 * A page up to its title and the warning that it is no medical device, its header left open. The page carries its style and asks nothing
 * of a network.
 * @param sources more that its content security policy allows, as in `; img-src data:`
 */
export function pageHead(title: string, style: string, sources = ''): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${sources}" />
        <title>${title}</title>
        <style>
          ${markup(style)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p class="warning" role="note">
            <strong>Research software. Not a medical device.</strong> Nothing here may guide the care of a patient.
          </p>
        </header>
      </body>
    </html>`;
}
