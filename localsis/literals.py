"""The values of variables as text."""

from __future__ import annotations

import ast
from typing import Any


def literal(text: str) -> Any:
    """
    The value of a literal as :meth:`localsis.paths.Variable.set` writes it, in which ``nan`` and ``inf`` may stand.

    :raises ValueError: for anything else
    """

    class Numbers(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.Constant(float(node.id)) if node.id in ("nan", "inf") else node

    return ast.literal_eval(Numbers().visit(ast.parse(text.strip(), mode="eval")))
