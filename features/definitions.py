"""The only module Feast's own commands read: the objects of the workspace in the environment.

``HUAXIANG_WORKSPACE`` names the folder of a workspace (``data/demo`` where it is unset). The verb
``python -m features`` applies the same objects without the environment.
"""

from __future__ import annotations

import os
from pathlib import Path

from features.store.views import definitions
from ingest.workspace import Workspace

_default = Path(__file__).resolve().parents[1] / "data" / "demo"
_objects = definitions(Workspace(Path(os.environ.get("HUAXIANG_WORKSPACE", _default)).resolve()))

customer = _objects.entities["customer"]
item = _objects.entities["item"]

customer_behavior = _objects.views["customer_behavior"]
customer_text = _objects.views["customer_text"]
customer_profile = _objects.views["customer_profile"]
item_facts = _objects.views["item_facts"]

customer_behavior_push = _objects.pushes["customer_behavior"]
customer_text_push = _objects.pushes["customer_text"]
customer_profile_push = _objects.pushes["customer_profile"]
item_facts_push = _objects.pushes["item_facts"]

ranker_v1 = _objects.services["ranker_v1"]
ranker_items_v1 = _objects.services["ranker_items_v1"]
profile_v1 = _objects.services["profile_v1"]
