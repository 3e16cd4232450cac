"""The notebooks run from top to bottom, and are stored without outputs."""
import json
import os
import pathlib

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
NEEDS_SPARK = {"two_tower"}  # and PyTorch: tests/spark/test_notebook.py
NOTEBOOKS = sorted(path for path in (pathlib.Path(__file__).parents[1] / "notebooks").glob("*.ipynb") if path.stem not in NEEDS_SPARK)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path, data, tmp_path):
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in stored["cells"])
    notebook = nbformat.read(path, as_version=4)
    os.environ["SPARROW_DATA"] = str(data)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("text/html" in output.get("data", {}) for output in outputs)


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["compare", "films", "shop"]
