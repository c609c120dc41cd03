"""The results in words: a table for the terminal, RESULTS.md, and the part of README.md."""

import goals
import peers
from places import HERE, ROOT

BEGIN, END = "<!-- made by make bench -->", "<!-- end of what make bench makes -->"


def number(value, digits=2):
    if value is None:
        return ""
    if value and abs(value) < 0.1 and digits == 2:
        return f"{value:.3f}"
    return f"{value:,.{digits}f}"


def ratio(row, kind, base):
    return number(row[kind].get(base))


def ordered(workloads, keys):
    return [key for key in keys if key in workloads]


HEAD = ("workload", "client", "speed/floor", "speed/curl", "CPU/floor", "CPU/curl", "peak MiB",
        "KiB/idle")


def ratio_rows(workloads, keys):
    for key in ordered(workloads, keys):
        for row in workloads[key]["rows"]:
            if row.get("failed"):
                yield (key, row["client"], "failed", "", "", "", "", "")
                continue
            yield (key, row["client"], ratio(row, "speed", "floor"), ratio(row, "speed", "curl"),
                   ratio(row, "cpu", "floor"), ratio(row, "cpu", "curl"),
                   number(row["peak_mib"], 1), number(row.get("idle_kib"), 1))


def aligned(head, rows):
    lines = [head, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    left = 2
    return "\n".join("  ".join(
        cell.ljust(width) if at < left else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def markdown(head, rows, left=1):
    rule = ["---" if at < left else "---:" for at in range(len(head))]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *rows])


def goal_rows(judged):
    words = {True: "reached", False: "not reached", None: "not measured"}
    for goal in judged:
        bound, what = goals.described(goal)
        digits = 0 if goal["figure"] == "instructions" else 2
        yield (goal["workload"], goal["client"], what, bound, words[goal["reached"]],
               number(goal["measured"], digits))


def missed(judged):
    """Lines that name each goal that is not reached."""
    for workload, client, what, bound, verdict, found in goal_rows(judged):
        if verdict == "not reached":
            yield f"  {workload} {client}: {what} {found}, {bound}"


def counts_table(part, names):
    head = ("client", *part["tables"])
    rows = []
    for client in names:
        cells = []
        for table in part["tables"].values():
            row = goals.row_of(table, client)
            if row is None:
                cells.append("")
            elif row.get("failed"):
                cells.append("failed")
            else:
                total = sum(row["each"].values())
                cells.append(number(total, 0 if "instructions" in row["each"] else 2))
        if any(cells):
            rows.append((client, *cells))
    return markdown(head, rows)


def growth_tables(growth):
    titles = {"hosts": "hosts in the pool, each with a kept connection",
              "idle": "idle connections of one host"}
    head = ("CPU µs", "of them user", "bare sockets", "per bare socket", "libcurl", "user instructions")
    for kind, title in titles.items():
        rows = [(f"{row['many']:,}", "failed", *[""] * 5) if row.get("failed") else
                (f"{row['many']:,}", number(row["cpu_us"]["librq"]), number(row["user_us"]),
                 number(row["cpu_us"]["floor"]), number(row["per_floor"]),
                 number(row["cpu_us"].get("curl")), number(row["instructions"], 0))
                for row in growth["costs"][kind]]
        yield markdown((title, *head), rows)
    rows, clients = [], sorted({row["client"] for row in growth["threads"]})
    for many in sorted({row["many"] for row in growth["threads"]}):
        cells = [next((number(row["per_second"], 0) for row in growth["threads"]
                       if (row["many"], row["client"]) == (many, client) and "speed" in row),
                      "failed") for client in clients]
        rows.append((str(many), *cells))
    yield markdown(("threads on one session: requests a second", *clients), rows)


def size_lines(size):
    if "library" in size:
        one = size["library"]
        yield (f"`librq.so` without symbols: {one['bytes']:,} bytes; "
               f"{one['gzip_bytes']:,} after gzip.")
    if "build" in size:
        one = size["build"]
        yield (f"A build from nothing, with fat link-time optimisation: {one['wall_s']:.0f} s on "
               f"{one['cpus']} CPUs, {one['cpu_s']:.0f} s of CPU.")


def run_lines(results):
    for run in results["runs"].values():
        machine, made_by = run["machine"], run["versions"].items()
        quick = " A quick run: smaller amounts, less certain." if run["quick"] else ""
        yield (f"- {run['date']}, `{run['command']}`, revision {run['revision']}: {of(machine)}, "
               f"load before {run['load_before']}.{quick} "
               + ", ".join(f"{name} {version}" for name, version in made_by) + ".")


def of(machine):
    return (f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['memory_gib']} GiB, "
            f"{machine['system']}, kernel {machine['kernel']}")


