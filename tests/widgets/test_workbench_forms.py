"""Every step has a form; every button of it does something that has a name."""

from widgets._workbench_acts import LABELS, Acts
from widgets._workbench_forms import ACTIONS, PLAN, TITLES, forms_of
from widgets._workbench_looks import LOOKS, Looks
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan


def test_buttons_bring_their_form_and_its_fields():
    pressed = []
    forms = forms_of(lambda *args: pressed.append(args), lambda: None)
    assert list(forms) == list(TITLES)
    forms["predict"].press("predict", split="val")
    name, action, values = pressed[0]
    assert (name, action, values["split"], values["entities"]) == ("predict", "predict", "val", "")
    for name, form in forms.items():
        assert form._payload["meta"]["actions"] == [list(item) for item in ACTIONS[name].items()] or [
            tuple(item) for item in form._payload["meta"]["actions"]
        ] == list(ACTIONS[name].items())


def test_every_button_has_an_act_and_a_label():
    every = {action for actions in ACTIONS.values() for action in actions} - {"hide"}  # which is no work
    assert sorted(every) == sorted(LABELS | LOOKS)
    assert all(callable(getattr(Looks if action in LOOKS else Acts, action)) for action in every)


def test_fields_of_a_plan_are_numbers_of_a_plan():
    choices = ModelPlan(Fanout([2])).choices()
    assert all(isinstance(choices[name], (int, float)) for name in PLAN)
