"""What Sisyphus calls the classes and functions of this engine: these names are hashed where they are arguments."""

from __future__ import annotations

from typing import Any

from .refusal import Refusal

_PACKAGE = __package__

_MODULES = {
    "delayed": "sisyphus.delayed_ops",
    "hashing": "sisyphus.hash",
    "job": "sisyphus.job",
    "paths": "sisyphus.job_path",
    "relative_paths": "sisyphus.toolkit",
    "outputs": "sisyphus.toolkit",
    "reports": "sisyphus.toolkit",
    "settings_values": "sisyphus.global_settings",
    "task": "sisyphus.task",
}

_NAMES = {
    "sisyphus.delayed_ops": """DelayedBase DelayedAdd DelayedSub DelayedMul DelayedTrueDiv DelayedFloorDiv DelayedMod
        DelayedPow DelayedRound DelayedGetItem DelayedFallback Delayed DelayedFunctionBase DelayedFunction DelayedFormat
        DelayedReplace DelayedFunctionV2 DelayedSlice DelayedJoin""",
    "sisyphus.hash": "short_hash",
    "sisyphus.job": "Job JobSingleton",
    "sisyphus.job_path": "AbstractPath Path Variable VariableNotSet NoBackup",
    "sisyphus.toolkit": "RelPath setup_path register_output register_callback register_report",
    "sisyphus.global_settings": "update_engine_rqmt",
    "sisyphus.task": "Task",
}

_OTHER_NAMES = {"hash_bytes": "sis_hash_helper", "object_state": "get_object_state"}

_METHODS = """__init__ get is_set available get_path rel_path tags copy copy_append join_right set format rformat
    replace function fallback tasks update output_path output_var add_input set_rqmt update_rqmt set_env set_attrs
    add_alias set_vis_name keep_value set_keep_value info completed_fraction path_available sh job_id hash""".split()


def module_in_sisyphus(name: str) -> str:
    """The name of a module: that of Sisyphus, if it is one of this engine's that configs can import."""
    return {f"{_PACKAGE}.settings": "sisyphus.global_settings", f"{_PACKAGE}.delayed": "sisyphus.delayed_ops"}.get(
        name, name
    )


def name_in_sisyphus(value: Any) -> tuple[str, str]:
    """
    Module and qualified name of a class or function: those of Sisyphus, if it is one of this engine's.

    :raises Refusal: for one of this engine's that Sisyphus has not
    """
    module, name = value.__module__, value.__qualname__
    if module is None or not str(module).startswith(f"{_PACKAGE}."):
        return module, name
    there = _MODULES.get(module.removeprefix(f"{_PACKAGE}."), "")
    name = _OTHER_NAMES.get(name, name)
    first, _, method = name.partition(".")
    known = {*_NAMES.get(there, "").split(), *_OTHER_NAMES.values()}
    if first not in known or (method and method not in _METHODS and not method.startswith("__")):
        raise Refusal(value, "it is the embedded engine's own, so its id would be another one with Sisyphus")
    return there, name
