"""Draws the results as SVG: a line for each workload, a mark for each client, on a log scale.

No library: a plot is a list of elements. Says nothing that is not in the tables.
"""

import math
from xml.sax.saxutils import escape, quoteattr

import peers

WIDTH, LEFT, RIGHT, TOP, LINE = 960, 250, 40, 96, 26
FONT = "font-family='system-ui, sans-serif'"
OWN = "#c8102e"
# Colour, shape and radius: librq's own are filled red, whatever the language.
LOOKS = {
    "librq": (OWN, "circle", 6.5),
    "librq-go": (OWN, "square", 5),
    "librq-node": (OWN, "diamond", 6),
    "librq-fetch": (OWN, "triangle", 5.5),
    "curl": ("#0b5394", "circle", 4.5),
    "pycurl": ("#6fa8dc", "circle", 4.5),
    "ureq": ("#7a4b12", "circle", 4.5),
    "reqwest": ("#d08a3a", "circle", 4.5),
    "go": ("#008b8b", "square", 4),
    "undici": ("#38761d", "diamond", 5),
    "fetch": ("#93c47d", "triangle", 5),
    "requests": ("#674ea7", "circle", 4.5),
    "floor-b": ("#999999", "circle", 3),
}


class Scale:
    """From values to places, by their logarithm; what is outside is placed at the end."""

    def __init__(self, least, most, left, right):
        self.least, self.most, self.left, self.right = least, most, left, right

    def place(self, value):
        inside = min(max(value, self.least), self.most)
        part = math.log(inside / self.least) / math.log(self.most / self.least)
        return self.left + part * (self.right - self.left)

    def ticks(self):
        """1, 2 and 5 of every power of ten."""
        first, last = math.floor(math.log10(self.least)), math.ceil(math.log10(self.most))
        every = [step * 10.0 ** power for power in range(first, last + 1) for step in (1, 2, 5)]
        return [tick for tick in every if self.least * 0.999 <= tick <= self.most * 1.001]


def around(values):
    """The range of a scale: from a nice number below to one above."""
    def nice(value, direction):
        power = 10.0 ** math.floor(math.log10(value))
        steps = [step * power for step in (1, 2, 5, 10)]
        if direction < 0:
            return max(step for step in steps if step <= value * 1.0001)
        return min(step for step in steps if step >= value * 0.9999)

    least, most = nice(min(values), -1), nice(max(values), 1)
    return (least, most) if most > least else (least, least * 10)


def text(x, y, words, size=12, anchor="start", colour="#222", weight="normal"):
    return (f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' text-anchor='{anchor}' "
            f"fill='{colour}' font-weight='{weight}' {FONT}>{escape(words)}</text>")


def line(x1, y1, x2, y2, colour="#e3e3e3", width=1):
    return (f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' "
            f"stroke-width='{width}'/>")


def mark(x, y, client, about="", workload=None):
    colour, shape, size = LOOKS[client]
    given = f"data-client='{client}' data-workload={quoteattr(workload)}" if workload else ""
    look = f"fill='{colour}' fill-opacity='0.85' stroke='#fff' stroke-width='0.8' {given}"
    title = f"<title>{escape(about)}</title>" if about else ""
    if shape == "circle":
        return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{size}' {look}>{title}</circle>"
    corners = {
        "square": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        "diamond": [(0, -1), (1, 0), (0, 1), (-1, 0)],
        "triangle": [(0, -1), (1, 0.8), (-1, 0.8)],
    }[shape]
    points = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in corners)
    return f"<polygon points='{points}' {look}>{title}</polygon>"


def legend(clients):
    """Who is who, in lines below the title."""
    made, x, y = [], LEFT, 44
    for client in clients:
        words = peers.TITLES[client]
        room = 26 + 6.6 * len(words)
        if x + room > WIDTH - RIGHT:
            x, y = LEFT, y + 18
        made += [mark(x + 6, y - 4, client), text(x + 16, y, words, 11.5)]
        x += room
    return made


def axis(scale, top, bottom, strong):
    made = []
    for tick in scale.ticks():
        x = scale.place(tick)
        main = strong is not None and abs(tick - strong) < 1e-9
        made.append(line(x, top, x, bottom, "#555" if main else "#e3e3e3", 1.5 if main else 1))
        made.append(text(x, bottom + 16, f"{tick:g}", 11, "middle", "#555"))
    return made


def drawn(title, under, lines, strong=None):
    """An SVG. `lines` are (label, {client: value}, unit of the values, workload)."""
    lines = [one for one in lines if one[1]]
    values = [value for _, marks, _, _ in lines for value in marks.values()] or [1, 10]
    scale = Scale(*around(values), LEFT, WIDTH - RIGHT)
    bottom = TOP + LINE * len(lines)
    present = [client for client in LOOKS if any(client in marks for _, marks, _, _ in lines)]
    made = [f"<rect width='{WIDTH}' height='{bottom + 44}' fill='#fff'/>",
            text(16, 22, title, 15, weight="bold"), *legend(present),
            *axis(scale, TOP - 8, bottom, strong)]
    for at, (label, marks, unit, workload) in enumerate(lines):
        y = TOP + LINE * at + LINE / 2
        made += [text(LEFT - 12, y + 4, label, 12, "end"), line(LEFT, y, WIDTH - RIGHT, y)]
        # librq's own last: they lie on top.
        for client in reversed(present):
            if client in marks:
                about = f"{workload}, {peers.TITLES[client]}: {marks[client]:.3g} {unit}"
                made.append(mark(scale.place(marks[client]), y, client, about, workload))
    made.append(text(WIDTH - RIGHT, bottom + 34, under, 11.5, "end", "#555"))
    return (f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {bottom + 44}' "
            f"width='{WIDTH}' height='{bottom + 44}'>\n" + "\n".join(made) + "\n</svg>\n")


def good_rows(load):
    return [row for row in load["rows"] if not row.get("failed") and row["client"] in LOOKS]


def ratio_lines(workloads, keys, kind):
    for key in keys:
        if key in workloads:
            marks = {row["client"]: row[kind]["floor"] for row in good_rows(workloads[key])
                     if row[kind].get("floor")}
            yield f"{key}  {workloads[key]['what']}", marks, "of the floor's", key


def memory_lines(workloads, keys):
    for key in keys:
        if key in workloads:
            rows = good_rows(workloads[key])
            marks = {row["client"]: row["peak_mib"] for row in rows}
            yield f"{key}  {workloads[key]['what']}", marks, "MiB at the peak", key
    for key in keys:
        rows = [row for row in good_rows(workloads.get(key, {"rows": []})) if "idle_kib" in row]
        # The floor's are next to nothing where there is no TLS: they would stretch the scale.
        marks = {row["client"]: row["idle_kib"] for row in rows
                 if row["client"] != "floor-b" and row["idle_kib"] > 0}
        yield f"{key}  KiB an idle connection", marks, "KiB", f"{key} idle"


def every(results, keys):
    """The plots by name."""
    workloads = results.get("workloads", {})
    return {
        "speed": drawn("Speed, relative to bare sockets",
                       "times the floor's speed: right is better",
                       ratio_lines(workloads, keys, "speed"), 1.0),
        "cpu": drawn("CPU time, relative to bare sockets",
                     "times the floor's CPU time: left is better",
                     ratio_lines(workloads, keys, "cpu"), 1.0),
        "memory": drawn("Memory", "MiB resident at the peak, or KiB a connection: left is better",
                        memory_lines(workloads, keys)),
    }


def write(results, folder, keys):
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in every(results, keys).items():
        (folder / f"{name}.svg").write_text(svg)
