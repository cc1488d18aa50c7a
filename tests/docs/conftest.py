"""The module ``sisyphus`` of these tests is the embedded engine."""

import localsis

localsis.install()
