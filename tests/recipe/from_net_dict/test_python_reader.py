"""Configs are read without being run."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from recipe.from_net_dict.python_reader import read_python
from recipe.from_net_dict.python_values import Unreadable
from recipe.nn.plain.dim import Dim


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x = {'a': 1, **{'b': [2, -3]}, 'c': (True, None)}", {"a": 1, "b": [2, -3], "c": (True, None)}),
        ("n = 3\nx = f'enc{n}_{n:02d}' + '%i' % n + '{}'.format(n)", "enc3_0333"),
        ("x = [i * 2 for i in range(4) if i % 2]", [2, 6]),
        ("x = {str(i): i for i in (1, 2)}", {"1": 1, "2": 2}),
        ("a, (b, c) = 1, (2, 3)\nx = a < b < c and not a == b", True),
        ("x = []\nfor i in range(3):\n    x.append(i)\nx += [7]", [0, 1, 2, 7]),
        (
            "x = {'a': {}}\nx['a']['b'] = 1\nx.update(c=2)\nx['a'].setdefault('d', 3)\nx = str(x)",
            "{'a': {'b': 1, 'd': 3}, 'c': 2}",
        ),
        ("def f(a, b=2, *, c=3):\n    if a:\n        return a + b + c\n    return 0\nx = f(1, c=5), f(0)", (8, 0)),
        ("def f(n):\n    return 1 if n == 0 else n * f(n - 1)\nx = f(5)", 120),
        ("x = config.value('task', 'train')", "train"),
        ("x = config.value('beam', 12)", 4),
        ("T = namedtuple('T', ('c', 'h'))\nx = T(h='a', c='b')", {"c": "b", "h": "a"}),
        (
            "class A(object):\n    n = 2\n    def __init__(self, a, **more):\n        self.a = a + self.n\n"
            "        self.more = more\n    def f(self, *b):\n        return [self.a, *b, self.more]\n"
            "class B(A):\n    def __init__(self):\n        super().__init__(3, c=4)\nx = B().f(7, 8)",
            [5, 7, 8, {"c": 4}],
        ),
        ("n = 0\ndef add(i):\n    global n\n    n += i\nadd(3)\nadd(4)\nx = n", 7),
        ("x = []\ndef add(i, to=x):\n    to.append(i)\nadd(3)\nadd(4)", [3, 4]),
        ("x = 0\nwhile True:\n    x += 1\n    if x % 2:\n        continue\n    if x > 5:\n        break", 6),
        ("import numpy as np\nx = list(np.linspace(0., 1., 3)) + [(lambda a, b=2: a * b)(4)]", [0.0, 0.5, 1.0, 8]),
        ("import os\nx = int(os.environ.get('DEBUG', '3'))", 3),
        ("x = {'a': 1, 'b': 2}\ndel x['a']", {"b": 2}),
        ("try:\n    import fast\n    x = 1\nexcept ImportError:\n    x = 2", 1),
        ("x = sorted({'b': 1, 'a': 2}.items())[0][1:]", (2,)),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert read_python(text, {"beam": 4})["x"] == value


def test_dims() -> None:
    names = read_python("from returnn.tensor import Dim\na = Dim(3, name='a')\nb = 2 * a\nc = b.dimension ** 2")
    assert isinstance(names["a"], Dim) and names["b"] is 2 * names["a"] and names["c"] == 36
    old = read_python("a = FeatureDim('feature', 5)\nt = SpatialDim('time')\nn = Dim(description='n', dimension=4)")
    assert (old["a"].size, old["t"].is_dynamic, old["n"].size) == (5, True, 4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = open('secret').read()", "line 1"),
        ("import os\nx = os.environ['HOME']", "os.environ['HOME']"),
        ("x = __import__('os').system('true')", "__import__ is not defined"),
        ("x = ().__class__.__bases__[0]", "attributes are read of dims and objects of the config only"),
        ("def f(): return f()\nx = f()", "calls itself without end"),
        ("x = 10 ** 10 ** 10", "is too large"),
        ("x = [0] * 10 ** 12", "is too large"),
        ("x = list(range(10 ** 12))", "is too large"),
        ("x = 1\nfor i in range(1000):\n    for j in range(1000):\n        x += 1", "statements"),
        ("with open('secret') as f:\n    x = f.read()", "a With statement is not read"),
        ("import base\nclass A(base.B):\n    pass\nx = A()", "base is not defined"),
        ("raise ValueError\nx = A", "A is not defined"),
        ("def f(a):\n    pass\nx = f(1, 2)", "f does not take 2 arguments"),
        ("def f(a):\n    pass\nx = f()", "f is called without a"),
        ("x = {}\nfill(x)", "fill is not defined in this file, and may change x"),
        ("x = 'a'.join.__self__", "attributes are read of dims and objects of the config only"),
        ("x = {'a': 1}['b']", "'b'"),
    ],
)
def test_what_only_running_would_tell(text: str, why: str) -> None:
    value = read_python(text)["x"]
    assert isinstance(value, Unreadable)
    assert why in repr(value)


def test_gaps_stay_where_they_are() -> None:
    names = read_python("x = {'a': 1, 'b': other.value}\ny = x['b']\nif other:\n    z = 1\nw = z")
    assert names["x"]["a"] == 1 and names["x"]["b"].line == 1
    assert all(isinstance(names[name], Unreadable) for name in "zw")
    assert "because of line 3" in names["w"].why


def test_nothing_is_run(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "made"
    read_python(f"import pathlib\npathlib.Path({str(file)!r}).touch()\nx = pathlib.Path({str(file)!r}).touch()")
    read_python(f"open({str(file)!r}, 'w')\nprint('x', file=open({str(file)!r}, 'w'))")
    assert not file.exists()
