// Sorts, searches and narrows the table of students. Without it the page shows everything, sorted by name.
// A browser takes seconds to lay out a table of thousands of lines anew, so only the first ones are put into the page.
"use strict";
(() => {
  const table = document.getElementById("class-table");
  if (!table) return;
  const STEP = 100;
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const search = document.getElementById("search");
  const narrow = document.getElementById("narrow");
  const chosen = document.getElementById("chosen");
  const shown = document.getElementById("shown");
  const more = document.getElementById("more");
  const everything = document.getElementById("everything");
  const rows = Array.from(body.rows, (row, place) => ({
    row,
    place,
    text: row.cells[0].textContent.toLowerCase(),
    mistakes: (row.dataset.d || "").split(" "),
    flags: row.dataset.s || "",
    values: [],
  }));
  let fitting = rows;
  let limit = STEP;
  let mistake = "";
  let order = { column: 0, down: false };

  const show = () => {
    body.replaceChildren(...fitting.slice(0, limit).map((one) => one.row));
    const left = fitting.length - limit;
    more.hidden = left <= 0;
    everything.textContent = `Show all ${fitting.length}`;
    shown.textContent =
      fitting.length === rows.length ? `${rows.length} students` : `${fitting.length} of ${rows.length} students`;
  };

  // What has no number (waiting, missing) comes after all that have one, whichever way round.
  const number = (one, column) => {
    if (one.values[column] === undefined) {
      const value = Number.parseFloat(one.row.cells[column].textContent);
      one.values[column] = Number.isNaN(value) ? -1 : value;
    }
    return one.values[column];
  };

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const flag = narrow.value;
    fitting = rows.filter(
      (one) =>
        (!flag || one.flags.includes(flag)) &&
        (!mistake || one.mistakes.includes(mistake)) &&
        words.every((word) => one.text.includes(word)),
    );
    limit = STEP;
    show();
  };

  const sort = (column) => {
    const down = order.column === column ? !order.down : column > 0;
    const way = down ? -1 : 1;
    order = { column, down };
    if (column === 0) {
      rows.sort((a, b) => way * (a.place - b.place));
    } else {
      rows.sort((a, b) => {
        const x = number(a, column);
        const y = number(b, column);
        if ((x < 0) !== (y < 0)) return x < 0 ? 1 : -1;
        return way * (x - y) || a.place - b.place;
      });
    }
    heads.forEach((head, at) => {
      if (at === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    filter();
  };

  const choose = (index, text) => {
    mistake = index;
    chosen.hidden = !index;
    chosen.firstElementChild.textContent = text;
    filter();
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });
  heads[0].setAttribute("aria-sort", "ascending");
  search.addEventListener("input", filter);
  narrow.addEventListener("change", filter);
  chosen.addEventListener("click", () => choose("", ""));
  more.firstElementChild.addEventListener("click", () => {
    limit += STEP;
    show();
  });
  everything.addEventListener("click", () => {
    limit = rows.length;
    show();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-mistake]");
    if (link) choose(link.dataset.mistake, link.dataset.text);
  });
  // Paper has the whole table.
  window.addEventListener("beforeprint", () => {
    limit = rows.length;
    show();
  });
  document.getElementById("tools").hidden = false;
  // A browser keeps what was typed when a page is loaded again.
  filter();
})();
