"""Experiments from end to end in the terminal: every number of a report against scipy and statsmodels, to 1e-6."""
import csv
import datetime
import json
import math
import os
import pathlib
import subprocess
import tempfile

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import normal_sample_size_one_tail
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

import api_test
from api_test import BIN, check, equal

DAY = 86_400_000
START = int(datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc).timestamp() * 1000)
STOP = START + 10 * DAY
WEIGHTS = {"control": 2, "bold": 1, "shy": 1}
EXPERIMENT = {
    "name": "scipy", "hypothesis": "All numbers are as elsewhere.", "minimum_lift": 0.04, "covariate_days": 7,
    "variants": [{"name": name, "weight": weight} for name, weight in WEIGHTS.items()],
    "metrics": ["click_through", "watch_minutes", "conversion",
                {"name": "likes", "numerator": {"type": "like"}, "denominator": "unit"}],
    "guardrails": ["rejections"], "status": "stopped", "start": "2026-11-01", "stop": "2026-11-11"}


def near(a, b, what=""):
    assert math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9), f"{what}: {a} is not {b}"


def run(*arguments, home="/nonexistent"):
    return subprocess.run([BIN, *arguments], capture_output=True, text=True, check=False, timeout=300,
                          env={**os.environ, "SPARROW_HOME": str(home)})


def json_of(*arguments, home="/nonexistent"):
    done = run("--json", "experiment", *arguments, home=home)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write_log(path, users=1500, seed=4):
    """A log of users with tastes of their own, before and after they met the experiment."""
    random = np.random.default_rng(seed)
    names = random.choice(list(WEIGHTS), size=users, p=np.array(list(WEIGHTS.values())) / 4)
    number = 0
    with open(path, "w", encoding="utf-8") as log:
        for i, variant in enumerate(names):
            user = f"用户-{i}" if i % 3 == 0 else f"user-{i}"
            met = START + int(random.integers(0, 6 * DAY))
            log.write(json.dumps({"experiment": "scipy", "unit": user, "variant": variant, "time": met}) + "\n")
            taste = 0.02 + 0.3 * random.beta(2, 5)
            for _ in range(random.poisson(6)):
                at = met + int(random.integers(-10 * DAY, 9 * DAY))
                lift = {"control": 1, "bold": 1.4, "shy": 1.02}[variant] if at >= met else 1
                kinds = [("impression", None)] * int(random.integers(1, 12))
                kinds += [("click", None)] * int(random.binomial(len(kinds), min(1, taste * lift)))
                if random.random() < taste:
                    kinds += [("watch_seconds", float(random.lognormal(6, 1.2)))]
                for kind, chance in (("like", 0.3), ("purchase", 0.05), ("hide", 0.04)):
                    kinds += [(kind, None)] * (random.random() < chance)
                for kind, value in kinds:
                    number += 1
                    event = {"id": f"e{number}", "type": kind, "user": user, "item": "1", "request_id": "r", "time": at}
                    log.write(json.dumps(event if value is None else {**event, "value": value}) + "\n")


