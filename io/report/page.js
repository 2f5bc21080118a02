/* Tables sort by their columns: a click, again for the other way round. Without this file they are
   in the order of the results. No "less than" and no ampersand: the page is XML as well. */
"use strict";
(function () {
	function key(row, column) {
		var cell = row.cells[column], number = cell.getAttribute("data-v");
		return number === null ? cell.textContent.trim() : Number(number);
	}
	function compare(a, b) {
		if (typeof a === "number") {
			if (typeof b === "number") { return a - b; }
			return -1;
		}
		if (typeof b === "number") { return 1; }
		return a.localeCompare(b, "en", {numeric: true});
	}
	function missing(x) { return x === "" || x === "–"; }
	function sort(table, head, column) {
		var body = table.tBodies[0], down = head.getAttribute("aria-sort") === "ascending";
		var rows = Array.from(body.rows).map(function (row, i) {
			return {row: row, i: i, key: key(row, column)};
		});
		rows.sort(function (x, y) {
			var order;
			if (missing(x.key) !== missing(y.key)) { return missing(x.key) ? 1 : -1; }
			order = compare(x.key, y.key);
			return (down ? -order : order) || x.i - y.i;
		});
		rows.forEach(function (x) { body.appendChild(x.row); });
		Array.from(table.tHead.rows[0].cells).forEach(function (other) { other.removeAttribute("aria-sort"); });
		head.setAttribute("aria-sort", down ? "descending" : "ascending");
	}
	document.querySelectorAll("table.sorts").forEach(function (table) {
		Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
			var button = document.createElement("button");
			button.type = "button";
			while (head.firstChild) { button.appendChild(head.firstChild); }
			head.appendChild(button);
			button.addEventListener("click", function () { sort(table, head, column); });
		});
	});
}());
