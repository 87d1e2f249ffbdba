// What can be scrolled sideways can be scrolled with the keyboard, too.
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  for (const box of document.querySelectorAll("div.math, .cell_output pre, .pst-scrollable-table-container")) {
    if (box.scrollWidth <= box.clientWidth) continue;
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", box.matches(".math") ? "a wide formula" : "wide content");
  }
});
