/** The element's style, in its own root: nothing of the page's gets in, except what is inherited. */

// In light and in dark mode; a page sets them as --oss-upload-<name>.
const COLOURS = {
  surface: ["#fff", "#1a1e28"],
  text: ["#1b1f2a", "#e8eaf0"],
  quiet: ["#5a6274", "#a2abbd"],
  line: ["#dde0e8", "#2e3442"],
  accent: ["#3157d5", "#8ea8ff"],
  "accent-text": ["#fff", "#10131b"],
  good: ["#14723b", "#6ed197"],
  bad: ["#b3261e", "#ff9b92"],
  warn: ["#8a5200", "#f0bd67"],
};

/** They follow the page's color-scheme; browsers without light-dark() show the light ones. */
function colours(value) {
  const names = Object.entries(COLOURS);
  return names.map(([name, pair]) => `--${name}: var(--oss-upload-${name}, ${value(pair)});`).join("");
}

const CSS = `
:host{display:block;color:var(--text);line-height:1.5;overflow-wrap:anywhere;--radius:var(--oss-upload-radius,.9rem);${colours(([light]) => light)}}
@supports (color: light-dark(red,red)){:host{${colours((pair) => `light-dark(${pair})`)}}}
:host([hidden]),[hidden]{display:none !important}
*{box-sizing:border-box;margin:0;padding:0}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.unseen,input{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.drop{position:relative;display:grid;justify-items:center;gap:.6rem;padding:2.25rem 1rem 1.75rem;border:2px dashed var(--line);border-radius:var(--radius);background:var(--surface);color:var(--quiet);text-align:center}
.drop[data-over]{border-color:var(--accent);background:rgb(80 120 240 / 11%)}
.drop[data-disabled]{opacity:.5}
.pick{display:grid;gap:.7rem;justify-items:center;cursor:pointer}
.pick::after{content:"";position:absolute;inset:0}
.pick:focus-within .choose,.folder:focus-within{outline:2px solid var(--accent);outline-offset:3px}
svg{width:2.25rem;fill:none;stroke:var(--accent);stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
.choose{padding:.55rem 1.3rem;border-radius:9rem;background:var(--accent);color:var(--accent-text);font-weight:600}
.folder{position:relative;margin-left:.5rem;cursor:pointer;color:var(--accent);text-decoration:underline}
.limits:empty,.detail:empty{display:none}
[data-filled] .drop{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem .9rem;padding:.9rem;text-align:start}
[data-filled] svg{display:none}
.notice{margin-top:1rem;color:var(--warn)}
.notice a{color:inherit}
ul{margin-top:1.25rem;list-style:none}
li{margin-top:.6rem;content-visibility:auto;contain-intrinsic-size:auto 5rem}
li,.summary,.notice{display:flex;flex-wrap:wrap;gap:.5rem .9rem;align-items:center;padding:.75rem .9rem;border:1px solid var(--line);border-radius:var(--radius);background:var(--surface);box-shadow:0 4px 16px rgb(20 25 40 / 6%)}
.preview{display:grid;flex:none;place-items:center;width:2.9rem;height:2.9rem;overflow:hidden;border-radius:.6rem;background:rgb(80 120 240 / 11%);color:var(--accent);font-size:.72rem;font-weight:700}
canvas{width:100%;height:100%}
.body{flex:1 1 9rem;min-width:0}
.name{font-weight:600}
.status,.detail,.limits{color:var(--quiet);font-size:.875rem;font-variant-numeric:tabular-nums}
strong{color:var(--text)}
.pace{display:inline-block}
.pace:not(:empty)::before{content:"· "}
.bar{height:.375rem;margin-top:.4rem;overflow:hidden;border-radius:9rem;background:var(--line)}
.bar::before{content:"";display:block;width:var(--progress,0%);height:100%;border-radius:inherit;background:var(--accent)}
.actions{display:flex;flex-wrap:wrap;gap:.4rem;align-items:center;justify-content:flex-end;margin-left:auto}
button,.open{min-height:2.25rem;padding:.3rem .9rem;border:1px solid var(--quiet);border-radius:9rem;background:transparent;color:inherit;font:inherit;font-size:.875rem;font-weight:600;line-height:1.65rem;text-decoration:none;cursor:pointer;scroll-margin:7rem 0 9rem}
button:hover,.open:hover{border-color:var(--accent);color:var(--accent)}
.remove{min-width:2.25rem;padding:0;border-color:transparent;color:var(--quiet);font-size:1.25rem;font-weight:400}
[data-state="done"] .text,[data-state="done"] .status{color:var(--good)}
[data-state="done"] .text::before{content:"✓ "}
[data-state="failed"]{border-color:rgb(220 60 50 / 30%);background:rgb(220 60 50 / 8%)}
[data-state="failed"] .status{color:var(--bad)}
[data-state="failed"] .preview{color:var(--bad)}
[data-callback="failed"],[data-waiting],[data-state="interrupted"],.notice{border-color:rgb(200 140 20 / 35%);background:rgb(220 160 30 / 12%)}
[data-callback="failed"] .text,[data-waiting] .status,[data-state="interrupted"] .status{color:var(--warn)}
[data-callback="failed"] .text::before{content:"! "}
[data-state="cancelled"] .name{color:var(--quiet)}
.summary{position:sticky;z-index:2;bottom:.75rem;margin-top:1rem;box-shadow:0 4px 28px rgb(20 25 40 / 18%)}
.overlay{position:fixed;z-index:9;inset:.75rem;display:grid;place-items:center;border:3px dashed var(--accent);border-radius:var(--radius);background:var(--surface);color:var(--accent);font-size:1.5rem;font-weight:600;pointer-events:none}
@media (pointer: coarse){.folder{display:none}button,.open{min-height:2.75rem;padding:.5rem 1rem}.remove{min-width:2.75rem}}
@media (forced-colors: active){.bar,.choose,.preview{border:1px solid;color:CanvasText}.bar::before{background:Highlight;forced-color-adjust:none}}
@media print{:host{color-scheme:light}.drop,.actions,.overlay{display:none !important}li{content-visibility:visible;break-inside:avoid;box-shadow:none}.summary{position:static;box-shadow:none}.bar{border:1px solid}.bar::before{print-color-adjust:exact}}
`;

export function addStyle(root) {
  if ("adoptedStyleSheets" in root) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
  } else {
    // Firefox before 101, Safari before 16.4; a strict page needs its hash (docs/deploy.md).
    const style = document.createElement("style");
    style.textContent = CSS;
    root.append(style);
  }
}