def check_table(check):
    rows = []
    for key, found in check["tables"].items():
        for row in found:
            if row.get("failed"):
                rows.append((key, row["client"], "failed", "", "", "", ""))
                continue
            rows.append((key, row["client"], str(row["requests"]), str(row["connections"]),
                         str(row["resumed"]), f"{row['bytes']:,}", ", ".join(row["suites"])))
    head = ("workload", "client", "requests", "connections", "resumed", "body bytes", "suites")
    return markdown(head, rows, 2)


def loads_table(workloads, keys):
    rows = [(key, workloads[key]["what"], str(workloads[key]["rounds"]),
             "one CPU" if workloads[key]["pinned"] else "", workloads[key]["run"])
            for key in ordered(workloads, keys)]
    return markdown(("workload", "what", "rounds", "pinned to", "run"), rows, 5)


COUNTS = {"instructions": "User instructions a request", "syscalls": "System calls a request"}


def sections(results, parts):
    """Titles and tables of those parts of the results that are not of workloads."""
    for part, title in COUNTS.items():
        if part in parts and part in results:
            yield f"## {title}"
            yield counts_table(results[part], peers.ALL)
    if "growth" in parts and "growth" in results:
        yield "## Growth of the cost of a GET of 100 B"
        yield from growth_tables(results["growth"])
    if "size" in parts and "size" in results:
        yield "## Size"
        yield from size_lines(results["size"])
    if "check" in parts and "check" in results:
        yield "## What the server saw"
        yield check_table(results["check"])


def page(results, judged, keys):
    workloads = results.get("workloads", {})
    parts = ["# Results", "Made by `make bench`. How to read it: [README.md](README.md).",
             "## Goals", markdown(("workload", "client", "what", "goal", "", "measured"),
                                  list(goal_rows(judged)), 5),
             "## Workloads", loads_table(workloads, keys),
             "## Ratios", markdown(HEAD, list(ratio_rows(workloads, keys)), 2),
             *sections(results, (*COUNTS, "growth", "size", "check")),
             "## Runs", "\n".join(run_lines(results))]
    return "\n\n".join(parts) + "\n"


# Of README.md: whose speed is divided by whose.
COLUMNS = (("librq", "floor"), ("librq", "curl"), ("librq", "ureq"), ("librq", "reqwest"),
           ("librq", "requests"), ("librq-go", "go"), ("librq-node", "undici"))


def summary(results, judged, keys):
    """The part of README.md: how many times as fast librq is as others."""
    workloads = results.get("workloads", {})
    head = ("", "bare sockets", "libcurl", "ureq", "reqwest", "Requests", "Go: net/http",
            "Node: undici")
    rows = []
    for key in ordered(workloads, keys):
        cells = []
        for mine, base in COLUMNS:
            row = goals.row_of(workloads[key]["rows"], mine)
            cells.append(ratio(row, "speed", base) if row and not row.get("failed") else "")
        rows.append((f"{key}: {workloads[key]['what']}", *cells))
    counted = [goal for goal in judged if goal["reached"] is not None]
    good = sum(goal["reached"] for goal in counted)
    run = results["runs"][max(results["runs"])]
    return "\n\n".join((
        "How many times as fast as each of them; the last two columns are librq's bindings:",
        markdown(head, rows),
        "![Speed over that of bare sockets](benches/plots/speed.svg)\n"
        "![CPU time over that of bare sockets](benches/plots/cpu.svg)\n"
        "![Memory](benches/plots/memory.svg)",
        f"{good} of {len(counted)} [goals](benches/RESULTS.md#goals) are reached. "
        f"{run['date'][:10]}, `{run['command']}`, {of(run['machine'])}; versions, CPU, memory, "
        "counts, growth and size are in [benches/RESULTS.md](benches/RESULTS.md).",
    ))


def into_readme(text, part):
    """README.md with its part between the two marks replaced."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{part}\n\n{END}{after}"


def pages(results, folder, keys):
    """What RESULTS.md of the folder shall say, and README.md if the folder is the tree's own."""
    judged = goals.judged(results)
    made = {folder / "RESULTS.md": page(results, judged, keys)}
    if folder == HERE:
        readme = ROOT / "README.md"
        made[readme] = into_readme(readme.read_text(), summary(results, judged, keys))
    return made


def write(results, folder, keys):
    for path, text in pages(results, folder, keys).items():
        path.write_text(text)
