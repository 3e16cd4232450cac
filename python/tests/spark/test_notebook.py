"""The notebook of two towers runs from top to bottom, where PyTorch is installed (its wheel for CPUs is not on PyPI)."""
import json
import os
import pathlib

import pytest

PATH = pathlib.Path(__file__).parents[2] / "notebooks/two_tower.ipynb"


def test_is_stored_without_outputs():
    cells = json.loads(PATH.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)


def test_two_towers(data, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(PATH, as_version=4)
    os.environ["SPARROW_DATA"] = str(data)
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    tables = [output["data"]["text/html"] for cell in notebook.cells for output in cell.get("outputs", []) if "text/html" in output.get("data", {})]
    assert any("fusion with the block" in table for table in tables)
