"""The names that statements of a config change."""

from __future__ import annotations

import ast


def assigned_names(statement: ast.stmt) -> set[str]:
    """The names that a statement, or one in it, would change."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            root: ast.expr = node
            while isinstance(root, (ast.Subscript, ast.Attribute)):
                root = root.value
            found |= {root.id} if isinstance(root, ast.Name) and isinstance(node, ast.Subscript) else set()
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        root = statement.value.func
        while isinstance(root, (ast.Subscript, ast.Attribute)):
            root = root.value
        found |= {one.id for one in [root, *statement.value.args] if isinstance(one, ast.Name)}
    return found
