"""The decoding gather is the gather of decoded rows: any ids, any size of buffer, nothing written beside."""

import os
import subprocess
import sys

import numpy as np
import pytest

from workbench.kernels.decode import gather_decoded
from workbench.kernels.gather import STREAM, is_streamed
from workbench.stores.buffers import ArenaPool
from workbench.stores.codecs import pack, packing
from workbench.testing.feature_data import group_layout, random_group

LAYOUTS = {
    "one line": group_layout("g", 300, {"numerical": 9, "categorical": 4}, {"numerical": "bfloat16"}),
    "less than a line": group_layout("g", 300, {"categorical": 3}, {"categorical": "uint8"}),
    "wide": group_layout("g", 300, {"embedding": 120}, {"embedding": "int8"}),
    "wider": group_layout("g", 300, {"embedding": 300, "timestamp": 1}, {"embedding": "float16"}),
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_rows_by_id(name, dtype, count):
    layout = LAYOUTS[name]
    group = random_group(layout, np.random.default_rng(0))
    ids = np.random.default_rng(count).integers(0, 300, count).astype(dtype)
    out = np.full((count + 1, layout.stride), 255, np.uint8)
    gather_decoded(pack(layout, group.rows), ids, packing(layout).fields, out[:count])
    np.testing.assert_array_equal(out[:count], group.rows[ids])
    assert (out[count] == 255).all()


@pytest.mark.parametrize("name", ["one line", "wide", "wider"])
def test_a_large_buffer_is_written_past_the_caches(name):
    layout = LAYOUTS[name]
    group = random_group(layout, np.random.default_rng(0))
    ids = np.random.default_rng(1).integers(0, 300, STREAM // layout.stride + 3)
    out = ArenaPool().take((len(ids), layout.stride))
    assert is_streamed(out)
    gather_decoded(pack(layout, group.rows), ids, packing(layout).fields, out)
    np.testing.assert_array_equal(out, group.rows[ids])


@pytest.mark.slow
def test_a_kernel_from_the_cache_widens_as_the_one_that_was_compiled(tmp_path):
    """Ids of 4 and of 8 bytes compiled in two processes, then both from the cache in a third."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for dtypes in (["uint32"], ["int64"], ["uint32", "int64"]):
        command = [sys.executable, "-c", FROM_CACHE, *dtypes]
        subprocess.run(command, env=environment, check=True, timeout=300)


FROM_CACHE = """
import sys
import os
import subprocess
import sys

import numpy as np
from workbench.kernels.decode import gather_decoded
from workbench.stores.codecs import pack, packing
from workbench.testing.feature_data import group_layout, random_group

widths = {"numerical": 20, "embedding": 33, "categorical": 5}
for dtype in sys.argv[1:]:
    for number, embedding, category in zip(["float16", "bfloat16"], ["int8", "float16"], ["uint8", "uint16"]):
        codes = {"numerical": number, "embedding": embedding, "categorical": category}
        layout = group_layout("g", 40, widths, codes)
        group = random_group(layout, np.random.default_rng(0))
        out = np.empty((40, layout.stride), np.uint8)
        gather_decoded(pack(layout, group.rows), np.arange(40, dtype=dtype), packing(layout).fields, out)
        np.testing.assert_array_equal(out, group.rows)
"""
