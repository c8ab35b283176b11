"""The symbol check must see what it is there for."""

import subprocess
from pathlib import Path

import pyarrow

ROOT = Path(__file__).resolve().parents[2]


def test_libparquet_itself_does_not_pass():
    (library,) = Path(pyarrow.get_library_dirs()[0]).glob("libparquet.so.[0-9]*")
    result = subprocess.run([ROOT / "tools" / "check_symbols", library], capture_output=True, text=True)
    assert result.returncode == 1
    assert "shares symbols with libparquet" in result.stderr
