"""Tests of the runner: its arithmetic, merging, goals, tables, plots; a smoke run of the clients in
C, each of which must move the right number of bytes in every mode. Times nothing.
"""

import copy
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from dataclasses import replace
from pathlib import Path

import build
import check
import counts
import data
import goals
import growth
import measure
import peers
import plots
import results
import tables
from places import HERE, RESULTS, WORK
from servers import Servers
from workloads import LOADS, Workload

RUN = {"date": "2026-01-02T03:04:05Z", "command": "make bench", "revision": "abc", "quick": False,
       "load_before": 0.1, "versions": {"librq": "0.1.0"},
       "machine": {"cpu": "A <CPU> & more", "cpus": 2, "memory_gib": 8, "kernel": "6",
                   "system": "S"}}
SMOKE_CLIENTS = ("floor", "curl", "librq")
SMOKE_SIZES = {"100": 100, "128k": 128 << 10, "big": 3 << 20, "part": 300_000}
SMOKE_JSON_BYTES = 200_000
SMOKE_COUNTS = {"get": 6, "gzip": 2, "new": 5, "idle": 20, "put": 2, "chunked": 5, "mime": 1}


def figures(wall, cpu=1.0, **more):
    return {"n": 10, "bytes": 1000, "wall": wall, "user": cpu, "sys": 0.0, "peak_kib": 2048,
            "idle_kib": 3.0, **more}


def row(client, **more):
    return {"client": client, "per_second": 5.0, "cpu_us": 1.0, "user_us": 1.0, "peak_mib": 4.0,
            "speed": {"floor": 0.9, "curl": 2.0}, "cpu": {"floor": 1.1, "curl": 0.4}, **more}


def sample():
    """Results with something in every part."""
    loads = {"W1": {"what": "one", "rounds": 7, "pinned": True,
                    "rows": [row("floor"), row("librq"), {"client": "go", "failed": True}]},
             "W8": {"what": "idle", "rounds": 7, "pinned": False,
                    "rows": [row("librq", idle_kib=1.5), row("curl", idle_kib=9.0)]}}
    each = {"tables": {"W1": [{"client": "librq", "each": {"recvfrom": 1.0, "futex": 0.05}},
                              {"client": "curl", "failed": True}]}}
    costs = [{"many": 1, "cpu_us": {"librq": 1.0, "floor": 0.5}, "user_us": 1.0, "per_floor": 2.0,
              "instructions": 5000.0},
             {"many": 10, "failed": True}]
    new = {"workloads": loads, "syscalls": each,
           "instructions": {"tables": {"W1": [{"client": "librq", "each": {"instructions": 5e3}}]}},
           "check": {"tables": {"W1": [{"client": "librq", "requests": 1, "connections": 1,
                                        "resumed": 0, "bytes": 100, "suites": ["- -"]}]}},
           "growth": {"costs": {"hosts": costs, "idle": costs},
                      "threads": [{"many": 1, **row("librq")}, {"many": 1, "client": "curl",
                                                                "failed": True}]},
           "size": {"library": {"bytes": 5, "gzip_bytes": 4},
                    "build": {"wall_s": 9.0, "cpu_s": 16.0, "cpus": 2}}}
    return results.merged({}, RUN, new)


