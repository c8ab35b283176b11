"""The symbol check must see what it is there for."""

import subprocess
from pathlib import Path

import pyarrow
import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_libparquet_itself_does_not_pass():
    (library,) = Path(pyarrow.get_library_dirs()[0]).glob("libparquet.so.[0-9]*")
    result = subprocess.run([ROOT / "tools" / "check_symbols", library], capture_output=True, text=True)
    assert result.returncode == 1
    assert "shares symbols with libparquet" in result.stderr


@pytest.mark.parametrize(
    ("symbol", "passes"),
    [("aws_common_library_init", False), ("s2n_init", False), ("EVP_sha256", False), ("X509_free", False),
     ("BN_new", False), ("SHA256_Init", False), ("RAND_bytes", False), ("simdjson_parse", False),
     ("lakegate_aws_open", True), ("convert_SHA256_Init", True)])
def test_what_a_library_exports(tmp_path, symbol, passes):
    source, library = tmp_path / "one.c", tmp_path / "one.so"
    source.write_text(f"void {symbol}(void) {{}}\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    result = subprocess.run([ROOT / "tools" / "check_symbols", library], capture_output=True, text=True)
    assert result.returncode == (0 if passes else 1), result.stderr
    assert passes or symbol in result.stderr
