"""The sentence names what takes the most time, and what to change about it."""

import pytest

from widgets._bottleneck import FASTER, LOADING, bottleneck


@pytest.mark.parametrize("slow", LOADING)
def test_a_training_that_waits_blames_the_slowest_stage_of_the_loader(slow):
    times = {"wait": 6.0, "forward": 1.0, "backward": 2.0, "optimise": 1.0, **dict.fromkeys(LOADING, 1.0)}
    told = bottleneck({**times, slow: 5.0})
    assert told == f"Training waits for batches 60 % of the time, most of all for {slow}. {FASTER[slow]}."


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ({"wait": 1, "forward": 3, "backward": 5, "validate": 1}, "The model itself takes 80 % of the time"),
        ({"wait": 1, "forward": 1, "backward": 1, "transfer": 7}, "Moving batches to the device takes 70 %"),
        ({"wait": 1, "forward": 1, "transfer": 1, "validate": 7}, "Validation takes 70 % of the time"),
        ({"wait": 4, "forward": 3, "validate": 3}, "Training waits for batches 40 % of the time"),
    ],
)
def test_the_largest_share_of_the_training_thread_is_told(times, told):
    # The loader's threads run beside training: their own seconds hold nothing up.
    assert bottleneck({**times, "sample": 100}).startswith(told)


def test_on_a_gpu_no_gpu_is_recommended():
    assert "device='cuda'" in bottleneck({"forward": 2.0}, "cpu")
    assert "device='cuda'" not in bottleneck({"forward": 2.0}, "cuda")


def test_too_little_time_says_nothing():
    assert bottleneck({}) == bottleneck({"sample": 30.0, "wait": 0.3}) == ""
