"use strict";
for (const form of document.querySelectorAll("form[data-filters]")) {
  const list = document.getElementById(form.dataset.filters);
  const rows = [...list.querySelectorAll("[data-row]")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const groups = [...list.querySelectorAll("[data-group]")];
  const count = form.querySelector("output");
  const apply = () => {
    const wanted = [...new FormData(form)].filter(([, value]) => value);
    rows.forEach((row, number) => {
      row.hidden = !wanted.every(([name, value]) =>
        name === "text"
          ? texts[number].includes(value.toLowerCase())
          : (row.dataset[name] || "").split(" ").includes(value));
    });
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-row]:not([hidden])");
    }
    if (count) {
      count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
    }
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: copy it";
    }
    setTimeout(() => { button.textContent = label; }, 2500);
  });
}
const reveal = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = target; at; at = at.parentElement) {
    if (at.tagName === "DETAILS") {
      at.open = true;
    }
    at.hidden = false;
  }
  if (target) {
    target.scrollIntoView();
  }
};
addEventListener("hashchange", reveal);
reveal();
