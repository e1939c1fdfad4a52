"""Events of our components, sent as a browser sends them: Streamlit's test harness has none."""

from __future__ import annotations

import json
from unittest.mock import patch

from streamlit.components.v2.bidi_component.constants import EVENT_DELIM
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ElementTree


def send(test: AppTest, name: str, event: str, value: object) -> AppTest:
    """Run the page again for an event of its component of this name."""
    drawn = next(one for one in test.get("bidi_component") if one.proto.component_name == name)
    sent = json.dumps([{"event": event, "value": value}])
    widget = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{drawn.proto.id}{EVENT_DELIM}events"
    states_of = ElementTree.get_widget_states

    def with_event(tree: ElementTree) -> WidgetStates:
        states = states_of(tree)
        states.widgets.add(id=widget, json_trigger_value=sent)
        return states

    with patch.object(ElementTree, "get_widget_states", with_event):
        test.run()
    assert not test.exception
    return test
