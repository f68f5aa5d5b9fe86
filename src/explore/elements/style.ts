/** How explorers look. The report's own colours count where it has them; other pages get these, light or dark. */
import { PALETTE } from "../../charts/figure";

const LIGHT =
  "--ink: var(--text, #1c2128); --quiet: var(--soft, #59636e); --rule: var(--line, #d8dee4); --paper: var(--page, #fff); --plate: var(--panel, #f6f8fa); --strong: var(--link, #0b62b8)";
const DARK =
  "--ink: var(--text, #dfe4ea); --quiet: var(--soft, #9aa5b1); --rule: var(--line, #333b45); --paper: var(--page, #14181d); --plate: var(--panel, #1c2229); --strong: var(--link, #78b4f0)";

const CSS = `
:host { ${LIGHT}; --below: ${PALETTE.blue}; --above: ${PALETTE.vermilion}; display: block; color: var(--ink); font: 0.95rem/1.45 system-ui, sans-serif; container-type: inline-size; }
@media (prefers-color-scheme: dark) { :host { ${DARK}; } }
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
section { border: 1px solid var(--rule); border-radius: 10px; background: var(--paper); padding: 1rem 1.1rem; display: grid; gap: 0.9rem; }
h3, h4 { margin: 0; font-weight: 600; line-height: 1.3; }
h3 { font-size: 1.1rem; }
h4 { font-size: 0.95rem; }
p, figure { margin: 0; }
p:empty { position: absolute; }
.note, footer { color: var(--quiet); font-size: 0.85rem; }
form, .line { display: flex; flex-wrap: wrap; gap: 0.6rem 0.8rem; align-items: end; }
.field { display: grid; gap: 0.15rem; min-width: 0; }
.field > span { font-size: 0.8rem; color: var(--quiet); }
.wide { flex: 1 1 100%; }
.field > select { width: 100%; }
input, select, textarea, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid color-mix(in srgb, var(--quiet) 75%, transparent); border-radius: 6px; padding: 0.35rem 0.55rem; max-width: 100%; }
textarea { width: 100%; resize: vertical; min-height: 2.4rem; field-sizing: content; }
input[type="number"] { width: 6.5rem; }
input[type="range"] { padding: 0; accent-color: var(--strong); flex: 1 1 10rem; }
button { cursor: pointer; }
button.main { background: var(--strong); border-color: var(--strong); color: var(--paper); font-weight: 600; }
button:disabled { opacity: 0.55; cursor: default; }
button[aria-pressed="true"] { background: var(--plate); border-color: var(--strong); }
:focus-visible { outline: 2px solid var(--strong); outline-offset: 2px; }
.error { border-left: 4px solid ${PALETTE.vermilion}; padding: 0.4rem 0.7rem; background: var(--plate); overflow-wrap: anywhere; }
.progress { display: grid; grid-template-columns: 1fr auto; gap: 0.2rem 0.8rem; align-items: center; font-size: 0.85rem; color: var(--quiet); }
progress { width: 100%; height: 0.5rem; accent-color: var(--strong); }
[hidden] { display: none !important; }
.result { display: grid; gap: 1.1rem; min-width: 0; }
.result[aria-busy="true"] { opacity: 0.6; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1.1rem 1.6rem; align-items: start; }
.columns > *, .stack { display: grid; gap: 0.45rem; min-width: 0; }
section, .result, .stack, .columns > * { grid-template-columns: minmax(0, 1fr); }
.prompt { font-family: ui-monospace, monospace; font-size: 0.85rem; background: var(--plate); border-radius: 6px; padding: 0.4rem 0.6rem; overflow-wrap: anywhere; }
.dot::before { content: ""; display: inline-block; width: 0.65em; height: 0.65em; border-radius: 50%; background: var(--color); margin-right: 0.4em; }
ol, ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 0.3rem; }
.word { display: grid; grid-template-columns: 7rem 1fr 4.2rem; gap: 0.5rem; align-items: center; }
.word.chosen { font-weight: 600; }
.value { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.track { display: block; position: relative; height: 0.85rem; background: var(--plate); border-radius: 3px; }
.track > i { position: absolute; inset-block: 0; left: var(--from); width: var(--width); background: var(--color); border-radius: 2px; }
.track > i.ghost { background: none; border: 1px dashed var(--quiet); inset-block: -2px; }
.track.both::after { content: ""; position: absolute; inset-block: -2px; left: 50%; border-left: 1px solid var(--quiet); }
.term { display: grid; grid-template-columns: minmax(0, 1fr) 11rem 4.4rem auto; gap: 0.2rem 0.7rem; align-items: center; padding: 0.25rem 0; border-top: 1px solid var(--rule); }
.term .text { overflow-wrap: anywhere; font-size: 0.88rem; line-height: 1.35; }
.term.out .text { text-decoration: line-through; color: var(--quiet); }
.term .acts { display: flex; gap: 0.3rem; }
.term button { padding: 0.1rem 0.5rem; font-size: 0.8rem; }
.answer { display: grid; grid-template-columns: minmax(8.5rem, auto) 1fr; gap: 0.15rem 0.8rem; align-items: center; padding-bottom: 0.5rem; }
.answer > .whole { grid-column: 1 / -1; display: grid; gap: 0.15rem; }
.ends { display: flex; justify-content: space-between; font-size: 0.8rem; color: var(--quiet); }
.scroll { overflow: auto; max-width: 100%; }
table { border-collapse: separate; border-spacing: 2px; font-size: 0.82rem; }
table.plain { border-collapse: collapse; font-size: 0.9rem; width: 100%; }
table.plain th, table.plain td { padding: 0.3rem 0.6rem 0.3rem 0; border-bottom: 1px solid var(--rule); text-align: left; }
table.plain td { font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); font-size: 0.85rem; padding-bottom: 0.3rem; }
.heat td { background: var(--color); padding: 0.15rem 0.4rem; text-align: right; font-variant-numeric: tabular-nums; border-radius: 2px; white-space: nowrap; }
.heat td > span { background: color-mix(in srgb, var(--paper) 72%, transparent); border-radius: 3px; padding: 0 0.2rem; }
.heat th { font-weight: 500; text-align: left; white-space: nowrap; padding-right: 0.4rem; }
.heat thead th { vertical-align: bottom; }
.heat td:empty { border-radius: 0; }
.tokens th { font: 0.78rem ui-monospace, monospace; }
.tokens thead th > span { writing-mode: vertical-rl; transform: rotate(180deg); }
.tokens td { width: 1.35rem; min-width: 1.35rem; height: 1.15rem; padding: 0; }
.tokens td:hover, .tokens td:focus { outline: 2px solid var(--ink); outline-offset: 0; }
.tokens tbody th { position: sticky; left: 0; background: var(--paper); }
.mask { color: var(--strong); font-weight: 700 !important; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--quiet); font: 12px system-ui, sans-serif; }
.sample { display: inline-flex; align-items: center; gap: 0.4em; margin-right: 1em; white-space: nowrap; }
.sample svg { width: 1.6em; height: 0.8em; display: inline-block; }
.follow { display: grid; grid-template-columns: minmax(0, 1fr) minmax(9rem, 45%); gap: 0.2rem 0.8rem; align-items: center; width: 100%; text-align: left; border: 0; border-top: 1px solid var(--rule); border-radius: 0; padding: 0.3rem 0.3rem; font-size: 0.86rem; line-height: 1.35; }
.follow > span { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.grow { flex: 1 1 14rem; }
@container (max-width: 34rem) {
  section { padding: 0.8rem; }
  .term { grid-template-columns: minmax(0, 1fr) auto; }
  .term .text { grid-column: 1 / -1; }
  .term .track { align-self: center; }
  .term .acts { grid-column: 1 / -1; }
  .word { grid-template-columns: 7rem 1fr 3.9rem; }
  .progress { grid-template-columns: minmax(0, 1fr); }
  .follow { grid-template-columns: minmax(0, 1fr); }
}
@media (prefers-reduced-motion: no-preference) { .track > i { transition: left 0.2s, width 0.2s; } }
`;

let sheet: CSSStyleSheet | undefined;

/** One sheet for all elements: a constructed one, which a page's security policy allows. */
export function styleSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