class Arithmetic(unittest.TestCase):
    LOAD = replace(LOADS["W1"], count=10)

    def test_a_ratio_is_formed_inside_its_round(self):
        # The machine was ten times slower in the second round: both were.
        mine = [figures(2.0), figures(20.0), figures(2.0)]
        base = [figures(1.0), figures(10.0), figures(1.0)]
        self.assertEqual(measure.median_ratio(self.LOAD, mine, base, measure.wall), 2.0)

    def test_a_round_in_which_one_failed_counts_for_no_ratio(self):
        mine = [None, figures(4.0), figures(4.0)]
        base = [figures(1.0), None, figures(1.0)]
        self.assertEqual(measure.median_ratio(self.LOAD, mine, base, measure.wall), 4.0)
        self.assertIsNone(measure.median_ratio(self.LOAD, [None], [figures(1.0)], measure.wall))

    def test_costs_are_told_for_the_unit_that_was_moved(self):
        # A slow client makes fewer requests: its time is compared by the request.
        few, many = figures(1.0, n=5), figures(1.0, n=10)
        self.assertEqual(measure.median_ratio(self.LOAD, [few], [many], measure.wall), 2.0)
        one = figures(2.0, bytes=2 << 30)
        self.assertEqual(measure.wall(LOADS["W4"], one), 1.0)

    def test_rows_have_speed_as_the_inverse_of_time_and_cpu_as_it_is(self):
        runs = {"floor": [figures(1.0, 1.0)], "librq": [figures(2.0, 4.0)], "curl": [None]}
        floor, librq, curl = measure.rows(self.LOAD, runs)
        self.assertEqual((librq["speed"], librq["cpu"]), ({"floor": 0.5}, {"floor": 4.0}))
        self.assertEqual((floor["speed"]["floor"], librq["peak_mib"]), (1.0, 2.0))
        self.assertEqual(curl, {"client": "curl", "failed": True})

    def test_the_cost_of_one_request_is_free_of_start_up(self):
        totals = {10: {"instructions": 1_000_100}, 20: {"instructions": 1_000_200}}
        cost = counts.each(lambda c, l, count, p, f: totals[count], "floor", self.LOAD, 10, 20, {},
                           None)
        self.assertEqual(cost, {"instructions": 10.0})

    def test_a_quick_run_is_a_smaller_one_of_the_same(self):
        self.assertEqual(LOADS["W1"].smaller().count, LOADS["W1"].count // 4)
        self.assertEqual(LOADS["W4"].smaller().path, "/quarter")
        self.assertEqual(LOADS["W10"].smaller().files, ("small",) * 5)
        self.assertEqual(LOADS["W7"].smaller().count, 1)

    def test_every_thread_makes_as_many_requests(self):
        for load in LOADS.values():
            for client in load.clients:
                self.assertEqual(load.count_for(client) % load.threads, 0)


class Results(unittest.TestCase):
    def test_a_run_replaces_what_it_has_measured_and_nothing_else(self):
        old = sample()
        before = copy.deepcopy(old)
        run = {**RUN, "date": "2026-02-02T00:00:00Z"}
        new = results.merged(old, run, {"workloads": {"W1": {"what": "one", "rows": []}}})
        self.assertEqual(old, before)
        self.assertEqual(new["workloads"]["W8"], old["workloads"]["W8"])
        self.assertEqual(new["workloads"]["W1"]["rows"], [])
        self.assertEqual(new["workloads"]["W1"]["run"], run["date"])
        self.assertEqual(sorted(new["runs"]), [RUN["date"], run["date"]])

    def test_a_run_that_nothing_is_left_of_is_forgotten(self):
        first = results.merged({}, RUN, {"workloads": {"W1": {"rows": []}}})
        run = {**RUN, "date": "2026-02-02T00:00:00Z"}
        second = results.merged(first, run, {"workloads": {"W1": {"rows": []}}})
        self.assertEqual(list(second["runs"]), [run["date"]])

    def test_the_time_of_a_build_outlives_a_run_that_measures_the_size_only(self):
        run = {**RUN, "date": "2026-02-02T00:00:00Z"}
        new = results.merged(sample(), run, {"size": {"library": {"bytes": 6, "gzip_bytes": 5}}})
        self.assertEqual(new["size"]["library"]["bytes"], 6)
        self.assertEqual(new["size"]["build"]["wall_s"], 9.0)

    def test_what_is_written_is_read_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.json"
            results.write(path, sample())
            self.assertEqual(results.read(path), results.rounded(sample()))
            rows = [line for line in path.read_text().splitlines() if '"client": "floor"' in line]
            self.assertEqual(len(rows), 1)
            self.assertIn("peak_mib", rows[0])

    def test_versions_that_are_pinned_are_found(self):
        self.assertEqual(sorted(results.pinned_versions()),
                         ["pycurl", "requests", "reqwest", "undici", "ureq"])


class Goals(unittest.TestCase):
    def judge(self, **goal):
        goal = {"workload": "W1", "client": "librq", **goal}
        found = goals.measured(sample(), goal)
        return found, goals.reached(goal, found)

    def test_a_goal_is_at_least_or_at_most(self):
        self.assertEqual(self.judge(figure="speed", of="curl", least=1.75), (2.0, True))
        self.assertEqual(self.judge(figure="speed", of="floor", least=0.95), (0.9, False))
        self.assertEqual(self.judge(figure="cpu", of="floor", most=1.15), (1.1, True))
        self.assertEqual(self.judge(figure="wall", of="curl", most=0.4), (0.5, False))

    def test_counts_are_summed_and_futex_is_one_of_them(self):
        self.assertEqual(self.judge(figure="syscalls", most=1), (1.05, False))
        self.assertEqual(self.judge(figure="futex", most=0.1), (0.05, True))
        self.assertEqual(self.judge(figure="instructions", most=6000), (5000, True))

    def test_what_was_not_measured_is_neither(self):
        self.assertEqual(self.judge(client="go", figure="speed", of="floor", least=1), (None, None))
        self.assertEqual(self.judge(workload="W2", figure="peak_mib", most=5), (None, None))

    def test_every_goal_is_about_something_that_is_measured(self):
        for goal in goals.read():
            load = LOADS[goal["workload"]]
            self.assertIn(goal["client"], load.clients)
            self.assertIn(goal.get("of", "floor"), (*peers.BASES, *load.clients))
            self.assertIn(goal["figure"], goals.WORDS)
            self.assertEqual(("least" in goal) + ("most" in goal), 1)


class Pages(unittest.TestCase):
    def test_the_page_names_every_part_and_every_failure(self):
        found = sample()
        text = tables.page(found, goals.judged(found), LOADS)
        for title in ("Goals", "Ratios", "instructions a request", "System calls", "Growth", "Size",
                      "What the server saw", "Runs"):
            self.assertIn(title, text)
        self.assertIn("| W1 | go | failed |", text)
        self.assertIn("| W1 | librq | 0.90 | 2.00 | 1.10 | 0.40 | 4.0 |  |", text)

    def test_what_the_tree_shows_is_what_its_results_say(self):
        # Else: python3 benches/main.py --redraw
        found = results.read(RESULTS)
        if not found["runs"]:
            self.assertIn("No results are kept yet.", (HERE.parent / "README.md").read_text())
            return
        for path, text in tables.pages(found, HERE, LOADS).items():
            self.assertEqual(path.read_text(), text, path)
        for name, text in plots.every(found, LOADS).items():
            self.assertEqual((HERE / "plots" / f"{name}.svg").read_text(), text, name)

    def test_only_the_part_between_the_marks_is_replaced(self):
        text = f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n"
        made = tables.into_readme(text, "new")
        self.assertEqual(made, f"before\n{tables.BEGIN}\n\nnew\n\n{tables.END}\nafter\n")
        self.assertEqual(tables.into_readme(made, "new"), made)

    def test_plots_are_xml_and_show_each_figure_once(self):
        with tempfile.TemporaryDirectory() as folder:
            plots.write(sample(), Path(folder), LOADS)
            for name in ("speed", "cpu", "memory"):
                tree = xml.parse(Path(folder) / f"{name}.svg").getroot()
                self.assertTrue(tree.tag.endswith("svg"))
                marks = [one for one in tree.iter() if one.get("data-client")]
                self.assertGreaterEqual(len(marks), 2, name)
                self.assertEqual(len({(one.get("data-workload"), one.get("data-client"))
                                      for one in marks}), len(marks))

    def test_a_plot_places_a_larger_ratio_further_right(self):
        places = [plots.Scale(0.01, 10, 0, 100).place(value) for value in (0.01, 0.1, 1, 10)]
        self.assertEqual([round(place) for place in places], [0, 33, 67, 100])
        self.assertEqual(plots.Scale(0.01, 10, 0, 100).place(1e6), 100)


class Smoke(unittest.TestCase):
    """Every mode of the clients that are there without a download."""

    @classmethod
    def setUpClass(cls):
        measure.raise_descriptor_limit()
        build.in_c()
        cls.folder = WORK / "smoke"
        data.files(cls.folder, SMOKE_SIZES, SMOKE_JSON_BYTES)
        data.certificates()

    def tiny(self, load):
        count = SMOKE_COUNTS[load.mode] * load.threads
        return replace(load, count=count, per_client=False)

    def test_every_client_moves_the_right_number_of_bytes_in_every_workload(self):
        with Servers(self.folder) as servers:
            for key, load in LOADS.items():
                for client in SMOKE_CLIENTS:
                    if client not in load.clients:
                        continue
                    with self.subTest(workload=key, client=client):
                        found = measure.run(client, self.tiny(load), servers.ports, self.folder)
                        self.assertGreater(found["peak_kib"], 0)

    def test_a_client_that_moves_less_fails(self):
        class Lying(Workload):
            def bytes_of(self, count, folder):
                least, most = super().bytes_of(count, folder)
                return least + 1, most + 1

        with Servers(self.folder) as servers, self.assertRaises(measure.Failed):
            measure.run("floor", Lying(**self.tiny(LOADS["W1"]).__dict__), servers.ports,
                        self.folder)

    def test_connections_and_resumed_sessions_are_what_the_rows_say(self):
        expected = {"W1": (1, 0), "W6": (6, 0), "W6r": (6, 5), "W8s": (6, None)}
        for client in SMOKE_CLIENTS:
            for key, (connections, resumed) in expected.items():
                with self.subTest(workload=key, client=client):
                    lines = check.lines_of(client, LOADS[key], 6, self.folder)
                    seen = check.observed(lines)
                    self.assertEqual((seen["requests"], seen["connections"]), (6, connections))
                    if resumed is not None:
                        self.assertEqual(seen["resumed"], resumed)

    def test_json_comes_as_gzip(self):
        coded = (self.folder / "json.gz").stat().st_size
        for client in SMOKE_CLIENTS:
            with self.subTest(client=client):
                lines = check.lines_of(client, LOADS["W9"], 2, self.folder)
                self.assertEqual(check.observed(lines)["bytes"], 2 * coded)

    def test_growth_is_measured_over_as_many_hosts_and_connections(self):
        with Servers(self.folder) as servers:
            for kind, clients in growth.COST_CLIENTS.items():
                for client in clients:
                    with self.subTest(kind=kind, client=client):
                        found, _ = growth.once(client, kind, 30, 60, servers.ports)
                        self.assertEqual(found["bytes"], 6000)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    outcome = unittest.TextTestRunner(stream=sys.stderr, verbosity=1).run(suite)
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - failed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