class Units:
    """The table of units, by metric and variant."""

    def __init__(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            self.rows = list(csv.DictReader(file))

    def of(self, metric, variant, side):
        return np.array([float(row[f"{metric}.{side}"]) for row in self.rows if row["variant"] == variant])

    def ratio(self, metric, variant):
        """Value, its variance by the delta method, and n."""
        y, x = self.of(metric, variant, "numerator"), self.of(metric, variant, "denominator")
        value = y.sum() / x.sum()
        cov = np.cov(y, x, ddof=1)
        gradient = np.array([1 / x.mean(), -y.mean() / x.mean() ** 2])
        return value, gradient @ cov @ gradient / len(y), len(y)


def degrees(a, n_a, b, n_b):
    return (a + b) ** 2 / (a * a / (n_a - 1) + b * b / (n_b - 1))


def fixed_horizon(report, units):
    for metric in report["metrics"]:
        c, var_c, n_c = units.ratio(metric["name"], "control")
        for result in metric["variants"]:
            t, var_t, n_t = units.ratio(metric["name"], result["variant"])
            near(result["value"], t)
            near(result["variance"], var_t)
            equal(result["n"], n_t)
            if result["variant"] == "control":
                continue
            fixed, df = result["fixed"], degrees(var_c, n_c, var_t, n_t)
            near(fixed["degrees"], df)
            near(fixed["p"], 2 * stats.t.sf(abs(t - c) / math.sqrt(var_c + var_t), df))
            half = stats.t.ppf(0.975, df) * math.sqrt(var_c + var_t)
            near(fixed["difference_interval"][0], t - c - half)
            a, b = var_t / c ** 2, t * t * var_c / c ** 4
            half = stats.t.ppf(0.975, degrees(b, n_c, a, n_t)) * math.sqrt(a + b)
            near(fixed["lift"], t / c - 1)
            near(fixed["lift_interval"][0], t / c - 1 - half)
            near(fixed["lift_interval"][1], t / c - 1 + half)


def means_are_welchs(report, units):
    for metric in report["metrics"]:
        if metric["denominator"] != "1 for each unit":
            continue
        control = units.of(metric["name"], "control", "numerator")
        for result in metric["variants"][1:]:
            treatment = units.of(metric["name"], result["variant"], "numerator")
            t, p = stats.ttest_ind(treatment, control, equal_var=False)
            near(result["fixed"]["t"], t)
            near(result["fixed"]["p"], p)
            compared = CompareMeans(DescrStatsW(treatment), DescrStatsW(control))
            low, high = compared.tconfint_diff(usevar="unequal")
            near(result["fixed"]["difference_interval"][0], low)
            near(result["fixed"]["difference_interval"][1], high)


def split(report):
    counts = np.array([variant["n"] for variant in report["split"]["variants"]])
    expected = counts.sum() * np.array(list(WEIGHTS.values())) / 4
    statistic, p = stats.chisquare(counts, expected)
    near(report["split"]["statistic"], statistic)
    near(report["split"]["p"], p)


def adjusted(report):
    results = [result for metric in report["metrics"] if metric["role"] != "guardrail" for result in metric["variants"][1:]]
    expected = multipletests([result["fixed"]["p"] for result in results], method="fdr_bh")[1]
    for result, p in zip(results, expected):
        near(result["p_adjusted"], p)


def log_ratio(effect, variance, minimum_lift):
    """The mixture's likelihood ratio by its definition: densities of the estimate, with and without an effect."""
    ratios = [stats.norm.pdf(effect, 0, math.sqrt(variance + (k * minimum_lift) ** 2)) / stats.norm.pdf(effect, 0, math.sqrt(variance))
              for k in (1, 4, 16)]
    return math.log(np.mean(ratios))


def sequential(report, _):
    minimum = EXPERIMENT["minimum_lift"]
    for metric in report["metrics"]:
        for result, series in list(zip(metric["variants"], metric["series"]))[1:]:
            last = result["fixed"]
            interval = result["sequential"]["lift_interval"]
            far = optimize.brentq(lambda d, v=last["lift_variance"]: log_ratio(d, v, minimum) - math.log(20), 0,
                                  6 * math.sqrt(last["lift_variance"]), xtol=1e-14)
            near(interval[0], last["lift"] - far)
            near(interval[1], last["lift"] + far)
            points = series["days"]
            p = [point.get("p_sequential", 1) for point in points]
            equal(p, sorted(p, reverse=True))
            near(result["sequential"]["p"], p[-1])
            control = metric["variants"][0]
            variance = (control["variance"] + result["variance"]) / control["value"] ** 2
            now = min(1, math.exp(-log_ratio(last["lift"], variance, minimum)))
            assert p[-1] <= now * (1 + 1e-6), (p[-1], now)
            near(points[-1]["lift"], last["lift"])


def cuped(report, units):
    """Of means: what Deng et al. 2013 write; of ratios: linearised units."""
    for metric in report["metrics"]:
        now, before = {}, {}
        for variant in WEIGHTS:
            for side, into in (("", now), ("before_", before)):
                y, x = units.of(metric["name"], variant, side + "numerator"), units.of(metric["name"], variant, side + "denominator")
                into[variant] = ((y - y.sum() / x.sum() * x) / x.mean(), y.sum() / x.sum(), y.sum(), x.sum())
        theta = sum(now[v][0] @ before[v][0] for v in WEIGHTS) / sum(before[v][0] @ before[v][0] for v in WEIGHTS)
        pooled = sum(before[v][2] for v in WEIGHTS) / sum(before[v][3] for v in WEIGHTS)
        left = {v: now[v][0] - theta * before[v][0] for v in WEIGHTS}
        value = {v: now[v][1] - theta * (before[v][1] - pooled) for v in WEIGHTS}
        for result in metric["variants"]:
            name = result["variant"]
            near(result["cuped"]["value"], value[name])
            near(result["cuped"]["variance"], left[name].var(ddof=1) / len(left[name]))
            if name != "control":
                t, p = stats.ttest_ind(left[name] + value[name], left["control"] + value["control"], equal_var=False)
                near(result["cuped"]["t"], t)
                near(result["cuped"]["p"], p)
        near(metric["variance_reduction"],
             1 - sum(left[v] @ left[v] for v in WEIGHTS) / sum(now[v][0] @ now[v][0] for v in WEIGHTS))


def numbers_from_the_log(path, report, units):
    """The table of units is what a naive reading of the log gives; amounts are cut at numpy's quantile."""
    met, clicks, minutes = {}, {}, {}
    lines = [json.loads(line) for line in open(path, encoding="utf-8")]
    for line in lines:
        if "experiment" in line:
            met[line["unit"]] = line["time"]
    for line in lines:
        if "experiment" in line or not met[line["user"]] <= line["time"] < STOP:
            continue
        into = {"click": clicks, "watch_seconds": minutes}.get(line["type"])
        if into is not None:
            into[line["user"]] = into.get(line["user"], 0) + line.get("value", 60) / 60
    cut = np.quantile([minutes.get(user, 0) for user in met], 0.99)
    watch = next(metric for metric in report["metrics"] if metric["name"] == "watch_minutes")
    near(watch["winsorised"]["at"], cut)
    for row in units.rows:
        near(float(row["click_through.numerator"]), clicks.get(row["unit"], 0), row["unit"])
        near(float(row["watch_minutes.numerator"]), min(cut, minutes.get(row["unit"], 0)), row["unit"])


def sizes():
    for lift, alpha, power, share in ((0.05, 0.05, 0.8, 0.5), (-0.1, 0.01, 0.9, 0.2)):
        options = ("--lift", str(lift), "--alpha", str(alpha), "--power", str(power), "--share", str(share))
        ratio = (1 - share) / share
        made = json_of("size", "--rate", "0.12", *options)
        near(made["treatment"], samplesize_proportions_2indep_onetail(0.12 * lift, 0.12, power, ratio=ratio, alpha=alpha,
                                                                      alternative="two-sided"))
        near(made["control"], made["treatment"] * ratio)
        made = json_of("size", "--mean", "20", "--sd", "35", *options)
        sd = 35 * math.sqrt(1 + 1 / ratio)
        near(made["treatment"], normal_sample_size_one_tail(20 * lift, power, alpha / 2, std_null=sd, std_alternative=sd))


def size_of_the_log(path):
    made = json_of("size", "--metric", "click_through", "--lift", "0.05", "--from", str(path))
    assert made["control"] > 100 and made["days"] >= 1, made
    near(made["control"], made["treatment"])


def self_test(path):
    made = json_of("self-test", "--from", str(path), "--runs", "300")
    assert 0.01 <= made["fixed_rate"] <= 0.1 and made["sequential_rate"] <= 0.05, made


def terminal(path, experiments):
    done = run("experiment", "report", "scipy", "--from", str(path), "--experiments", str(experiments))
    equal(done.returncode, 0)
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "verdict" in done.stdout and "click_through" in done.stdout, done.stdout
    done = run("experiment", "report", "none", "--from", str(path), "--experiments", str(experiments))
    equal((done.returncode, done.stdout), (3, ""))


def decisions(folder):
    home = folder / "home"
    home.mkdir()
    plain = {"name": "a", "variants": [{"name": "x"}, {"name": "y"}]}
    (home / "experiments.json").write_text(json.dumps({"version": 4, "experiments": [plain]}), encoding="utf-8")
    equal(json_of("start", "a", "--note", "agreed", home=home)["status"], "running")
    done = run("experiment", "start", "a", home=home)
    equal(done.returncode, 4)
    equal(json_of("stop", "a", home=home)["status"], "stopped")
    saved = json.loads((home / "experiments.json").read_text(encoding="utf-8"))
    equal(saved["version"], 6)
    equal([(d["action"], d["note"]) for d in saved["experiments"][0]["decisions"]], [("start", "agreed"), ("stop", "")])
    assert "stopped" in run("experiment", "list", home=home).stdout


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        log, table, experiments = folder / "log.jsonl", folder / "units.csv", folder / "experiments.json"
        write_log(log)
        experiments.write_text(json.dumps({"version": 1, "experiments": [EXPERIMENT]}), encoding="utf-8")
        report = json_of("report", "scipy", "--from", str(log), "--experiments", str(experiments), "--units", str(table))
        units = Units(table)
        equal(report["verdict"]["kind"], "better")
        for name, function in (("fixed horizon and delta method", fixed_horizon), ("Welch", means_are_welchs),
                               ("sequential", sequential), ("CUPED", cuped)):
            check(name, lambda function=function: function(report, units))
        check("split", lambda: split(report))
        check("Benjamini-Hochberg", lambda: adjusted(report))
        check("what the log says", lambda: numbers_from_the_log(log, report, units))
        check("sample sizes", sizes)
        check("sample size of the log", lambda: size_of_the_log(log))
        check("self-test", lambda: self_test(log))
        check("terminal", lambda: terminal(log, experiments))
        check("decisions", lambda: decisions(folder))
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    return 1 if api_test.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
