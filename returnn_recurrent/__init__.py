"""
This project under one name of its own, for other Sisyphus setups.

``returnn_recurrent.nn``, ``.models``, ``.data``, ``.from_net_dict`` and ``.jobs`` are the code of ``recipe/nn``,
``recipe/models``, ``recipe/data``, ``recipe/from_net_dict`` and ``jobs``, loaded under these names: the setup keeps its
own ``recipe``, ``jobs`` and ``configs``.
Jobs keep the ids that they have in the project itself. See ``docs/other_setups.md``.
"""

from .renaming import install

install()
