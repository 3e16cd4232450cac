"""All attacks, or those that are named: run.py [http_attacks ...]. Ends with "N passed, N failed"."""
import importlib
import sys

import ground

ATTACKS = ["http_attacks", "journal_attacks", "document_attacks", "disk_attacks", "shutdown_attacks", "home_attacks", "cost_attacks"]  # schema_attacks is a step of its own in ./test

if __name__ == "__main__":
    for name in sys.argv[1:] or ATTACKS:
        print(f"     {name}", flush=True)
        ground.check(f"{name} ran to its end", importlib.import_module(name).main)
    print(f"{len(ground.skipped)} skipped")
    print(f"{ground.api_test.passed} passed, {ground.api_test.failed} failed")
    sys.exit(ground.api_test.failed > 0)
