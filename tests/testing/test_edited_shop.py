"""The model of an edited shop can fail: it tells a dataset that differs in one value."""

import numpy as np
import pytest

from workbench.ingestion.edit import edit
from workbench.stores.dataset import Dataset
from workbench.stores.ssd_features import SsdFeatures
from workbench.testing.edited_shop import check_shop, make_shop


@pytest.mark.parametrize("change", ["update", "delete"])
def test_one_edit_that_the_model_does_not_know_is_seen(tmp_path, change):
    model = make_shop(tmp_path, np.random.default_rng(2))
    check_shop(Dataset.open(tmp_path), SsdFeatures.open(tmp_path), model)
    with edit(tmp_path) as editing:
        if change == "delete":
            editing.delete("users", ids=[4])
        else:
            editing.update("users", {"age": [-1.0]}, ids=[4])
    with pytest.raises(AssertionError):
        check_shop(Dataset.open(tmp_path), SsdFeatures.open(tmp_path), model)
