// What Taro's build puts into a page.
window.process = { env: { TARO_ENV: "h5" } };
for (const feature of [
  "ADJACENT_HTML",
  "CLONE_NODE",
  "CONTAINS",
  "INNER_HTML",
  "MUTATION_OBSERVER",
  "SIZE_APIS",
  "TEMPLATE_CONTENT",
]) {
  window[`ENABLE_${feature}`] = false;
}
