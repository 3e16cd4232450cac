#!/usr/bin/env python3
"""Writes sparrow.json, the Grafana dashboard, from the table of panels below: python3 make_dashboard.py > sparrow.json"""
import json

PANELS = [  # title, unit, queries {legend: PromQL}
    ("Requests a second", "reqps", {"{{status}}": "sum by (status) (rate(sparrow_requests_total[$__rate_interval]))"}),
    ("Share of 5xx", "percentunit", {"{{instance}}": "sparrow:errors:share5m"}),
    ("Lists: latency", "s", {"p50": 'histogram_quantile(0.5, sum by (le) (rate(sparrow_request_seconds_bucket{endpoint="similar"}[$__rate_interval])))',
                             "p99": 'histogram_quantile(0.99, sum by (le) (rate(sparrow_request_seconds_bucket{endpoint="similar"}[$__rate_interval])))'}),
    ("Stages of a list: p99", "s", {"{{stage}}": "histogram_quantile(0.99, sum by (stage, le) (rate(sparrow_stage_seconds_bucket[$__rate_interval])))"}),
    ("Endpoints: requests a second", "reqps", {"{{endpoint}}": "sum by (endpoint) (rate(sparrow_request_seconds_count[$__rate_interval]))"}),
    ("Channels: answers a second", "ops", {"{{channel}} {{result}}": "sum by (channel, result) (rate(sparrow_channel_answers_total[$__rate_interval]))"}),
    ("Answer cache: hits", "percentunit", {"{{instance}}": "rate(sparrow_answer_cache_hits_total[$__rate_interval]) / clamp_min("
                                           "rate(sparrow_answer_cache_hits_total[$__rate_interval]) + rate(sparrow_answer_cache_misses_total[$__rate_interval]), 1e-9)"}),
    ("Memory", "bytes", {"{{instance}}": 'process_resident_memory_bytes{job="sparrow"}', "answer cache": "sparrow_answer_cache_bytes"}),
    ("Cores in use", "none", {"{{instance}}": 'rate(process_cpu_seconds_total{job="sparrow"}[$__rate_interval])'}),
    ("Open files", "none", {"{{instance}}": 'process_open_fds{job="sparrow"}', "allowed": 'process_max_fds{job="sparrow"}'}),
    ("Free for the home", "bytes", {"{{instance}}": "sparrow_home_free_bytes"}),
    ("Degraded", "none", {"{{instance}}": "sparrow_degraded", "answers a second": "sum by (instance) (rate(sparrow_degraded_answers_total[$__rate_interval]))"}),
    ("Served versions", "none", {"{{name}} {{version}} on {{instance}}": "sparrow_model_info"}),
    ("recall@10 of what is served", "percentunit", {"{{model}}": "sparrow_recall_at_k"}),
    ("Items, and hidden by the pool", "none", {"items": "sparrow_items", "hidden": "sparrow_candidate_pool_hidden_items"}),
    ("Requests that are no HTTP", "reqps", {"{{instance}}": "sparrow:refused:rate5m"}),
]


def panel(number, title, unit, queries):
    return {"id": number + 1, "title": title, "type": "timeseries", "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "gridPos": {"h": 7, "w": 8, "x": number % 3 * 8, "y": number // 3 * 7}, "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
            "targets": [{"refId": chr(65 + i), "expr": expression, "legendFormat": legend} for i, (legend, expression) in enumerate(queries.items())]}


print(json.dumps({
    "title": "Sparrow", "uid": "sparrow", "schemaVersion": 38, "version": 1, "editable": True, "refresh": "30s", "tags": ["sparrow"],
    "time": {"from": "now-6h", "to": "now"},
    "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
    "panels": [panel(number, *entry) for number, entry in enumerate(PANELS)]}, indent=1))
